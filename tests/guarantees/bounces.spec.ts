import { beginCell, toNano } from '@ton/core';
import { setGlobalVersion } from '@ton/sandbox';
import { chainConfig } from '../../offchain/localnet/config';
import { CocoonClient, CocoonProxy, CocoonState, CocoonWorker, initialProxyData, packClientData } from '../../wrappers';
import { conserving } from '../support/conservation';
import {
  actionsOf,
  CLIENT_DELAY,
  CLIENT_STAKE,
  carried,
  createMarket,
  ESCROW,
  exitsOf,
  expectSolvent,
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
} from '../support/market';
import { type Actor, balanceOf, codeOf, deployClient, overwriteData, startEachTestFrom } from '../support/world';

/** A request that the proxy cannot serve comes back whole, and the child takes back what it had booked for it. */

let market: Market;
let act: ReturnType<typeof actionsOf>;

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

/** A proxy of another owner and its first client, before anybody has deployed the proxy. */
async function unborn(owner: Actor = market.world.actors.clientOwner) {
  const { world } = market;
  const { stranger } = world.actors;
  const { publicKey, root, params } = await market.proxy.getStorage();
  const data = initialProxyData({ owner: stranger.address, publicKey, root, params });
  const proxy = world.chain.openContract(CocoonProxy.createFromConfig(data, codeOf('proxy')));
  const client = await deployClient(world, proxy.address, owner);
  const deploy = async () => {
    await proxy.sendDeploy(stranger.getSender());
    await proxy.sendIncreaseStake(stranger.getSender(), { amount: STAKE, excessesTo: stranger.address });
  };
  return { proxy, client, deploy };
}

/** Writes a claim into the client's own books that the pool knows nothing of. */
async function claim(client: Market['client'], balance: bigint): Promise<void> {
  await overwriteData(market.world, client.address, packClientData({ ...(await client.getStorage()), balance }));
}

async function closeForGood(): Promise<void> {
  await act.close();
  market.world.advance(PROXY_DELAY);
  await act.complete();
}

describe('top-ups that reach no proxy', () => {
  test('a top-up that never reached a proxy gives no claim on it, and the coins come back to who paid (W02, W37)', async () => {
    const { world } = market;
    const { clientOwner, stranger } = world.actors;
    const { client, proxy, deploy } = await unborn();
    const outcome = await conserving(world, () => act.topUp(toNano('100'), clientOwner, client));
    expect(exitsOf(outcome.result, proxy.address)).toEqual(['skipped']);
    expect(outcome.gain(clientOwner.address)).toBe(-outcome.fees);
    expect(outcome.gain(client.address)).toBe(0n);
    expect(await client.getData()).toMatchObject({ balance: 0n, state: CocoonState.normal });
    await deploy();
    const second = await deployClient(world, proxy.address, stranger);
    await act.topUp(OTHER_ESCROW, stranger, second);
    expect(exitsOf(await act.withdraw(clientOwner, client), client.address)).toEqual(['lowSmcBalance']);
    expect(paidBy({ proxy }, await act.grant(0n, client), clientOwner.address)).toBe(0n);
    expect(paidBy({ proxy }, await act.grant(0n, second), stranger.address)).toBe(OTHER_ESCROW);
  });

  test('nor does one that is followed by a withdrawal in the same breath, whatever comes later (W02)', async () => {
    const { world } = market;
    const { clientOwner } = world.actors;
    const { client, proxy, deploy } = await unborn();
    const opts = { excessesTo: clientOwner.address };
    const outcome = await conserving(world, () =>
      together(clientOwner, [
        CocoonClient.buildTopUp(client.address, { ...opts, amount: toNano('100') }),
        CocoonClient.buildWithdraw(client.address, opts),
      ]),
    );
    expect(exitsOf(outcome.result, proxy.address)).toEqual(['skipped', 'skipped']);
    expect(outcome.gain(clientOwner.address)).toBe(-outcome.fees);
    expect((await client.getData()).balance).toBe(0n);
    await deploy();
    await act.topUp(toNano('50'), clientOwner, client);
    expect((await client.getData()).balance).toBe(toNano('50'));
    await act.charge(tokensFor(toNano('30')), client);
    await act.sync(client);
    expect(await proxy.getBooks()).toMatchObject({ escrow: toNano('20'), earned: toNano('30') });
    const refund = await act.grant(tokensFor(toNano('30')), client);
    expect(paidBy({ proxy }, refund, clientOwner.address)).toBe(toNano('20'));
  });

  test('nor do two, with a refund that closes the account between them (W02, W09)', async () => {
    const { world } = market;
    const { clientOwner } = world.actors;
    const { client, proxy } = await unborn();
    const opts = { excessesTo: clientOwner.address };
    const grant = carried(world, 'extClientGrantRefundSigned', client.address, { tokens: 0n });
    const topUp = (amount: bigint) => CocoonClient.buildTopUp(client.address, { ...opts, amount });
    const result = await together(clientOwner, [
      topUp(toNano('40')),
      topUp(toNano('60')),
      CocoonClient.buildGrantRefund(client.address, grant),
      CocoonClient.buildTopUpReopen(client.address, { ...opts, amount: toNano('7') }),
    ]);
    expect(exitsOf(result, proxy.address)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
    expect(await client.getData()).toMatchObject({ balance: 0n, state: CocoonState.normal });
  });

  test('a secret and a top-up that never reached a proxy: the secret stands, the claim does not (W02)', async () => {
    const { world } = market;
    const { clientOwner } = world.actors;
    const { client } = await unborn();
    const secretHash = Buffer.alloc(32, 5);
    const outcome = await conserving(world, () =>
      client.sendChangeSecretHashAndTopUp(clientOwner.getSender(), {
        amount: toNano('30'),
        secretHash,
        excessesTo: clientOwner.address,
      }),
    );
    expect(outcome.gain(clientOwner.address)).toBe(-outcome.fees);
    expect(await client.getData()).toMatchObject({ balance: 0n, secretHash });
  });

  test('a claim that the pool knows nothing of is paid out of nothing (W02, A1)', async () => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    const client = await deployClient(world, proxy.address, stranger);
    await claim(client, toNano('100'));
    const withdrawn = await act.withdraw(stranger, client);
    expect(paidBy(market, withdrawn, stranger.address)).toBe(0n);
    await act.topUp(toNano('20'), stranger, client);
    const refund = await act.grant(0n, client);
    expect(paidBy(market, refund, stranger.address)).toBe(toNano('20'));
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW + OTHER_ESCROW, earned: 0n });
  });
});

