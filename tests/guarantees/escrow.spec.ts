import { toNano } from '@ton/core';
import { bodies, CocoonProxy, CocoonState, initialProxyData, packProxyData } from '../../wrappers';
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
  paidBy,
  STAKE,
  tokensFor,
  WORKER_FEE,
} from '../support/market';
import { deliver } from '../support/rejection';
import {
  balanceOf,
  codeOf,
  deployFundedClient,
  overwriteData,
  proxyKey,
  rootAddress,
  startEachTestFrom,
} from '../support/world';

/** Whose the coins of the pool are: each client's escrow first, whatever anybody signs or asks for. */

let market: Market;
let act: ReturnType<typeof actionsOf>;

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

/** The other client leaves, and gets every coin: the strongest sign that nothing happened to it. */
async function expectOtherWhole(): Promise<void> {
  const { otherClientOwner } = market.world.actors;
  const refund = await act.grant(0n, market.other);
  expect(paidBy(market, refund, otherClientOwner.address)).toBe(OTHER_ESCROW);
}

describe('vouchers of workers', () => {
  test("a voucher that nobody was charged for cannot take a client's escrow (W03)", async () => {
    const { proxy, worker, world } = market;
    const { payable, escrow } = await proxy.getBooks();
    expect(escrow).toBe(ESCROW + OTHER_ESCROW);
    expect(payable).toBe((await balanceOf(world, proxy.address)) - escrow);
    const most = tokensFor(payable);
    const refused = await act.payout(most + 1n);
    expect(exitsOf(refused, proxy.address)).toEqual(['tvmRange']);
    expect(paidBy(market, refused, world.actors.workerOwner.address)).toBe(0n);
    expect((await worker.getData()).tokens).toBe(0n);
    const advanced = await act.payout(most);
    expect(exitsOf(advanced, proxy.address)).toEqual(['0']);
    // Out of what is the owner's: stake and coins that nobody claims.
    expect(paidBy(market, advanced, world.actors.workerOwner.address)).toBe(most * WORKER_FEE);
    expect(await proxy.getBooks()).toMatchObject({ escrow, earned: -most * PRICE });
    const refund = await act.grant(0n);
    expect(paidBy(market, refund, world.actors.clientOwner.address)).toBe(ESCROW);
    await expectOtherWhole();
  });

  test("the proxy's part of a voucher counts against the pool as the worker's does (W03, W04)", async () => {
    const { proxy, world } = market;
    const most = tokensFor((await proxy.getBooks()).payable);
    await act.payout(most);
    expect((await proxy.getData()).balance).toBe(most * (PRICE - WORKER_FEE));
    const more = await act.payout(most + tokensFor(PRICE));
    expect(exitsOf(more, proxy.address)).toEqual(['tvmRange']);
    const revenue = await act.revenue();
    expect(paidBy(market, revenue, world.actors.proxyOwner.address)).toBe(most * (PRICE - WORKER_FEE));
    await expectOtherWhole();
  });

  test("an advance out of the stake is made good by the next word of the client's charge (W03)", async () => {
    const { proxy, world } = market;
    const tokens = tokensFor(toNano('10'));
    await act.payout(tokens);
    expect((await proxy.getBooks()).earned).toBe(-toNano('10'));
    await act.charge(tokens);
    const before = (await proxy.getBooks()).payable;
    const outcome = await conserving(world, () => act.sync());
    expect(outcome.gain(proxy.address)).toBe(0n);
    expect(await proxy.getBooks()).toMatchObject({ earned: 0n, escrow: ESCROW + OTHER_ESCROW - toNano('10') });
    expect((await proxy.getBooks()).payable).toBe(before + toNano('10'));
  });

  test('what was charged waits in the pool for the workers, not for the owner (A9, W04)', async () => {
    const { proxy, world } = market;
    await act.charge(tokensFor(toNano('30')));
    await act.sync();
    expect((await proxy.getBooks()).earned).toBe(toNano('30'));
    await act.close();
    world.advance(86_400);
    await act.complete();
    expect(await balanceOf(world, proxy.address)).toBe(toNano('0.01') + toNano('30') + toNano('10') + OTHER_ESCROW);
    const payout = await act.payout(tokensFor(toNano('30')));
    expect(paidBy(market, payout, world.actors.workerOwner.address)).toBe(tokensFor(toNano('30')) * WORKER_FEE);
    await expectOtherWhole();
  });
});

