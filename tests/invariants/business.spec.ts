jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { ExitCode } from '../../wrappers';
import { everybodyIsPaid } from './endings';
import { BUSINESS, CLOSING, EARLY, scenarios } from './operations';
import { census, play } from './play';
import { holds, sampled } from './property';
import { EXPECTED_REFUSALS } from './tally';

jest.setTimeout(600_000);

/**
 * The proxy's key signs what honest software would sign; everything else is anybody's. INV-01, 03, 05, 06, 07, 09 and 10
 * after every delivery; in the end all clients leave and all workers are paid (INV-02, 04).
 */
describe('with an honest key, whatever order messages take,', () => {
  const business = scenarios(BUSINESS, { steps: 50 });
  const closing = scenarios(CLOSING, { steps: 40 });
  const early = scenarios(EARLY, { steps: 30, deployed: ['nothing'] });

  test('in everyday business no claim is lost and everybody can be paid', async () => {
    await holds(business, 20, async (scenario) => {
      await everybodyIsPaid(await play(scenario, { keyIsHonest: true }));
    });
  });

  test('around the end of a proxy no claim is lost and everybody can be paid', async () => {
    await holds(closing, 16, async (scenario) => {
      await everybodyIsPaid(await play(scenario, { keyIsHonest: true }));
    });
  });

  test('before there is a proxy nobody is credited for what came back', async () => {
    await holds(early, 30, async (scenario) => {
      await everybodyIsPaid(await play(scenario, { keyIsHonest: true }));
    });
  });

  test('everyday business is eventful', async () => {
    const tally = await census(sampled(business, 12), true);
    expect(tally.deliveries).toBeGreaterThan(400);
    expect(tally.successes).toBeGreaterThan(120);
    expect(tally.refusals).toBeGreaterThan(60);
    expect(tally.topUps).toBeGreaterThan(10);
    expect(tally.refunds).toBeGreaterThan(2);
    expect(tally.workerPayouts).toBeGreaterThan(2);
    expect(tally.strangersVouchers).toBeGreaterThan(5);
    expect(tally.strangers).toBeGreaterThan(20);
    expect(tally.toNoCode).toBeGreaterThan(0);
    for (const code of EXPECTED_REFUSALS) expect([...tally.exitCodes]).toContain(code);
  });

  test('before there is a proxy, requests do come back', async () => {
    const tally = await census(sampled(early, 8), true);
    expect(tally.failedRequests).toBeGreaterThan(5);
    expect(tally.bouncedRequests).toBeGreaterThan(5);
  });

  test('the end of a proxy is eventful', async () => {
    const tally = await census(sampled(closing, 12), true);
    expect(tally.topUps).toBeGreaterThan(10);
    expect(tally.refunds).toBeGreaterThan(3);
    expect(tally.failedRequests).toBeGreaterThan(0);
    expect(tally.bouncedRequests).toBeGreaterThan(0);
    expect(tally.ownerPayouts).toBeGreaterThan(2);
    expect([...tally.exitCodes]).toContain(ExitCode.notUnlockedYet);
  });
});
