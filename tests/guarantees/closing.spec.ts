import { beginCell, toNano } from '@ton/core';
import { CocoonClient, CocoonProxy, CocoonState, DeployValue } from '../../wrappers';
import { balancesOf, conserving, gainOf } from '../support/conservation';
import {
  actionsOf,
  CLIENT_DELAY,
  CLIENT_STAKE,
  carried,
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
  STAKE,
  sentTo,
  together,
  tokensFor,
  WORKER_FEE,
  YEAR,
} from '../support/market';
import {
  balanceOf,
  createWorld,
  deployClient,
  deployProxy,
  deployStakedProxy,
  startEachTestFrom,
} from '../support/world';

/** A proxy leaves: nobody's coins leave with it, and nobody's claim grows. */

let market: Market;
let act: ReturnType<typeof actionsOf>;
const CLOSED_RESERVE = toNano('0.01');

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

async function expectOtherWhole(): Promise<void> {
  const { otherClientOwner } = market.world.actors;
  const refund = await act.grant(0n, market.other);
  expect(paidBy(market, refund, otherClientOwner.address)).toBe(OTHER_ESCROW);
}

async function closeForGood(): Promise<void> {
  await act.close();
  market.world.advance(PROXY_DELAY);
  await act.complete();
  expect((await market.proxy.getData()).state).toBe(CocoonState.closed);
}

describe('top-ups of a closing proxy', () => {
  test('a top-up that a closing proxy sends back gives its sender no claim on the pool (W01, W01b)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    await act.close();
    const before = await proxy.getBooks();
    // Often: on the live network each round takes as much out of the pool.
    for (let round = 0; round < 3; round += 1) {
      const back = await act.topUp(toNano('100'));
      expect(paidBy(market, back, clientOwner.address)).toBeGreaterThan(toNano('99.99'));
      expect(await proxy.getBooks()).toEqual(before);
    }
    expect((await client.getData()).balance).toBe(ESCROW + toNano('300'));
    const withdrawn = await act.withdraw();
    expect(exitsOf(withdrawn, proxy.address)).toEqual(['0']);
    expect(paidBy(market, withdrawn, clientOwner.address)).toBe(ESCROW);
    const rest = await act.grant(0n);
    expect(paidBy(market, rest, clientOwner.address)).toBe(0n);
    await expectOtherWhole();
  });

  test('nor does it to a client that never had a coin in the pool (W01)', async () => {
    const { proxy, world } = market;
    const { stranger } = world.actors;
    const fresh = await deployClient(world, proxy.address, stranger);
    await act.close();
    await act.topUp(toNano('100'), stranger, fresh);
    const withdrawn = await act.withdraw(stranger, fresh);
    expect(paidBy(market, withdrawn, stranger.address)).toBe(0n);
    const rest = await act.grant(0n, fresh);
    expect(paidBy(market, rest, stranger.address)).toBe(0n);
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW + OTHER_ESCROW, clients: 2 });
    await expectOtherWhole();
  });

  test('two top-ups in flight when the proxy starts closing come back and give no claim (W01)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    const topUp = CocoonClient.buildTopUp(client.address, { amount: toNano('10'), excessesTo: clientOwner.address });
    const close = carried(world, 'extProxyCloseRequestSigned', proxy.address);
    const result = await together(clientOwner, [topUp, topUp, CocoonProxy.buildSignedClose(proxy.address, close)]);
    // The voucher goes straight to the proxy and arrives before the client's requests do.
    expect(exitsOf(result, proxy.address)).toEqual(['0', '0', '0']);
    expect(paidBy(market, result, clientOwner.address)).toBeGreaterThan(toNano('19.9'));
    expect((await proxy.getBooks()).escrow).toBe(ESCROW + OTHER_ESCROW);
    const late = await together(clientOwner, [
      topUp,
      CocoonClient.buildWithdraw(client.address, { excessesTo: clientOwner.address }),
    ]);
    expect(paidBy(market, late, clientOwner.address)).toBeGreaterThan(ESCROW);
    expect((await proxy.getBooks()).escrow).toBe(OTHER_ESCROW);
    await expectOtherWhole();
  });

  test('charges while closing take from the coins, and a returned top-up hides nothing from them (W01, A9)', async () => {
    const { proxy, world } = market;
    const { clientOwner } = world.actors;
    await act.close();
    await act.topUp(toNano('10'));
    await act.charge(tokensFor(toNano('30')));
    const refund = await act.grant(tokensFor(toNano('30')));
    expect(paidBy(market, refund, clientOwner.address)).toBe(ESCROW - toNano('30'));
    expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: toNano('30') });
    const payout = await act.payout(tokensFor(toNano('30')));
    expect(paidBy(market, payout, world.actors.workerOwner.address)).toBe(tokensFor(toNano('30')) * WORKER_FEE);
    await expectOtherWhole();
  });

  test("a stranger's top-up goes to the client's owner, as the live network sends it, the excesses to who paid (A6)", async () => {
    const { proxy, world } = market;
    const { clientOwner, stranger } = world.actors;
    await act.close();
    const outcome = await conserving(world, () => act.topUp(toNano('3'), stranger));
    expect(outcome.gain(proxy.address)).toBe(0n);
    // The coins pay their own way: one forward fee, and the receipt.
    expect(outcome.gain(clientOwner.address)).toBeGreaterThan(toNano('2.999'));
    expect(outcome.gain(stranger.address)).toBeGreaterThan(-toNano('3.01'));
    expect(paidBy(market, await act.grant(0n), clientOwner.address)).toBe(ESCROW);
    await expectOtherWhole();
  });

  test.each([0n, 1n, 1_000n])(
    'a top-up of %s nanoTON, too small for its own way back, goes with the excesses (A5)',
    async (amount) => {
      const { client, proxy, world } = market;
      const { stranger } = world.actors;
      await act.close();
      const outcome = await conserving(world, () => act.topUp(amount, stranger));
      expect(exitsOf(outcome.result, proxy.address)).toEqual(['0']);
      expect(outcome.gain(proxy.address)).toBe(0n);
      expect(outcome.gain(client.address)).toBe(0n);
      expect(outcome.gain(stranger.address)).toBe(-outcome.fees);
      expect(paidBy(market, await act.grant(0n), world.actors.clientOwner.address)).toBe(ESCROW);
    },
  );
});