describe("the owner's revenue", () => {
  test('revenue is paid only from coins that are neither escrow nor earned (W04, W10)', async () => {
    const { proxy, world } = market;
    const { proxyOwner } = world.actors;
    await act.charge(tokensFor(toNano('20')));
    await act.payout(tokensFor(toNano('10')));
    await act.sync();
    const revenue = (await proxy.getData()).balance;
    expect(revenue).toBe(toNano('0.5'));
    const { escrow, earned } = await proxy.getBooks();
    expect(earned).toBe(toNano('10'));
    // Of all that is the owner's, a fifth of a TON is left; the rest is the clients' and the workers'.
    await leave(world, proxy.address, escrow + earned + toNano('0.2'));
    const first = await act.revenue();
    expect(exitsOf(first, proxy.address)).toEqual(['0']);
    expect(paidBy(market, first, proxyOwner.address)).toBe(toNano('0.2'));
    expect((await proxy.getData()).balance).toBe(toNano('0.3'));
    const nothing = await act.revenue();
    expect(paidBy(market, nothing, proxyOwner.address)).toBe(0n);
    expect((await proxy.getData()).balance).toBe(toNano('0.3'));
    // Coins come in: the rest of the revenue follows.
    await leave(world, proxy.address, escrow + earned + toNano('5'));
    const rest = await act.revenue();
    expect(paidBy(market, rest, proxyOwner.address)).toBe(toNano('0.3'));
    await expectOtherWhole();
  });

  test('the owner\'s comment "w" takes no more than that either, and loses no claim (W10, N01)', async () => {
    const { proxy, world } = market;
    const { proxyOwner } = world.actors;
    await act.charge(tokensFor(toNano('20')));
    await act.sync();
    await act.payout(tokensFor(toNano('20')));
    const { escrow, earned } = await proxy.getBooks();
    await leave(world, proxy.address, escrow + earned + toNano('0.4'));
    const part = await conserving(world, () => proxy.sendTextWithdraw(proxyOwner.getSender()));
    expect(part.gain(proxy.address)).toBe(-toNano('0.4'));
    expect(part.gain(proxyOwner.address)).toBe(toNano('0.4') - part.fees);
    expect((await proxy.getData()).balance).toBe(toNano('0.6'));
    await leave(world, proxy.address, escrow + earned + toNano('7'));
    const rest = await conserving(world, () => proxy.sendTextWithdraw(proxyOwner.getSender()));
    expect(rest.gain(proxyOwner.address)).toBe(toNano('0.6') - rest.fees);
    expect((await proxy.getData()).balance).toBe(0n);
  });

  test('anybody may trigger the payout, and it changes nothing about who is paid and how much (W27)', async () => {
    const { proxy, world } = market;
    const { proxyOwner, stranger } = world.actors;
    await act.charge(tokensFor(toNano('20')));
    await act.sync();
    await act.payout(tokensFor(toNano('20')));
    const outcome = await conserving(world, () =>
      proxy.sendPayout(stranger.getSender(), { excessesTo: stranger.address }),
    );
    expect(paidBy(market, outcome.result, proxyOwner.address)).toBe(toNano('1'));
    expect(outcome.gain(proxy.address)).toBe(-toNano('1'));
    expect(outcome.gain(stranger.address)).toBeLessThan(0n);
  });
});

