import { AttestationError } from '../errors';
import { TestClock } from '../testing/clock';
import { codeOfAsync } from '../testing/fixtures';
import { NOW_MS, TestPlatform } from '../testing/test-platform';
import type { Collateral } from './collateral';
import { CollateralCache } from './collateral-cache';
import { QuoteChecker } from './quote-checker';
import { QuoteService, type QuoteServiceOptions } from './quote-service';
import { collateralKey, verifyTdxQuote } from './verify';

const HOUR_MS = 3_600_000;
const platform = new TestPlatform();

/** The checker without its thread, counting. */
class InlineChecker extends QuoteChecker {
  checks = 0;
  override async collateralKey(quote: Buffer, roots: readonly Buffer[]) {
    return collateralKey(quote, roots);
  }
  override async verify(quote: Buffer, collateral: Collateral, nowMs: number, roots: readonly Buffer[]) {
    this.checks++;
    return verifyTdxQuote(quote, collateral, nowMs, roots);
  }
}

function setUp(documents: () => Collateral, options: Partial<QuoteServiceOptions> = {}) {
  const clock = new TestClock(NOW_MS);
  const checker = new InlineChecker();
  const fetched = { count: 0 };
  const source = {
    fetch: async () => {
      fetched.count++;
      return documents();
    },
  };
  const collateral = new CollateralCache({ source, clock });
  const service = new QuoteService({ checker, collateral, trustedRoots: [platform.rootKeyId], clock, ...options });
  return { clock, checker, fetched, service };
}

test('a quote is verified once for all who bring it, and again an hour later', async () => {
  const { clock, checker, service } = setUp(() => platform.collateral());
  const quote = platform.quote();
  await Promise.all([service.verify(quote), service.verify(Buffer.from(quote)), service.verify(quote)]);
  clock.advance(HOUR_MS - 1);
  await service.verify(quote);
  expect(checker.checks).toBe(1);
  clock.advance(1);
  await service.verify(quote);
  expect(checker.checks).toBe(2);
});

test('a verdict is not remembered past the first of its documents', async () => {
  const { clock, checker, service } = setUp(() => platform.collateral({ pckList: { untilMs: NOW_MS + 60_000 } }));
  const quote = platform.quote();
  await service.verify(quote);
  clock.advance(59_000);
  await service.verify(quote);
  expect(checker.checks).toBe(1);
  clock.advance(1000);
  expect(await codeOfAsync(() => service.verify(quote))).toBe('COLLATERAL_EXPIRED');
});

test('collateral that ran out is fetched anew, and the new one decides', async () => {
  let untilMs = NOW_MS + 60_000;
  const { clock, fetched, service } = setUp(() => platform.collateral({ rootList: { untilMs } }));
  await service.verify(platform.quote());
  clock.advance(61_000);
  untilMs = NOW_MS + HOUR_MS;
  expect((await service.verify(platform.quote())).tcbStatus).toBe('UpToDate');
  expect(fetched.count).toBe(2);
});

test('a revocation is noticed with the next collateral, six hours later at most', async () => {
  let revoked: Buffer[] = [];
  const { clock, service } = setUp(() => platform.collateral({ pckList: { revoked } }));
  const quote = platform.quote();
  await service.verify(quote);
  revoked = [platform.pck.serial];
  clock.advance(6 * HOUR_MS);
  expect(await codeOfAsync(() => service.verify(quote))).toBe('CERTIFICATE_REVOKED');
});

test('a refusal is not remembered: the same quote is judged again, by what Intel says then', async () => {
  let isvprodid = 1;
  const { clock, checker, service } = setUp(() => platform.collateral({ qeIdentity: { isvprodid } }));
  const quote = platform.quote();
  for (let i = 0; i < 2; i++) expect(await codeOfAsync(() => service.verify(quote))).toBe('QUOTE_SIGNATURE');
  expect(checker.checks).toBe(2);
  isvprodid = 2;
  clock.advance(6 * HOUR_MS);
  expect((await service.verify(quote)).tcbStatus).toBe('UpToDate');
});

test('a forged quote makes nobody fetch collateral', async () => {
  const stranger = new TestPlatform();
  const { fetched, service } = setUp(() => platform.collateral());
  expect(await codeOfAsync(() => service.verify(stranger.quote()))).toBe('ROOT_KEY');
  expect(fetched.count).toBe(0);
});

test('the number of verdicts kept is bounded, and the one used longest ago goes first', async () => {
  const { checker, service } = setUp(() => platform.collateral(), { maxResults: 2 });
  const [a, b, c] = [platform.quote(), platform.quote(), platform.quote()] as const;
  for (const quote of [a, b, a, c]) await service.verify(quote);
  expect(checker.checks).toBe(3);
  await service.verify(a);
  expect(checker.checks).toBe(3);
  await service.verify(b);
  expect(checker.checks).toBe(4);
});

test('documents that were issued while they were fetched are current', async () => {
  const { clock, service } = setUp(() => {
    clock.advance(5000);
    return platform.collateral({ tcbInfo: { issueDate: new Date(NOW_MS + 4000).toISOString() } });
  });
  expect((await service.verify(platform.quote())).tcbStatus).toBe('UpToDate');
});

test('a clock that is set back ends what was remembered', async () => {
  const { clock, checker, service } = setUp(() => platform.collateral());
  const quote = platform.quote();
  await service.verify(quote);
  clock.advance(-1);
  await service.verify(quote);
  expect(checker.checks).toBe(2);
});

test('without a trusted root nothing is opened', () => {
  expect(() => setUp(() => platform.collateral(), { trustedRoots: [] })).toThrow('no root is trusted');
});

test('a passing fault of the collateral service is told as one that may be tried again', async () => {
  const { service } = setUp(() => {
    throw new AttestationError('COLLATERAL_UNAVAILABLE', 'down');
  });
  await expect(service.verify(platform.quote())).rejects.toMatchObject({
    code: 'COLLATERAL_UNAVAILABLE',
    retryable: true,
  });
});
