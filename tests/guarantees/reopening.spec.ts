import { beginCell, toNano } from '@ton/core';
import { CocoonClient, CocoonState, CocoonWorker, initialWorkerData } from '../../wrappers';
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
  together,
  tokensFor,
  WORKER_FEE,
  YEAR,
} from '../support/market';
import { balanceOf, codeOf, startEachTestFrom } from '../support/world';

/** A closed account is not lost: its owner opens it again, with its counter, so that nothing old can be used a second time. */

let market: Market;
let act: ReturnType<typeof actionsOf>;
const USED = tokensFor(toNano('10'));

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

describe('a client', () => {
  test('that was closed is open again at the same address, with new escrow and the old counter (W24)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    await act.grant(USED);
    const outcome = await conserving(world, () => act.reopen(toNano('20')));
    expect(outcome.gain(proxy.address)).toBe(toNano('20'));
    expect(outcome.gain(clientOwner.address)).toBe(-toNano('20') - outcome.fees - outcome.gain(client.address));
    expect(await client.getData()).toMatchObject({
      state: CocoonState.normal,
      balance: toNano('20'),
      stake: CLIENT_STAKE,
      tokensUsed: USED,
      unlockTs: 0,
    });
    await act.charge(USED + tokensFor(toNano('8')));
    const refund = await act.grant(USED + tokensFor(toNano('9')));
    expect(paidBy(market, refund, clientOwner.address)).toBe(toNano('11'));
    expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: toNano('19') });
  });

  test('that is closing may change its mind: the delay is forgotten (W24)', async () => {
    const { client, world } = market;
    const { clientOwner } = world.actors;
    await act.requestRefund();
    await act.reopen(0n);
    expect(await client.getData()).toMatchObject({ state: CocoonState.normal, balance: CLIENT_STAKE, unlockTs: 0 });
    world.advance(CLIENT_DELAY + 1);
    await act.requestRefund();
    expect(await client.getData()).toMatchObject({ state: CocoonState.closing, unlockTs: world.now() + CLIENT_DELAY });
    expect(exitsOf(await act.requestRefund(), client.address)).toEqual(['notUnlockedYet']);
    world.advance(CLIENT_DELAY + 1);
    expect(paidBy(market, await act.requestRefund(), clientOwner.address)).toBe(CLIENT_STAKE);
  });

  test('that was opened again cannot be closed by a refund voucher of its first life (W24, W16)', async () => {
    const { client, world } = market;
    const { clientOwner } = world.actors;
    await act.grant(USED);
    await act.reopen(toNano('20'));
    // Used once already, and another of the same counter that was never delivered.
    expect(exitsOf(await act.grant(USED), client.address)).toEqual(['oldMessage']);
    expect(exitsOf(await act.grant(USED, client, { queryId: 9n }), client.address)).toEqual(['oldMessage']);
    expect(exitsOf(await act.charge(USED), client.address)).toEqual(['oldMessage']);
    expect(await client.getData()).toMatchObject({ state: CocoonState.normal, balance: toNano('20') });
    expect(paidBy(market, await act.grant(USED + 1n), clientOwner.address)).toBe(toNano('20') - PRICE);
    await act.reopen(toNano('5'));
    expect(exitsOf(await act.grant(USED + 1n), client.address)).toEqual(['oldMessage']);
  });

  test('is opened by its owner and by nobody else (W24)', async () => {
    const { client, world } = market;
    const { stranger } = world.actors;
    await act.grant(USED);
    const outcome = await conserving(world, () => act.reopen(toNano('20'), stranger));
    expect(exitsOf(outcome.result, client.address)).toEqual(['expectedMessageFromOwner']);
    expect(outcome.gain(stranger.address)).toBe(-outcome.fees);
    expect((await client.getData()).state).toBe(CocoonState.closed);
  });

  test('that reopens while its refund is on the way gets the refund, and the new escrow counts (W24)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner } = world.actors;
    await act.requestRefund();
    world.advance(CLIENT_DELAY + 1);
    const opts = { excessesTo: clientOwner.address };
    const result = await together(clientOwner, [
      CocoonClient.buildRequestRefund(client.address, opts),
      CocoonClient.buildTopUpReopen(client.address, { ...opts, amount: toNano('20') }),
    ]);
    expect(exitsOf(result, proxy.address)).toEqual(['0', '0']);
    expect(paidBy(market, result, clientOwner.address)).toBe(CLIENT_STAKE);
    expect(await client.getData()).toMatchObject({ state: CocoonState.normal, balance: toNano('20') });
    expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW + toNano('20'), earned: 0n, clients: 2 });
    expect(paidBy(market, await act.grant(1n), clientOwner.address)).toBe(toNano('20') - PRICE);
  });

  test('that reopens at a closed proxy has its coins back and no claim on the others (W24, W01)', async () => {
    const { client, proxy, world } = market;
    const { clientOwner, otherClientOwner } = world.actors;
    await act.grant(USED);
    await act.close();
    world.advance(PROXY_DELAY);
    await act.complete();
    const back = await act.reopen(toNano('20'));
    expect(paidBy(market, back, clientOwner.address)).toBeGreaterThan(toNano('19.99'));
    const withdrawn = await act.withdraw();
    expect(paidBy(market, withdrawn, clientOwner.address)).toBe(0n);
    expect(exitsOf(withdrawn, proxy.address)).toEqual(['0']);
    expect((await client.getData()).state).toBe(CocoonState.normal);
    expect(paidBy(market, await act.grant(0n, market.other), otherClientOwner.address)).toBe(OTHER_ESCROW);
  });
});