describe('refunds', () => {
  test.each(['0', '1', '15', '100'])(
    "a forced refund pays the client's own escrow whatever the stake is: %s TON (W05, W06, W25)",
    async (stake) => {
      const { client, proxy, world } = market;
      const { clientOwner } = world.actors;
      await overwriteData(world, proxy.address, await withStake(toNano(stake)));
      const { escrow } = await proxy.getBooks();
      await leave(world, proxy.address, escrow + toNano('0.01'));
      const first = await act.requestRefund();
      expect(paidBy(market, first, clientOwner.address)).toBe(ESCROW - CLIENT_STAKE);
      world.advance(CLIENT_DELAY + 1);
      const second = await act.requestRefund();
      expect(paidBy(market, second, clientOwner.address)).toBe(CLIENT_STAKE);
      expect(await client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n });
      expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: 0n, clients: 1 });
      expect((await proxy.getData()).stake).toBe(toNano(stake));
      await expectOtherWhole();
    },
  );

  async function withStake(stake: bigint) {
    const data = (await market.world.chain.getContract(market.proxy.address)).accountState;
    if (data?.type !== 'active') throw new Error('the proxy is not there');
    const slice = data.state.data!.beginParse();
    const { owner, publicKey, root, params, unlockTs } = await market.proxy.getStorage();
    const before = packProxyData({ ...initialProxyData({ owner, publicKey, root, params }), stake: STAKE, unlockTs });
    slice.skip(before.bits.length).loadRef();
    const after = packProxyData({ ...initialProxyData({ owner, publicKey, root, params }), stake, unlockTs });
    return after.asBuilder().storeSlice(slice).endCell();
  }

  test("a client that raises its stake and forces its refund burns nobody else's security (W06)", async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    await client.sendIncreaseStake(clientOwner.getSender(), { newStake: ESCROW, excessesTo: clientOwner.address });
    await act.requestRefund();
    world.advance(CLIENT_DELAY + 1);
    const refund = await act.requestRefund();
    expect(paidBy(market, refund, clientOwner.address)).toBe(ESCROW);
    expect((await proxy.getData()).stake).toBe(STAKE);
    expect((await proxy.getBooks()).backedStake).toBe(STAKE);
    await expectOtherWhole();
  });

  test('what is withdrawn before a charge arrives is at the risk of the stakes, never of another client (W08)', async () => {
    const { client, proxy, world } = market;
    const { workerOwner } = world.actors;
    // 35 TON of use, and the client takes out all but its stake before the voucher arrives.
    await act.withdraw();
    await act.charge(tokensFor(toNano('35')));
    expect((await client.getData()).balance).toBe(0n);
    await act.sync();
    expect(await proxy.getBooks()).toMatchObject({ earned: CLIENT_STAKE, escrow: OTHER_ESCROW });
    const whole = await act.payout(tokensFor(toNano('35')));
    expect(exitsOf(whole, proxy.address)).toEqual(['tvmRange']);
    const covered = await act.payout(tokensFor(CLIENT_STAKE + STAKE));
    expect(paidBy(market, covered, workerOwner.address)).toBe(tokensFor(CLIENT_STAKE + STAKE) * WORKER_FEE);
    await expectOtherWhole();
  });

  test('a charge takes no more than the balance, and nothing of any other client (W18)', async () => {
    const { client, proxy, other } = market;
    await act.charge((1n << 64n) - 1n);
    expect(await client.getData()).toMatchObject({ balance: 0n, tokensUsed: (1n << 64n) - 1n });
    await act.sync();
    await act.sync(other);
    expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: ESCROW, clients: 1 });
    expect((await other.getData()).balance).toBe(OTHER_ESCROW);
    await expectOtherWhole();
  });

  test('a refund that is charged at the same time pays the rest, and the charge stays for the workers (W08, W18)', async () => {
    const { proxy, world } = market;
    const refund = await act.grant(tokensFor(toNano('12')));
    expect(paidBy(market, refund, world.actors.clientOwner.address)).toBe(ESCROW - toNano('12'));
    expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: toNano('12'), clients: 1 });
  });
});

