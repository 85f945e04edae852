jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { toNano } from '@ton/core';
import fc from 'fast-check';
import { noBody } from '../support/message-pool';
import { PRICES } from '../support/price-sets';
import { CLIENTS, proxy } from './cast';
import { leave, rentStopsNobody } from './endings';
import { report } from './invariants';
import { plain, tons } from './operations';
import { perform, post } from './perform';
import { drain } from './play';
import { holds } from './property';
import { Scene } from './scene';

jest.setTimeout(600_000);

const YEAR = 31_536_000;

const hibernation = plain(
  fc.record({
    prices: fc.constantFrom(...PRICES),
    /** the proxy starts with next to nothing of its own: all it holds is its clients' */
    start: tons('0.011', '0.05'),
    deposits: fc.array(tons('1', '40'), { minLength: 1, maxLength: 3 }),
    sleep: fc.integer({ min: YEAR / 2, max: 3 * YEAR }),
    /** without the proxy's consent */
    forced: fc.boolean(),
    stingy: fc.boolean(),
  }),
);
type Hibernation = typeof hibernation extends fc.Arbitrary<infer T> ? T : never;

/** Clients pay in and leave after years, the last one out of a pool that holds its claim and nothing else. */
async function hibernate({ prices, start, deposits, sleep, forced, stingy }: Hibernation): Promise<Scene> {
  const scene = await Scene.create(prices, true);
  post(scene, { from: proxy.owner, to: proxy, coins: start, says: 'deploys', body: noBody });
  await drain(scene);
  const guests = CLIENTS.slice(0, deposits.length);
  for (const [index, client] of guests.entries()) {
    const coins = deposits[index]!;
    perform(scene, { do: 'topUp', client, coins, by: 'owner', value: 'fair', excessesTo: 'sender' });
  }
  await drain(scene);
  perform(scene, { do: 'wait', seconds: sleep });
  for (const client of guests) {
    if (!forced) perform(scene, { do: 'grantRefund', client });
    await drain(scene);
    if (stingy) await leave(scene, client, toNano('0.1'));
    await leave(scene, client);
    const missing = scene.ledger.inPool(client);
    if (missing !== 0n) report(scene, rentStopsNobody, `client ${client} misses ${missing} nanoTON`);
  }
  return scene;
}

test('rent never stops a withdrawal (INV-08)', async () => {
  let rent = 0n;
  let runs = 0;
  await holds(hibernation, 16, async (value) => {
    rent += (await hibernate(value)).ledger.rent;
    runs += 1;
  });
  // Not vacuous: the pool did pay rent, more than the coins that it started with could cover in every run.
  expect(rent / BigInt(runs)).toBeGreaterThan(toNano('0.002'));
});
