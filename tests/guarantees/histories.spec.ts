import { toNano } from '@ton/core';
import fc from 'fast-check';
import { CocoonState } from '../../wrappers';
import {
  actionsOf,
  CLIENT_DELAY,
  createMarket,
  ESCROW,
  exitsOf,
  expectSolvent,
  type Market,
  OTHER_ESCROW,
  PRICE,
  PROXY_DELAY,
  paidBy,
  tokensFor,
  WORKER_FEE,
} from '../support/market';
import { startEachTestFrom } from '../support/world';

/**
 * Whatever happens in whatever order, three accounts stay right: the client gets no more than it put in less what it used, and no less
 * than that less what it was charged; workers and owner get no more than was charged and the owner's own; the other client is untouched.
 */

let market: Market;

startEachTestFrom(async () => {
  market = await createMarket();
  return market.world;
});

const KINDS = [
  'topUp',
  'charge',
  'sync',
  'withdraw',
  'requestRefund',
  'grant',
  'reopen',
  'payout',
  'lastPayout',
  'reopenWorker',
  'revenue',
  'close',
  'complete',
  'wait',
] as const;
type Step = { kind: (typeof KINDS)[number]; ton: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...KINDS), ton: fc.integer({ min: 0, max: 60 }) }),
  { minLength: 4, maxLength: 14 },
);

async function play(history: Step[]): Promise<void> {
  const { world, proxy, client, worker, other } = market;
  const { clientOwner, workerOwner, otherClientOwner } = world.actors;
  const act = actionsOf(market);
  let put = ESCROW;
  let back = 0n;
  let charged = 0n;
  let counter = 0n;
  let toWorkers = 0n;

  const step = async ({ kind, ton }: Step) => {
    const before = await client.getData();
    const open = (await proxy.getData()).state === CocoonState.normal;
    switch (kind) {
      case 'topUp':
      case 'reopen': {
        const amount = toNano(ton);
        const result = kind === 'topUp' ? await act.topUp(amount) : await act.reopen(amount);
        if (exitsOf(result, client.address)[0] === '0' && open) put += amount;
        return;
      }
      case 'charge':
        counter += tokensFor(toNano(ton)) + 1n;
        await act.charge(counter);
        charged += before.balance - (await client.getData()).balance;
        return;
      case 'grant': {
        counter += tokensFor(toNano(ton)) + 1n;
        const result = await act.grant(counter);
        if (exitsOf(result, client.address)[0] === '0') {
          const due = before.balance - (counter - before.tokensUsed) * PRICE;
          charged += due > 0n ? before.balance - due : before.balance;
        }
        back += paidBy(market, result, clientOwner.address);
        return;
      }
      case 'withdraw':
        back += paidBy(market, await act.withdraw(), clientOwner.address);
        return;
      case 'requestRefund':
        back += paidBy(market, await act.requestRefund(), clientOwner.address);
        return;
      case 'payout':
      case 'lastPayout': {
        const { tokens } = await worker.getData();
        const asked = tokens + tokensFor(toNano(ton)) + 1n;
        const result = await (kind === 'payout' ? act.payout(asked) : act.lastPayout(asked));
        const paid = paidBy(market, result, workerOwner.address);
        expect(((await worker.getData()).tokens - tokens) * WORKER_FEE).toBe(paid);
        toWorkers += (paid / WORKER_FEE) * PRICE;
        return;
      }
      case 'reopenWorker':
        await worker.sendReopen(workerOwner.getSender(), { excessesTo: workerOwner.address });
        return;
      case 'wait':
        world.advance(ton > 30 ? PROXY_DELAY : CLIENT_DELAY + 1);
        return;
      default:
        await act[kind]();
    }
  };

  for (const next of history) {
    await step(next);
    await expectSolvent(market);
    const { escrow, earned } = await proxy.getBooks();
    // Every coin that was put in is escrow, or was paid back, or was charged for workers.
    expect(escrow - OTHER_ESCROW + back + earned + toWorkers).toBe(put);
    expect(back).toBeLessThanOrEqual(put);
  }
  if ((await client.getData()).state !== CocoonState.closed) await act.sync();
  const { escrow, earned } = await proxy.getBooks();
  expect(earned + toWorkers).toBeLessThanOrEqual(charged);
  expect(escrow - OTHER_ESCROW + back).toBeGreaterThanOrEqual(put - charged);
  const gone = await act.grant(0n, other);
  expect(paidBy(market, gone, otherClientOwner.address)).toBe(OTHER_ESCROW);
  expect((await proxy.getBooks()).escrow).toBe(escrow - OTHER_ESCROW);
}

test('no history of top-ups, charges, refunds, payouts, closing and reopening makes or loses a coin (W01 to W28)', async () => {
  const start = market.world.chain.snapshot();
  const then = market.world.now();
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      await market.world.chain.loadFrom(start);
      market.world.advance(then - market.world.now());
      await play(history);
    }),
    { seed: Number(process.env.SEED ?? 7), numRuns: Number(process.env.RUNS ?? 12), endOnFailure: false },
  );
}, 600_000);