describe('when the proxy closes for good', () => {
  test('escrow stays: a client that comes a year later gets all of it (W21, W22)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner, proxyOwner } = world.actors;
    await act.close();
    world.advance(PROXY_DELAY);
    const poolBefore = await balanceOf(world, proxy.address);
    const done = await act.complete();
    const left = await balanceOf(world, proxy.address);
    expect(left).toBe(CLOSED_RESERVE + ESCROW + OTHER_ESCROW);
    expect(paidBy(market, done, proxyOwner.address)).toBeGreaterThan(poolBefore - left);
    expect(await proxy.getData()).toMatchObject({ state: CocoonState.closed, stake: 0n, balance: 0n });
    world.advance(YEAR);
    const first = await act.requestRefund();
    expect(paidBy(market, first, clientOwner.address)).toBe(ESCROW - CLIENT_STAKE);
    world.advance(CLIENT_DELAY + 1);
    const second = await act.requestRefund();
    expect(paidBy(market, second, clientOwner.address)).toBe(CLIENT_STAKE);
    expect((await client.getData()).state).toBe(CocoonState.closed);
    await expectOtherWhole();
    expect(await proxy.getBooks()).toMatchObject({ escrow: 0n, clients: 0, earned: 0n });
  });

  test('delays of clients and proxies that are equal cost the slower client nothing (W22)', async () => {
    const world = await createWorld({ params: { clientDelayBeforeClose: 86_400, proxyDelayBeforeClose: 86_400 } });
    const proxy = await deployStakedProxy(world);
    const { clientOwner, proxyOwner, carrier } = world.actors;
    const client = await deployClient(world, proxy.address);
    const opts = { excessesTo: clientOwner.address };
    await client.sendTopUp(clientOwner.getSender(), { ...opts, amount: ESCROW });
    await proxy.sendClose(proxyOwner.getSender(), { excessesTo: proxyOwner.address });
    world.advance(1);
    await client.sendRequestRefund(clientOwner.getSender(), opts);
    world.advance(86_399);
    await proxy.sendSignedCloseComplete(
      carrier.getSender(),
      carried(world, 'extProxyCloseCompleteRequestSigned', proxy.address),
    );
    expect((await proxy.getData()).state).toBe(CocoonState.closed);
    world.advance(2);
    const forced = await client.sendRequestRefund(clientOwner.getSender(), opts);
    expect(paidBy({ proxy }, forced, clientOwner.address)).toBe(CLIENT_STAKE);
  });

  test('what was charged stays for the workers, and only that: more is refused and can be cashed later (W21, A9)', async () => {
    const { proxy, worker, world } = market;
    const { workerOwner } = world.actors;
    await act.charge(tokensFor(toNano('25')));
    await act.sync();
    await closeForGood();
    const most = tokensFor(toNano('25'));
    const refused = await act.payout(most + 1n);
    expect(exitsOf(refused, proxy.address)).toEqual(['closed']);
    expect((await worker.getData()).tokens).toBe(0n);
    // The client's last charge reaches the pool only now: the voucher that was refused is good.
    await act.charge(most + 1n);
    await act.sync();
    const paid = await act.payout(most + 1n);
    expect(paidBy(market, paid, workerOwner.address)).toBe((most + 1n) * WORKER_FEE);
    expect((await proxy.getBooks()).earned).toBe(0n);
    const rest = await act.grant(most + 1n);
    expect(paidBy(market, rest, world.actors.clientOwner.address)).toBe(ESCROW - (most + 1n) * PRICE);
    await expectOtherWhole();
  });

  test('coins that belong to nobody else go to the owner, once and no more (W21, W27)', async () => {
    const { proxy, world } = market;
    const { proxyOwner, stranger } = world.actors;
    await closeForGood();
    const nothing = await act.revenue();
    expect(exitsOf(nothing, proxy.address)).toEqual(['closed']);
    await stranger.send({ to: proxy.address, value: toNano('5'), body: beginCell().endCell() });
    const before = await balanceOf(world, proxy.address);
    const stray = await act.revenue();
    expect(paidBy(market, stray, proxyOwner.address)).toBe(before - CLOSED_RESERVE - ESCROW - OTHER_ESCROW);
    expect(exitsOf(await act.revenue(), proxy.address)).toEqual(['closed']);
    await expectOtherWhole();
  });

  test('without a client or an unpaid worker the owner gets everything but the reserve (N01)', async () => {
    const { proxy, world } = market;
    const { proxyOwner } = world.actors;
    await act.grant(0n);
    await act.grant(0n, market.other);
    await act.close();
    world.advance(PROXY_DELAY);
    const before = balancesOf(world);
    const done = await act.complete();
    expect(await balanceOf(world, proxy.address)).toBe(CLOSED_RESERVE);
    expect(gainOf(before, balancesOf(world), proxyOwner.address)).toBeGreaterThan(STAKE);
    expect(sentTo(done, 'payout', proxy.address, proxyOwner.address)).toBeGreaterThan(STAKE + DeployValue.proxy);
  });
});

