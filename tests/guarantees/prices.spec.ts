import { toNano } from '@ton/core';
import { CocoonState } from '../../wrappers';
import { conserving } from '../support/conservation';
import {
  actionsOf,
  CLIENT_DELAY,
  CLIENT_STAKE,
  createMarket,
  ESCROW,
  exitsOf,
  expectSolvent,
  leave,
  type Market,
  OTHER_ESCROW,
  PRICE,
  PROXY_DELAY,
  paidBy,
  tokensFor,
  WORKER_FEE,
} from '../support/market';
import { PRICES } from '../support/price-sets';
import { startEachTestFrom } from '../support/world';

/** What a message must carry follows the chain's prices: whatever is let in is carried out, or undone, to the end (A4, W15). */

describe.each(PRICES)('at the prices of the set "%s"', (prices) => {
  let market: Market;
  let act: ReturnType<typeof actionsOf>;
  const TOKENS = tokensFor(toNano('10'));
  const VALUES = ['0.1', '0.100000001', '0.11', '0.12', '0.14', '0.15', '0.17', '0.2', '0.25', '0.3', '0.5'];
  const REFUSED = /^(lowMsgValue|lowSmcBalance)$/;

  startEachTestFrom(async () => {
    market = await createMarket({ prices });
    act = actionsOf(market);
    return market.world;
  });

  afterEach(() => expectSolvent(market));

  /** Runs `attempt` with every value from the same state; tells whether it was let in. */
  async function withEachValue(attempt: (value: bigint) => Promise<boolean>): Promise<void> {
    const start = market.world.chain.snapshot();
    const letIn: boolean[] = [];
    for (const value of VALUES) {
      await market.world.chain.loadFrom(start);
      letIn.push(await attempt(toNano(value)));
    }
    // The more a message carries, the better; and the biggest here is enough.
    expect(letIn).toEqual([...letIn].sort());
    expect(letIn.at(-1)).toBe(true);
  }

  test.each(['with its own coins', 'without a coin'])(
    'a payout of a worker %s pays in full or changes nothing (A4, W15)',
    async (how) => {
      const { worker, proxy, world } = market;
      await act.charge(TOKENS);
      await act.sync();
      if (how === 'without a coin') await leave(world, worker.address, 0n);
      await withEachValue(async (value) => {
        const result = await act.payout(TOKENS, { value });
        const [exit] = exitsOf(result, worker.address);
        const letIn = exit === '0';
        if (!letIn) expect(exit).toMatch(REFUSED);
        expect(exitsOf(result, proxy.address)).toEqual(letIn ? ['0'] : []);
        expect(paidBy(market, result, world.actors.workerOwner.address)).toBe(letIn ? TOKENS * WORKER_FEE : 0n);
        expect((await worker.getData()).tokens).toBe(letIn ? TOKENS : 0n);
        return letIn;
      });
    },
  );

  test('a payout that the pool refuses is undone in full (A4, W14)', async () => {
    const { worker, proxy } = market;
    const tokens = tokensFor(toNano('30'));
    await withEachValue(async (value) => {
      const result = await act.lastPayout(tokens, { value });
      const letIn = exitsOf(result, worker.address)[0] === '0';
      expect(exitsOf(result, proxy.address)).toEqual(letIn ? ['tvmRange'] : []);
      if (letIn) expect(exitsOf(result, worker.address)).toEqual(['0', '0']);
      expect(await worker.getData()).toMatchObject({ tokens: 0n, state: CocoonState.normal });
      return letIn;
    });
  });

  test.each(['with its own coins', 'without a coin'])(
    'a refund of a client %s pays in full or changes nothing (A4, W09)',
    async (how) => {
      const { client, proxy, world } = market;
      if (how === 'without a coin') await leave(world, client.address, 0n);
      await withEachValue(async (value) => {
        const result = await act.grant(TOKENS, client, { value });
        const letIn = exitsOf(result, client.address)[0] === '0';
        expect(exitsOf(result, proxy.address)).toEqual(letIn ? ['0'] : []);
        const due = letIn ? ESCROW - TOKENS * PRICE : 0n;
        expect(paidBy(market, result, world.actors.clientOwner.address)).toBe(due);
        expect((await client.getData()).balance).toBe(letIn ? 0n : ESCROW);
        return letIn;
      });
    },
  );

  test('a top-up counts in full or comes back (A4)', async () => {
    const { client, proxy, world } = market;
    const { stranger } = world.actors;
    await withEachValue(async (value) => {
      const amount = toNano('7');
      const opts = { amount, value: amount + value, excessesTo: stranger.address };
      const outcome = await conserving(world, () => client.sendTopUp(stranger.getSender(), opts));
      const letIn = exitsOf(outcome.result, client.address)[0] === '0';
      expect((await client.getData()).balance).toBe(letIn ? ESCROW + amount : ESCROW);
      expect((await proxy.getBooks()).escrow).toBe(ESCROW + OTHER_ESCROW + (letIn ? amount : 0n));
      expect(outcome.gain(proxy.address)).toBe(letIn ? amount : 0n);
      return letIn;
    });
  });

  test('a forced refund needs no more than the others: both steps pay in full or change nothing (A4)', async () => {
    const { client, world } = market;
    const { clientOwner } = world.actors;
    const ask = (value: bigint) =>
      client.sendRequestRefund(clientOwner.getSender(), { value, excessesTo: clientOwner.address });
    await withEachValue(async (value) => {
      const first = await ask(value);
      const letIn = exitsOf(first, client.address)[0] === '0';
      expect(paidBy(market, first, clientOwner.address)).toBe(letIn ? ESCROW - CLIENT_STAKE : 0n);
      if (!letIn) return false;
      world.advance(CLIENT_DELAY + 1);
      const second = await ask(value);
      expect(paidBy(market, second, clientOwner.address)).toBe(CLIENT_STAKE);
      world.advance(-CLIENT_DELAY - 1);
      return true;
    });
  });

  test('closing completes with what is let in, and leaves the clients’ escrow (A4)', async () => {
    const { proxy, world } = market;
    await act.close();
    world.advance(PROXY_DELAY);
    await withEachValue(async (value) => {
      const result = await act.complete({ value });
      const letIn = exitsOf(result, proxy.address)[0] === '0';
      expect((await proxy.getData()).state).toBe(letIn ? CocoonState.closed : CocoonState.closing);
      expect((await proxy.getBooks()).escrow).toBe(ESCROW + OTHER_ESCROW);
      await expectSolvent(market);
      return letIn;
    });
  });
});
