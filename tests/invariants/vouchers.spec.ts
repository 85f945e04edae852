jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { toNano } from '@ton/core';
import fc from 'fast-check';
import { noBody } from '../support/message-pool';
import { PRICES } from '../support/price-sets';
import { clients, proxy, WORKER_FEE, workers } from './cast';
import { leave, vouchersStayGood } from './endings';
import { report } from './invariants';
import { excessesTo, plain, tons } from './operations';
import { bring, bringBadly, perform, post } from './perform';
import { deliverOne, drain } from './play';
import { holds, sampled } from './property';
import { Scene } from './scene';
import { sign } from './vouchers';

jest.setTimeout(600_000);

const TOKENS = 500_000_000n;

/** Deliveries by people who want a voucher destroyed, with any value around the least that is asked for. */
const attempt = fc.record({
  voucher: fc.constantFrom('payout' as const, 'lastPayout', 'grant', 'charge'),
  coins: fc.oneof(tons('0.001', '0.15'), tons('0.1', '1.2')),
  excessesTo,
  deploys: fc.boolean(),
  deliver: fc.array(fc.nat(5), { maxLength: 3 }),
});

const campaign = plain(
  fc.record({
    prices: fc.constantFrom(...PRICES),
    workerIsThere: fc.boolean(),
    workerCoins: tons('0.01', '0.3'),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 5, size: 'max' }),
  }),
);
type Campaign = typeof campaign extends fc.Arbitrary<infer T> ? T : never;

/** A pool with plenty of coins, a client that used tokens, a worker that earned them; then the attempts. */
async function attack({ prices, workerIsThere, workerCoins, attempts }: Campaign, checked = true): Promise<Scene> {
  const scene = await Scene.create(prices, true);
  const owner = 'owner' as const;
  post(scene, { from: proxy.owner, to: proxy, coins: scene.fair, says: 'deploys', body: noBody });
  if (workerIsThere) perform(scene, { do: 'deploy', what: 'wanda', coins: workerCoins });
  await drain(scene, checked);
  const proper = { by: owner, value: 'fair', excessesTo: 'sender' } as const;
  perform(scene, { do: 'addStake', coins: toNano('30'), ...proper });
  perform(scene, { do: 'topUp', client: 'alice', coins: toNano('40'), ...proper });
  await drain(scene, checked);
  perform(scene, { do: 'serve', client: 'alice', worker: 'wanda', tokens: TOKENS });
  const vouchers = {
    payout: sign('extWorkerPayoutRequestSigned', workers.wanda, TOKENS),
    lastPayout: sign('extWorkerLastPayoutRequestSigned', workers.wanda, TOKENS),
    grant: sign('extClientGrantRefundSigned', clients.alice, TOKENS),
    charge: sign('extClientChargeSigned', clients.alice, TOKENS),
  };
  for (const { voucher, deliver, ...how } of attempts) {
    bringBadly(scene, vouchers[voucher], how);
    for (const pick of deliver) await drainSome(scene, pick, checked);
  }
  await drain(scene, checked);
  if (!scene.worker('wanda')) perform(scene, { do: 'deploy', what: 'wanda', coins: scene.fair });
  await drain(scene, checked);
  if (!checked) return scene;
  bring(scene, vouchers.payout);
  await drain(scene);
  bring(scene, vouchers.lastPayout);
  bring(scene, vouchers.grant);
  await drain(scene);
  await leave(scene, 'alice');
  return scene;
}

async function drainSome(scene: Scene, times: number, checked: boolean): Promise<void> {
  for (let time = 0; time < times && scene.pool.size > 0; time += 1) await deliverOne(scene, times * time, checked);
}

describe('a voucher that others delivered badly', () => {
  test('can still be cashed by its holder, or has been paid to the right person (INV-04)', async () => {
    await holds(campaign, 30, async (value) => {
      const scene = await attack(value);
      const { paid } = scene.ledger.workers.wanda;
      const missing = scene.ledger.inPool('alice') - scene.ledger.clients.alice.charged;
      if (paid === TOKENS * WORKER_FEE && missing === 0n) return;
      const wrong = `the worker was paid ${paid} of ${TOKENS * WORKER_FEE} nanoTON, the client misses ${missing}`;
      report(scene, vouchersStayGood, wrong);
    });
  });

  test('was really delivered, and refused, and failed half-way', async () => {
    let [delivered, refused] = [0, 0];
    for (const value of sampled(campaign, 12)) {
      const { tally } = await attack(value, false);
      delivered += tally.strangersVouchers;
      refused += tally.refusals;
    }
    expect(delivered).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(8);
  });
});