describe('what a client contract may say', () => {
  const lies = [
    ['refund of everything', 'clientProxyRefundGranted', toNano('140'), toNano('1000')],
    ['forced refund of everything', 'clientProxyRefundForce', (1n << 119n) - 1n, (1n << 119n) - 1n],
  ] as const;
  test.each(lies)(
    'a client code that lies takes its own record and nothing else: %s (A1)',
    async (_, op, coins, balance) => {
      const { client, proxy, world } = market;
      const { clientOwner } = world.actors;
      const payload = bodies[op]({ amount: coins, excessesTo: clientOwner.address });
      const snapshot = { state: 0, balance, stake: 0n, tokensUsed: 0n, secretHash: Buffer.alloc(32) } as const;
      const body = bodies.clientProxyRequest({ queryId: 1n, owner: clientOwner.address, snapshot, payload });
      const lie = await deliver(world, { from: client.address, to: proxy.address, value: toNano('0.7'), body });
      expect(paidBy(market, lie, clientOwner.address)).toBe(ESCROW);
      expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: 0n, clients: 1 });
      const again = await deliver(world, { from: client.address, to: proxy.address, value: toNano('0.7'), body });
      expect(paidBy(market, again, clientOwner.address)).toBe(0n);
      await expectOtherWhole();
    },
  );

  test('a top-up that brings fewer coins than it names gives no claim (A1)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    await leave(world, proxy.address, (await proxy.getBooks()).escrow + toNano('0.01'));
    const payload = bodies.clientProxyTopUp({ amount: toNano('50'), excessesTo: clientOwner.address });
    const snapshot = {
      state: 0,
      balance: toNano('90'),
      stake: 0n,
      tokensUsed: 0n,
      secretHash: Buffer.alloc(32),
    } as const;
    const body = bodies.clientProxyRequest({ queryId: 1n, owner: clientOwner.address, snapshot, payload });
    await deliver(world, { from: client.address, to: proxy.address, value: toNano('0.7'), body });
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW + OTHER_ESCROW, clients: 2 });
    await expectOtherWhole();
  });

  test("nobody can speak for another's client or worker, not even with a record of its own (A1, A7)", async () => {
    const { client, other, proxy, world } = market;
    const { otherClientOwner } = world.actors;
    const payload = bodies.clientProxyRefundGranted({ amount: OTHER_ESCROW, excessesTo: otherClientOwner.address });
    const snapshot = { state: 0, balance: 0n, stake: 0n, tokensUsed: 0n, secretHash: Buffer.alloc(32) } as const;
    const body = bodies.clientProxyRequest({ queryId: 1n, owner: otherClientOwner.address, snapshot, payload });
    for (const from of [client.address, otherClientOwner.address, market.worker.address]) {
      const result = await deliver(world, { from, to: proxy.address, value: toNano('0.7'), body });
      expect(exitsOf(result, proxy.address)).toEqual(['contractAddressMismatch']);
    }
    expect((await other.getData()).balance).toBe(OTHER_ESCROW);
    await expectOtherWhole();
  });
});

test('a stake or revenue named in the initial data gives nobody a coin of the pool (W07)', async () => {
  const { world } = market;
  const { proxyOwner, clientOwner, workerOwner } = world.actors;
  const data = {
    ...initialProxyData({
      owner: proxyOwner.address,
      publicKey: proxyKey.publicKey,
      root: rootAddress(world),
      params: world.params,
    }),
    balance: toNano('50'),
    stake: toNano('1000'),
  };
  const proxy = world.chain.openContract(CocoonProxy.createFromConfig(data, codeOf('proxy')));
  await proxy.sendDeploy(proxyOwner.getSender());
  const client = await deployFundedClient(world, proxy.address, ESCROW);
  expect((await proxy.getBooks()).backedStake).toBe(0n);
  await leave(world, proxy.address, ESCROW + toNano('0.01'));
  const pool = { proxy };
  const revenue = await proxy.sendPayout(proxyOwner.getSender(), { excessesTo: proxyOwner.address });
  expect(paidBy(pool, revenue, proxyOwner.address)).toBeLessThanOrEqual(toNano('0.01'));
  const taken = await conserving(world, () => proxy.sendTextWithdraw(proxyOwner.getSender()));
  expect(taken.gain(proxyOwner.address)).toBeLessThan(0n);
  await proxy.sendClose(proxyOwner.getSender(), { excessesTo: proxyOwner.address });
  world.advance(3 * 86_400);
  const closed = await conserving(world, () =>
    proxy.sendClose(proxyOwner.getSender(), { excessesTo: proxyOwner.address }),
  );
  expect((await proxy.getData()).state).toBe(CocoonState.closed);
  expect(closed.gain(proxyOwner.address)).toBeLessThan(0n);
  const refund = await actionsOf({ ...market, proxy, client }).grant(0n, client);
  expect(paidBy(pool, refund, clientOwner.address)).toBe(ESCROW);
  expect(paidBy(pool, refund, workerOwner.address)).toBe(0n);
});