describe('closing itself', () => {
  test('a lost key locks nothing: the owner completes after another delay, and clients keep their escrow (W23)', async () => {
    const { proxy, world } = market;
    const { proxyOwner, clientOwner } = world.actors;
    await act.close();
    world.advance(2 * PROXY_DELAY - 1);
    expect(exitsOf(await act.close(), proxy.address)).toEqual(['closed']);
    world.advance(1);
    const done = await act.close();
    expect(exitsOf(done, proxy.address)).toEqual(['0']);
    expect(paidBy(market, done, proxyOwner.address)).toBeGreaterThan(STAKE);
    expect((await proxy.getData()).state).toBe(CocoonState.closed);
    expect(await balanceOf(world, proxy.address)).toBe(CLOSED_RESERVE + ESCROW + OTHER_ESCROW);
    await act.requestRefund();
    world.advance(CLIENT_DELAY + 1);
    expect(paidBy(market, await act.requestRefund(), clientOwner.address)).toBe(CLIENT_STAKE);
    await expectOtherWhole();
  });

  test('nobody but the owner may complete it so, however late (W23)', async () => {
    const { proxy, world } = market;
    const { stranger } = world.actors;
    await act.close();
    world.advance(YEAR);
    const attempt = await proxy.sendClose(stranger.getSender(), { excessesTo: stranger.address });
    expect(exitsOf(attempt, proxy.address)).toEqual(['expectedMessageFromOwner']);
    expect((await proxy.getData()).state).toBe(CocoonState.closing);
  });

  test.each(['closing', 'closed'])('a %s proxy takes no stake: it comes back whole (W26)', async (state) => {
    const { proxy, world } = market;
    const { proxyOwner } = world.actors;
    if (state === 'closed') await closeForGood();
    else await act.close();
    const outcome = await conserving(world, () =>
      proxy.sendIncreaseStake(proxyOwner.getSender(), { amount: toNano('50'), excessesTo: proxyOwner.address }),
    );
    expect(exitsOf(outcome.result, proxy.address)).toEqual(['closed']);
    expect(outcome.gain(proxyOwner.address)).toBe(-outcome.fees);
  });

  test.each([
    ['client', 0xffffffff, PROXY_DELAY],
    ['proxy', CLIENT_DELAY, 0xffffffff],
  ] as const)(
    'a %s delay of 136 years in the parameters keeps nobody for more than one (W28)',
    async (who, clientDelay, proxyDelay) => {
      const world = await createWorld({
        params: { clientDelayBeforeClose: clientDelay, proxyDelayBeforeClose: proxyDelay },
      });
      const proxy = await deployStakedProxy(world);
      const { clientOwner, proxyOwner, carrier } = world.actors;
      const opts = { excessesTo: clientOwner.address };
      const client = await deployClient(world, proxy.address);
      await client.sendTopUp(clientOwner.getSender(), { ...opts, amount: ESCROW });
      if (who === 'client') {
        await client.sendRequestRefund(clientOwner.getSender(), opts);
        expect((await client.getData()).unlockTs).toBe(world.now() + YEAR);
        world.advance(YEAR + 1);
        const forced = await client.sendRequestRefund(clientOwner.getSender(), opts);
        expect(paidBy({ proxy }, forced, clientOwner.address)).toBe(CLIENT_STAKE);
      } else {
        await proxy.sendClose(proxyOwner.getSender(), { excessesTo: proxyOwner.address });
        expect((await proxy.getData()).unlockTs).toBe(world.now() + YEAR);
        world.advance(YEAR);
        const voucher = carried(world, 'extProxyCloseCompleteRequestSigned', proxy.address);
        const done = await proxy.sendSignedCloseComplete(carrier.getSender(), voucher);
        expect(exitsOf(done, proxy.address)).toEqual(['0']);
        expect((await proxy.getData()).state).toBe(CocoonState.closed);
      }
    },
  );

  test('a stake is nothing or what the parameters ask for, and the getter tells what of it is there (W07, W26)', async () => {
    const world = await createWorld();
    const { proxyOwner } = world.actors;
    const proxy = await deployProxy(world);
    const stake = (amount: bigint) =>
      proxy.sendIncreaseStake(proxyOwner.getSender(), { amount, excessesTo: proxyOwner.address });
    expect(exitsOf(await stake(STAKE - 1n), proxy.address)).toEqual(['lowMsgValue']);
    expect(exitsOf(await stake(STAKE), proxy.address)).toEqual(['0']);
    expect(await proxy.getData()).toMatchObject({ stake: STAKE });
    expect(await proxy.getBooks()).toMatchObject({ backedStake: STAKE });
    await leave(world, proxy.address, toNano('9'));
    expect(await proxy.getBooks()).toMatchObject({ backedStake: toNano('9') });
  });
});
