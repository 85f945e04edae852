jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { honestClientsLeave } from './endings';
import { scenarios, THEFT } from './operations';
import { census, play } from './play';
import { holds, sampled } from './property';

jest.setTimeout(600_000);

/**
 * The key is stolen: it signs any charge for the thief's own channel, any payout to the thief's own worker, any closing,
 * and the proxy's owner helps. Honest clients are never charged. All the while INV-01, 03, 05, 06, 09 and 10.
 */
describe('with a stolen key', () => {
  const theft = scenarios(THEFT, { steps: 50 });

  test('a client that was not charged gets back every coin by itself (INV-02)', async () => {
    await holds(theft, 24, async (scenario) => {
      await honestClientsLeave(await play(scenario, { keyIsHonest: false }), ['alice', 'bob']);
    });
  });

  test('the thief does try', async () => {
    const tally = await census(sampled(theft, 12), false);
    expect(tally.topUps).toBeGreaterThan(10);
    expect(tally.refunds).toBeGreaterThan(3);
    expect(tally.workerPayouts + tally.failedRequests).toBeGreaterThan(10);
    expect(tally.ownerPayouts).toBeGreaterThan(2);
  });
});