describe('a worker', () => {
  const reopen = () => {
    const { workerOwner } = market.world.actors;
    return market.worker.sendReopen(workerOwner.getSender(), { excessesTo: workerOwner.address });
  };

  test('that was closed against its will is opened again, and is paid for what it earned since (W24, A2)', async () => {
    const { worker, world } = market;
    const { workerOwner } = world.actors;
    await act.charge(3n * USED);
    await act.sync();
    expect(paidBy(market, await act.lastPayout(USED), workerOwner.address)).toBe(USED * WORKER_FEE);
    expect(exitsOf(await act.payout(3n * USED), worker.address)).toEqual(['closed']);
    const outcome = await conserving(world, reopen);
    expect(await worker.getData()).toMatchObject({ state: CocoonState.normal, tokens: USED });
    expect(outcome.gain(worker.address)).toBe(toNano('0.1'));
    expect(outcome.gain(workerOwner.address)).toBe(-toNano('0.1') - outcome.fees);
    expect(paidBy(market, await act.payout(3n * USED), workerOwner.address)).toBe(2n * USED * WORKER_FEE);
    expect(exitsOf(await act.payout(3n * USED), worker.address)).toEqual(['oldMessage']);
  });

  test('is opened by its owner and by nobody else (W24)', async () => {
    const { worker, world } = market;
    const { stranger } = world.actors;
    await act.charge(USED);
    await act.sync();
    await act.lastPayout(USED);
    const attempt = await worker.sendReopen(stranger.getSender(), { excessesTo: stranger.address });
    expect(exitsOf(attempt, worker.address)).toEqual(['expectedMessageFromOwner']);
    expect((await worker.getData()).state).toBe(CocoonState.closed);
  });

  test('that was opened again cannot be closed by a last voucher of its first life (W24, A2)', async () => {
    const { worker, world } = market;
    const { carrier } = world.actors;
    await act.charge(USED);
    await act.sync();
    await act.lastPayout(USED);
    await reopen();
    const outcome = await conserving(world, () => act.lastPayout(USED));
    expect(exitsOf(outcome.result, worker.address)).toEqual(['oldMessage']);
    expect(outcome.gain(carrier.address)).toBeLessThan(0n);
    expect((await worker.getData()).state).toBe(CocoonState.normal);
  });

  test('a closed account pays its rent for three years and opens again (A10)', async () => {
    const { worker, client, world } = market;
    const { workerOwner, clientOwner } = world.actors;
    await act.charge(USED);
    await act.sync();
    await act.lastPayout(USED);
    await act.grant(USED);
    expect([await balanceOf(world, worker.address), await balanceOf(world, client.address)]).toEqual([
      toNano('0.01'),
      toNano('0.01'),
    ]);
    world.advance(3 * YEAR);
    await reopen();
    await act.reopen(toNano('20'));
    expect(await worker.getData()).toMatchObject({ state: CocoonState.normal, tokens: USED });
    await act.charge(2n * USED);
    await act.sync();
    expect(paidBy(market, await act.payout(2n * USED), workerOwner.address)).toBe(USED * WORKER_FEE);
    expect(paidBy(market, await act.grant(2n * USED + 1n), clientOwner.address)).toBe(toNano('10') - PRICE);
  });

  test('that rent has frozen cannot be born again with its counter at zero (N02, A10)', async () => {
    const dear = await createMarket({ prices: '2024' });
    const { worker, proxy, world } = dear;
    const { workerOwner, stranger } = world.actors;
    const acts = actionsOf(dear);
    await acts.charge(USED);
    await acts.sync();
    await acts.payout(USED);
    await leave(world, worker.address, 1n);
    world.advance(10 * YEAR);
    await stranger.send({ to: worker.address, value: 1n, body: beginCell().endCell() });
    expect((await world.chain.getContract(worker.address)).accountState?.type).toBe('frozen');
    const { publicKey, params } = await proxy.getStorage();
    const first = initialWorkerData({ owner: workerOwner.address, proxy: proxy.address, publicKey, params });
    const { init } = CocoonWorker.createFromConfig(first, codeOf('worker'));
    await together(stranger, [CocoonWorker.buildDeploy(init!, { value: toNano('5') })]);
    expect((await world.chain.getContract(worker.address)).accountState?.type).not.toBe('active');
    expect(paidBy(dear, await acts.payout(USED), workerOwner.address)).toBe(0n);
  });
});

test('all of a client’s lives together cost it what was charged and fees, no more (W24)', async () => {
  const { proxy, world } = market;
  const { clientOwner } = world.actors;
  let paid = 0n;
  let put = ESCROW;
  let tokens = 0n;
  for (let life = 0; life < 3; life += 1) {
    tokens += tokensFor(toNano('4'));
    await act.charge(tokens);
    tokens += 1n;
    paid += paidBy(market, await act.grant(tokens), clientOwner.address);
    if (life === 2) break;
    await act.reopen(toNano('20'));
    put += toNano('20');
  }
  expect(put - paid).toBe(tokens * PRICE);
  expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: tokens * PRICE });
});
