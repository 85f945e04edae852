import { X509Certificate } from 'node:crypto';
import { fakeAttester } from './attester';
import { CertificateKeeper } from './certificate-keeper';
import { AttestationError } from './errors';
import { TestClock } from './testing/clock';
import { codeOf, codeOfAsync } from './testing/fixtures';
import { NOW_MS } from './testing/test-platform';
import type { AttestedCertificate, Attester } from './types';

const HOUR_MS = 3_600_000;

class FailingAttester implements Attester {
  readonly kind = 'fake_tdx';
  broken = false;
  async quote(reportData: Buffer) {
    if (this.broken) throw new AttestationError('QUOTE_UNAVAILABLE', 'the quoting service is down');
    return fakeAttester.quote(reportData);
  }
}

async function keeperWith(attester: Attester, jitterMs = 0) {
  const clock = new TestClock(NOW_MS);
  const problems: Error[] = [];
  const keeper = await CertificateKeeper.open({
    attester,
    clock,
    jitter: () => jitterMs,
    onProblem: (error) => problems.push(error),
  });
  return { clock, keeper, problems };
}

test('every hour there is a new certificate with a new key, and the old one is still valid', async () => {
  const { clock, keeper } = await keeperWith(fakeAttester);
  const renewed: AttestedCertificate[] = [];
  keeper.onRenewed((certificate) => renewed.push(certificate));
  const first = keeper.current();
  clock.advance(HOUR_MS - 1);
  expect(keeper.current()).toBe(first);
  clock.advance(1);
  await clock.planned();
  expect(renewed).toEqual([keeper.current()]);
  expect(keeper.current().keyPem).not.toBe(first.keyPem);
  expect(Date.parse(new X509Certificate(keeper.current().certPem).validFrom)).toBe(NOW_MS + HOUR_MS);
  expect(first.notAfterMs).toBeGreaterThan(clock.nowMs() + 22 * HOUR_MS);
});

test('the hour is lengthened by the jitter, so that a fleet does not renew at once', async () => {
  const { clock } = await keeperWith(fakeAttester, 123_456);
  expect(clock.nextInMs()).toBe(HOUR_MS + 123_456);
});

test('when quotes fail the present certificate stays, tries become rarer, and the next success ends that', async () => {
  const attester = new FailingAttester();
  const { clock, keeper, problems } = await keeperWith(attester);
  const first = keeper.current();
  attester.broken = true;
  const waits: (number | undefined)[] = [];
  for (let i = 0; i < 9; i++) {
    clock.advance(clock.nextInMs() ?? 0);
    await clock.planned();
    waits.push(clock.nextInMs());
  }
  expect(waits.map((ms) => (ms ?? 0) / 1000)).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600]);
  expect(problems).toHaveLength(9);
  expect(keeper.current()).toBe(first);
  attester.broken = false;
  clock.advance(600_000);
  await clock.planned();
  expect(keeper.current()).not.toBe(first);
  expect(clock.nextInMs()).toBe(HOUR_MS);
});

test('after a day of failures the expired certificate is not handed out', async () => {
  const attester = new FailingAttester();
  const { clock, keeper } = await keeperWith(attester);
  attester.broken = true;
  clock.advance(24 * HOUR_MS);
  expect(codeOf(() => keeper.current())).toBe('CERTIFICATE_EXPIRED');
});

test('a machine that cannot attest itself does not open', async () => {
  const attester = new FailingAttester();
  attester.broken = true;
  expect(await codeOfAsync(() => CertificateKeeper.open({ attester }))).toBe('QUOTE_UNAVAILABLE');
});

test('a listener that fails does not keep the others, or the next renewal, from happening', async () => {
  const { clock, keeper, problems } = await keeperWith(fakeAttester);
  const heard: string[] = [];
  keeper.onRenewed(() => {
    throw new Error('a fault of the listener');
  });
  keeper.onRenewed(() => heard.push('told'));
  clock.advance(HOUR_MS);
  await clock.planned();
  expect(heard).toEqual(['told']);
  expect(problems.map(({ message }) => message)).toEqual(['a fault of the listener']);
  expect(clock.nextInMs()).toBe(HOUR_MS);
});

test('a closed keeper renews nothing and tells nobody; a listener can leave', async () => {
  const { clock, keeper } = await keeperWith(fakeAttester);
  const heard: string[] = [];
  const leave = keeper.onRenewed(() => heard.push('left'));
  keeper.onRenewed(() => heard.push('stayed'));
  leave();
  clock.advance(HOUR_MS);
  await clock.planned();
  expect(heard).toEqual(['stayed']);
  keeper.close();
  expect(clock.nextInMs()).toBeUndefined();
});