describe('refunds that the proxy refuses', () => {
  test.each(['withdraw', 'grant', 'force'] as const)(
    'a refund that a pool without coins for it refuses is a claim again, to the nanoTON: %s (W09)',
    async (kind) => {
      const { world } = market;
      const { clientOwner, carrier } = world.actors;
      const { client, proxy, deploy } = await unborn();
      await deploy();
      const due = toNano('20');
      await claim(client, due);
      if (kind === 'force') {
        // Nothing above the stake is left to return: only the delay starts.
        await claim(client, CLIENT_STAKE);
        await act.requestRefund(clientOwner, client);
        await claim(client, due);
        world.advance(CLIENT_DELAY + 1);
      }
      const before = await client.getData();
      const outcome = await conserving(world, () => {
        if (kind === 'withdraw') return act.withdraw(clientOwner, client);
        if (kind === 'force') return act.requestRefund(clientOwner, client);
        return act.grant(0n, client);
      });
      expect(exitsOf(outcome.result, proxy.address)).toEqual(['tvmRange']);
      const after = await client.getData();
      expect(after.balance).toBe(due);
      // An account that the request had closed may ask again at once.
      expect(after.state).toBe(kind === 'withdraw' ? before.state : CocoonState.closing);
      expect(after.unlockTs).toBeLessThan(world.now());
      // The coins of the bounce go to who paid for the request, none stay in the account.
      const payer = kind === 'grant' ? carrier : clientOwner;
      if (kind === 'withdraw') expect(outcome.gain(payer.address)).toBe(-outcome.fees);
      expect(outcome.gain(client.address)).toBeLessThanOrEqual(0n);
      expect(exitsOf(outcome.result, payer.address).at(-1)).toBe('0');
    },
  );

  test('a client that a closed proxy holds nothing for keeps its claim and its coins (W21, W37)', async () => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    const client = await deployClient(world, proxy.address, stranger);
    await closeForGood();
    await claim(client, toNano('20'));
    const outcome = await conserving(world, () => act.withdraw(stranger, client));
    expect(exitsOf(outcome.result, proxy.address)).toEqual(['closed']);
    expect(outcome.gain(stranger.address)).toBe(-outcome.fees);
    expect(outcome.gain(client.address)).toBe(0n);
    expect(await client.getData()).toMatchObject({ balance: toNano('20'), state: CocoonState.normal });
  });

  test('a refund that comes back when the account is open again finds it open, with the claim (W09, W24)', async () => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    const client = await deployClient(world, proxy.address, stranger);
    await closeForGood();
    await act.requestRefund(stranger, client);
    await claim(client, toNano('20'));
    world.advance(CLIENT_DELAY + 1);
    const opts = { excessesTo: stranger.address };
    const result = await together(stranger, [
      CocoonClient.buildRequestRefund(client.address, opts),
      CocoonClient.buildTopUpReopen(client.address, { ...opts, amount: 0n }),
    ]);
    expect(exitsOf(result, proxy.address)).toEqual(['closed', '0']);
    expect(await client.getData()).toMatchObject({ balance: toNano('20'), state: CocoonState.normal });
  });

  test('of two refunds in flight that both come back, both are a claim again (W09)', async () => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    const client = await deployClient(world, proxy.address, stranger);
    await closeForGood();
    await claim(client, toNano('50'));
    const opts = { excessesTo: stranger.address };
    const grant = carried(world, 'extClientGrantRefundSigned', client.address, { tokens: tokensFor(toNano('3')) });
    const result = await together(stranger, [
      CocoonClient.buildWithdraw(client.address, opts),
      CocoonClient.buildGrantRefund(client.address, grant),
    ]);
    expect(exitsOf(result, proxy.address)).toEqual(['closed', 'closed']);
    expect(await client.getData()).toMatchObject({ balance: toNano('47'), state: CocoonState.closing });
    const again = await act.requestRefund(stranger, client);
    expect(exitsOf(again, proxy.address)).toEqual(['closed']);
    expect((await client.getData()).balance).toBe(toNano('47'));
  });
});

