import path from 'node:path';
import { TestClock } from '../testing/clock';
import { codeOfAsync, INTEL_NOW_MS, intelCollateral, intelQuotes } from '../testing/fixtures';
import { NOW_MS, TestPlatform } from '../testing/test-platform';
import { QuoteChecker, type QuoteCheckerOptions } from './quote-checker';
import { INTEL_ROOT_KEY_ID } from './roots';

const opened: QuoteChecker[] = [];
function checker(options: QuoteCheckerOptions = {}): QuoteChecker {
  const made = new QuoteChecker(options);
  opened.push(made);
  return made;
}
const odd = (options: QuoteCheckerOptions = {}) =>
  checker({ entry: path.join(__dirname, '../testing/odd-thread.cjs'), ...options });
const ask = (one: QuoteChecker, mood: string) => one.verify(Buffer.from(mood), intelCollateral, NOW_MS, []);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

test('quotes are verified in the thread as they are outside of it', async () => {
  const platform = new TestPlatform();
  const real = checker();
  const roots = [platform.rootKeyId, INTEL_ROOT_KEY_ID];
  const verdict = await real.verify(platform.quote(), platform.collateral(), NOW_MS, roots);
  expect(verdict).toMatchObject({ tcbStatus: 'UpToDate', rootKeyId: platform.rootKeyId });
  expect(await real.collateralKey(intelQuotes[0], roots)).toEqual({ fmspc: 'b0c06f000000', authority: 'platform' });
  const code = await codeOfAsync(() => real.verify(intelQuotes[0], intelCollateral, INTEL_NOW_MS, roots));
  expect(code).toBe('TCB_OUT_OF_DATE');
});

test('many at once are answered each with its own verdict', async () => {
  const one = odd();
  const moods = [...'araararra'];
  const outcomes = await Promise.allSettled(moods.map((mood) => ask(one, mood)));
  expect(outcomes.map(({ status }) => status)).toEqual(moods.map((mood) => (mood === 'a' ? 'fulfilled' : 'rejected')));
});

test.each([
  ['exits', 'c'],
  ['throws', 't'],
])('a thread that %s costs the quote that it had, and the next quotes get another thread', async (_, mood) => {
  const one = odd();
  const [broken, next] = await Promise.allSettled([ask(one, mood), ask(one, 'a')]);
  expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'VERIFIER_FAILED', retryable: true } });
  expect(next.status).toBe('fulfilled');
});

test('a quote that hangs is given up after the timeout, and the queue goes on', async () => {
  const clock = new TestClock(NOW_MS);
  const one = odd({ clock, timeoutMs: 1000 });
  const hung = codeOfAsync(() => ask(one, 'h'));
  const next = ask(one, 'a');
  clock.advance(1000);
  expect(await hung).toBe('VERIFIER_FAILED');
  expect((await next).tcbStatus).toBe('UpToDate');
  expect(clock.nextInMs()).toBeUndefined();
});

test('more than the queue holds are refused at once, and may come again', async () => {
  const one = odd({ maxWaiting: 2, clock: new TestClock(NOW_MS) });
  const held = ['h', 'a', 'a'].map((mood) => codeOfAsync(() => ask(one, mood)));
  await expect(ask(one, 'a')).rejects.toMatchObject({ code: 'VERIFIER_BUSY', retryable: true });
  await one.close();
  expect(await Promise.all(held)).toEqual(['VERIFIER_FAILED', 'VERIFIER_FAILED', 'VERIFIER_FAILED']);
  expect(await codeOfAsync(() => ask(one, 'a'))).toBe('VERIFIER_FAILED');
});