describe('payouts that the proxy refuses', () => {
  test('a voucher that the pool cannot pay yet is as it was: the carrier loses fees only, the worker nothing (W14, W37)', async () => {
    const { world, proxy, worker } = market;
    const { carrier, workerOwner } = world.actors;
    const tokens = tokensFor(toNano('30'));
    const outcome = await conserving(world, () => act.payout(tokens));
    expect(exitsOf(outcome.result, proxy.address)).toEqual(['tvmRange']);
    expect(outcome.gain(carrier.address)).toBe(-outcome.fees);
    expect(outcome.gain(worker.address)).toBe(0n);
    expect(outcome.gain(proxy.address)).toBe(0n);
    expect(await worker.getData()).toMatchObject({ tokens: 0n, state: CocoonState.normal });
    await act.charge(tokens);
    await act.sync();
    expect(paidBy(market, await act.payout(tokens), workerOwner.address)).toBe(tokens * WORKER_FEE);
  });

  test('a last payout that the pool cannot pay leaves the account open and the tokens unpaid (W14)', async () => {
    const { world, proxy, worker } = market;
    const { workerOwner } = world.actors;
    const tokens = tokensFor(toNano('30'));
    const result = await act.lastPayout(tokens);
    expect(exitsOf(result, proxy.address)).toEqual(['tvmRange']);
    expect(await worker.getData()).toMatchObject({ tokens: 0n, state: CocoonState.normal });
    await act.charge(tokens);
    await act.sync();
    expect(paidBy(market, await act.lastPayout(tokens), workerOwner.address)).toBe(tokens * WORKER_FEE);
    expect((await worker.getData()).state).toBe(CocoonState.closed);
  });

  test('a refused voucher and a paid one in flight together: all is paid in the end, nothing twice (W14)', async () => {
    const { world, proxy, worker } = market;
    const { carrier, workerOwner } = world.actors;
    const first = tokensFor(toNano('30'));
    const second = first + tokensFor(toNano('5'));
    const opts = (op: 'extWorkerPayoutRequestSigned' | 'extWorkerLastPayoutRequestSigned', tokens: bigint) =>
      carried(world, op, worker.address, { tokens });
    const result = await together(carrier, [
      CocoonWorker.buildPayout(worker.address, opts('extWorkerPayoutRequestSigned', first)),
      CocoonWorker.buildLastPayout(worker.address, opts('extWorkerLastPayoutRequestSigned', second)),
    ]);
    expect(exitsOf(result, proxy.address)).toEqual(['tvmRange', '0']);
    expect(paidBy(market, result, workerOwner.address)).toBe((second - first) * WORKER_FEE);
    expect((await worker.getData()).tokens).toBe(second - first);
    await act.charge(second);
    await act.sync();
    expect(paidBy(market, await act.payout(second), workerOwner.address)).toBe(first * WORKER_FEE);
    expect((await worker.getData()).tokens).toBe(second);
    expect(await proxy.getBooks()).toMatchObject({ earned: 0n, escrow: ESCROW + OTHER_ESCROW - second * PRICE });
  });

  test('a price of zero: vouchers are worth nothing, and what comes back breaks nothing (W14)', async () => {
    const free = await createMarket({ params: { pricePerToken: 0n, workerFeePerToken: 0n } });
    const acts = actionsOf(free);
    await acts.charge(1_000n);
    await acts.sync();
    expect((await free.client.getData()).balance).toBe(ESCROW);
    const paid = await acts.payout(1_000n);
    expect(exitsOf(paid, free.proxy.address)).toEqual(['0']);
    await acts.close();
    free.world.advance(PROXY_DELAY);
    await acts.complete();
    const refused = await acts.lastPayout(2_000n);
    expect(exitsOf(refused, free.proxy.address)).toEqual(['closed']);
    expect(exitsOf(refused, free.worker.address)).toEqual(['0', '0']);
    expect(paidBy(free, await acts.grant(5_000n), free.world.actors.clientOwner.address)).toBe(ESCROW);
  });
});

describe('on a chain older than the whole-body bounce', () => {
  beforeEach(() => market.world.chain.setConfig(setGlobalVersion(chainConfig('current'), 11)));
  afterEach(() => market.world.chain.setConfig(chainConfig('current')));

  test("a top-up that bounced takes nobody's escrow, and its coins are the owner's when the account closes (W02)", async () => {
    const { world } = market;
    const { clientOwner, stranger, carrier } = world.actors;
    const { client, proxy, deploy } = await unborn();
    await act.topUp(toNano('100'), clientOwner, client);
    // It cannot know what came back: the books say 100, the coins lie in the account.
    expect((await client.getData()).balance).toBe(toNano('100'));
    expect(await balanceOf(world, client.address)).toBeGreaterThan(toNano('100'));
    await deploy();
    const second = await deployClient(world, proxy.address, stranger);
    await act.topUp(OTHER_ESCROW, stranger, second);
    const withdrawn = await act.withdraw(clientOwner, client);
    expect(paidBy({ proxy }, withdrawn, clientOwner.address)).toBe(0n);
    const before = await balanceOf(world, client.address);
    const outcome = await conserving(world, () => act.grant(0n, client));
    expect(paidBy({ proxy }, outcome.result, clientOwner.address)).toBe(0n);
    expect(sentTo(outcome.result, 'payout', client.address, clientOwner.address)).toBe(before - toNano('0.11'));
    expect(outcome.gain(carrier.address)).toBeLessThan(toNano('0.1'));
    expect(paidBy({ proxy }, await act.grant(0n, second), stranger.address)).toBe(OTHER_ESCROW);
  });

  test('a payout that bounced takes nothing of the pool, and the coins stay with the worker until it closes (W14)', async () => {
    const { world, proxy, worker } = market;
    const { workerOwner } = world.actors;
    const tokens = tokensFor(toNano('30'));
    const result = await act.payout(tokens, { value: toNano('2') });
    expect(exitsOf(result, proxy.address)).toEqual(['tvmRange']);
    const own = await balanceOf(world, worker.address);
    expect(own).toBeGreaterThan(toNano('1.9'));
    const last = await act.lastPayout(tokens);
    expect(sentTo(last, 'payout', worker.address, workerOwner.address)).toBe(own - toNano('0.11'));
    expect(paidBy(market, await act.grant(0n, market.other), world.actors.otherClientOwner.address)).toBe(OTHER_ESCROW);
  });

  test('coins that came back to an account already closed are its owner’s once it is open and closed again (W02, W24)', async () => {
    const { world } = market;
    const { clientOwner } = world.actors;
    const { client } = await unborn();
    await act.requestRefund(clientOwner, client);
    world.advance(CLIENT_DELAY + 1);
    await act.topUp(toNano('1'), clientOwner, client);
    await act.requestRefund(clientOwner, client);
    expect((await client.getData()).state).toBe(CocoonState.closed);
    await world.actors.stranger.send({ to: client.address, value: toNano('4'), body: beginCell().endCell() });
    const own = await balanceOf(world, client.address);
    expect(own).toBeGreaterThan(toNano('4'));
    await act.reopen(0n, clientOwner, client);
    const kept = await balanceOf(world, client.address);
    expect(kept).toBeGreaterThan(own);
    const closed = await act.grant(1n, client);
    expect(sentTo(closed, 'payout', client.address, clientOwner.address)).toBe(kept - toNano('0.11'));
  });
});
