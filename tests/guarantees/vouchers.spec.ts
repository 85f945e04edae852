import { Address, beginCell, ExternalAddress, toNano } from '@ton/core';
import { CocoonState, CocoonWorker, initialWorkerData, Op } from '../../wrappers';
import { balancesOf, conserving, gainOf } from '../support/conservation';
import { keyOf } from '../support/keys';
import {
  actionsOf,
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
  sentTo,
  together,
  tokensFor,
  WORKER_FEE,
  YEAR,
} from '../support/market';
import { deliver } from '../support/rejection';
import { type VoucherOp, voucher, voucherBody } from '../support/vouchers';
import {
  balanceOf,
  codeOf,
  createWorld,
  dataOf,
  deployClient,
  deployFundedClient,
  deployStakedProxy,
  deployWorker,
  startEachTestFrom,
} from '../support/world';

/** A voucher says what its key signed, to its addressee, once; who carries it, and how, decides about nothing else. */

let market: Market;
let act: ReturnType<typeof actionsOf>;
const TOKENS = tokensFor(toNano('10'));

startEachTestFrom(async () => {
  market = await createMarket();
  act = actionsOf(market);
  return market.world;
});

afterEach(() => expectSolvent(market));

/** Query id of a voucher that is good until then, see requireFresh. */
const until = (unixTime: number): bigint => (0xe591n << 48n) | BigInt(unixTime);

describe('where the excesses go', () => {
  /** As strangers write it: not by the wrappers, which have no way to say this. */
  function bodyWith(
    op: VoucherOp,
    contract: Address,
    excessesTo: (b: ReturnType<typeof beginCell>) => unknown,
    tokens: bigint,
  ) {
    const { queryId, signature, payload } = voucher({ op, contract, tokens });
    const builder = beginCell().storeUint(Op[op], 32).storeUint(queryId, 64);
    excessesTo(builder);
    return builder.storeBuffer(signature).storeRef(payload).endCell();
  }

  const unpayable = [
    ['addr_none', 'badAddress', (b: ReturnType<typeof beginCell>) => b.storeUint(0, 2)],
    [
      'an external address',
      'badAddress',
      (b: ReturnType<typeof beginCell>) => b.storeAddress(new ExternalAddress(5n, 8)),
    ],
    [
      'addr_var',
      'tvmCellUnderflow',
      (b: ReturnType<typeof beginCell>) => b.storeUint(0b110, 3).storeUint(256, 9).storeInt(0, 32).storeUint(1, 256),
    ],
    [
      'anycast',
      'tvmCellUnderflow',
      (b: ReturnType<typeof beginCell>) =>
        b.storeUint(0b101, 3).storeUint(1, 5).storeBit(true).storeInt(0, 8).storeUint(1, 256),
    ],
  ] as const;

  describe.each(unpayable)('%s', (_, exit, store) => {
    test.each([
      ['client', 'extClientGrantRefundSigned'],
      ['worker', 'extWorkerPayoutRequestSigned'],
      ['worker', 'extWorkerLastPayoutRequestSigned'],
    ] as const)(
      "for the excesses of a %s's voucher is refused before anything happens: %s (W11, W12)",
      async (who, op) => {
        const { world } = market;
        const { address } = market[who];
        const before = await dataOf(world, address);
        const body = bodyWith(op, address, store, TOKENS);
        const result = await deliver(world, { from: world.actors.stranger, to: address, value: toNano('0.7'), body });
        expect(exitsOf(result, address)).toEqual([exit]);
        expect((await dataOf(world, address)).equals(before)).toBe(true);
        await expectHonestCopiesPay();
      },
    );
  });

  test.each([5, -128, 127])(
    'workchain %s for the excesses voids no refund and no payout (W11, W12)',
    async (workchain) => {
      const { world, proxy, client } = market;
      const { clientOwner, workerOwner } = world.actors;
      await act.charge(TOKENS);
      await act.sync();
      const excessesTo = new Address(workchain, Buffer.alloc(32, 7));
      const payout = await act.payout(TOKENS, { excessesTo });
      expect(exitsOf(payout, proxy.address)).toEqual(['0']);
      expect(paidBy(market, payout, workerOwner.address)).toBe(TOKENS * WORKER_FEE);
      const refund = await act.grant(TOKENS, client, { excessesTo });
      expect(paidBy(market, refund, clientOwner.address)).toBe(ESCROW - TOKENS * PRICE);
      expect(await proxy.getBooks()).toMatchObject({ escrow: OTHER_ESCROW, earned: 0n });
    },
  );

  test('the pool, a client or a worker as the address for excesses gets coins and no say (W11)', async () => {
    const { world, proxy, client, worker, other } = market;
    for (const to of [proxy.address, client.address, worker.address]) {
      const refund = await act.topUp(toNano('1'));
      expect(exitsOf(refund, proxy.address)).toEqual(['0']);
      const result = await other.sendTopUp(world.actors.stranger.getSender(), { amount: 1n, excessesTo: to });
      expect(exitsOf(result, other.address)).toEqual(['0']);
    }
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW + OTHER_ESCROW + toNano('3') + 3n, earned: 0n });
  });

  async function expectHonestCopiesPay(): Promise<void> {
    const { clientOwner, workerOwner } = market.world.actors;
    await act.charge(TOKENS);
    await act.sync();
    expect(paidBy(market, await act.payout(TOKENS), workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(paidBy(market, await act.grant(TOKENS), clientOwner.address)).toBe(ESCROW - TOKENS * PRICE);
  }
});

describe('coins that the account had of its own', () => {
  test("who carries a granted refund takes none of the client's own coins (W13)", async () => {
    const { world, client } = market;
    const { clientOwner, carrier, stranger } = world.actors;
    await stranger.send({ to: client.address, value: toNano('10'), body: beginCell().endCell() });
    const before = await balanceOf(world, client.address);
    const outcome = await conserving(world, () => act.grant(0n));
    expect(sentTo(outcome.result, 'payout', client.address, clientOwner.address)).toBe(before - toNano('0.11'));
    expect(outcome.gain(carrier.address)).toBeLessThan(toNano('0.1'));
    expect(paidBy(market, outcome.result, clientOwner.address)).toBe(ESCROW);
    expect(await balanceOf(world, client.address)).toBe(toNano('0.01'));
  });

  test('nor of those that were there at a forced refund (W13)', async () => {
    const { world, client } = market;
    const { clientOwner, stranger } = world.actors;
    const opts = { excessesTo: stranger.address };
    await client.sendRequestRefund(clientOwner.getSender(), opts);
    await stranger.send({ to: client.address, value: toNano('10'), body: beginCell().endCell() });
    world.advance(YEAR);
    const forced = await client.sendRequestRefund(clientOwner.getSender(), opts);
    expect(sentTo(forced, 'payout', client.address, clientOwner.address)).toBeGreaterThan(toNano('9.9'));
    expect(sentTo(forced, 'excesses', market.proxy.address, stranger.address)).toBeLessThan(toNano('0.8'));
  });

  test("who carries a last payout takes none of the worker's own coins (W13)", async () => {
    const { world, worker } = market;
    const { workerOwner, carrier, stranger } = world.actors;
    await stranger.send({ to: worker.address, value: toNano('10'), body: beginCell().endCell() });
    const before = await balanceOf(world, worker.address);
    await act.charge(TOKENS);
    await act.sync();
    const outcome = await conserving(world, () => act.lastPayout(TOKENS));
    expect(sentTo(outcome.result, 'payout', worker.address, workerOwner.address)).toBe(before - toNano('0.11'));
    expect(paidBy(market, outcome.result, workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(outcome.gain(carrier.address)).toBeLessThan(toNano('0.1'));
  });
});

describe('what a voucher costs to carry', () => {
  test.each([
    ['0.1', 'lowMsgValue'],
    ['0.100000001', 'lowSmcBalance'],
    ['0.115', 'lowSmcBalance'],
    ['0.12', 'lowSmcBalance'],
    ['0.21', 'lowSmcBalance'],
    ['0.210000001', '0'],
    ['0.25', '0'],
  ])('a payout of an empty worker with %s TON pays in full or changes nothing: %s (W15)', async (value, exit) => {
    const { world, proxy, worker } = market;
    const { workerOwner } = world.actors;
    await act.charge(TOKENS);
    await act.sync();
    await leave(world, worker.address, 0n);
    const result = await act.payout(TOKENS, { value: toNano(value) });
    expect(exitsOf(result, worker.address)).toEqual([exit]);
    expect(exitsOf(result, proxy.address)).toEqual(exit === '0' ? ['0'] : []);
    expect(paidBy(market, result, workerOwner.address)).toBe(exit === '0' ? TOKENS * WORKER_FEE : 0n);
    if (exit === '0') return;
    expect((await worker.getData()).tokens).toBe(0n);
    expect(paidBy(market, await act.payout(TOKENS), workerOwner.address)).toBe(TOKENS * WORKER_FEE);
  });

  test('nobody burns a voucher of a worker that is not deployed yet (W15)', async () => {
    const { world, proxy } = market;
    const { stranger, otherClientOwner: owner } = world.actors;
    await act.charge(TOKENS);
    await act.sync();
    const { publicKey, params } = await proxy.getStorage();
    const data = initialWorkerData({ owner: owner.address, proxy: proxy.address, publicKey, params });
    const worker = world.chain.openContract(CocoonWorker.createFromConfig(data, codeOf('worker')));
    const opts = carried(world, 'extWorkerPayoutRequestSigned', worker.address, { tokens: TOKENS });
    for (const value of ['0.100000001', '0.115', '0.12']) {
      const message = CocoonWorker.buildPayout(worker.address, { ...opts, value: toNano(value) });
      const attempt = await together(stranger, [{ ...message, init: worker.init! }]);
      expect(exitsOf(attempt, proxy.address)).toEqual([]);
    }
    const paid = await worker.sendPayout(stranger.getSender(), opts);
    expect(paidBy(market, paid, owner.address)).toBe(TOKENS * WORKER_FEE);
  });
});

describe('when', () => {
  test('a refund voucher carries its own expiry: years later it is refused, and the later charge counts (W16, W20)', async () => {
    const { world, client } = market;
    const good = until(world.now() + 600);
    world.advance(600);
    const copy = world.chain.snapshot();
    expect(exitsOf(await act.grant(TOKENS, client, { queryId: good }), client.address)).toEqual(['0']);
    await world.chain.loadFrom(copy);
    world.advance(1);
    const late = await act.grant(TOKENS, client, { queryId: good });
    expect(exitsOf(late, client.address)).toEqual(['voucherExpired']);
    world.advance(3 * YEAR);
    expect(exitsOf(await act.grant(TOKENS, client, { queryId: good }), client.address)).toEqual(['voucherExpired']);
    await act.charge(9n * TOKENS);
    expect(await client.getData()).toMatchObject({ state: CocoonState.normal, tokensUsed: 9n * TOKENS });
    const fresh = await act.grant(9n * TOKENS, client, { queryId: until(world.now() + 600) });
    expect(exitsOf(fresh, client.address)).toEqual(['0']);
  });

  test('so do the two vouchers that close a proxy (W16, W20)', async () => {
    const { world, proxy } = market;
    const { carrier } = world.actors;
    const by = carrier.getSender();
    const close = (queryId: bigint) =>
      proxy.sendSignedClose(by, carried(world, 'extProxyCloseRequestSigned', proxy.address, { queryId }));
    expect(exitsOf(await close(until(world.now() - 1)), proxy.address)).toEqual(['voucherExpired']);
    expect(exitsOf(await close(until(world.now())), proxy.address)).toEqual(['0']);
    world.advance(PROXY_DELAY);
    expect(exitsOf(await act.complete({ queryId: until(world.now() - 1) }), proxy.address)).toEqual(['voucherExpired']);
    expect((await proxy.getData()).state).toBe(CocoonState.closing);
    expect(exitsOf(await act.complete({ queryId: until(world.now()) }), proxy.address)).toEqual(['0']);
  });

  test('vouchers that pay never expire: a worker is paid whatever its query id looks like (W16)', async () => {
    const { world } = market;
    await act.charge(TOKENS, market.client, { queryId: until(1) });
    await act.sync();
    const paid = await act.payout(TOKENS, { queryId: until(1) });
    expect(paidBy(market, paid, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(exitsOf(await act.lastPayout(TOKENS, { queryId: until(1) }), market.worker.address)).toEqual(['0']);
  });
});

describe('whose', () => {
  test('other parameters make other addresses: a voucher of one network is nothing on another (W17)', async () => {
    const { world, client } = market;
    const test = await createWorld({ params: { isTest: true } });
    const proxy = await deployStakedProxy(test);
    const twin = await deployFundedClient(test, proxy.address, ESCROW);
    expect(twin.address.equals(client.address)).toBe(false);
    const foreign = carried(world, 'extClientGrantRefundSigned', client.address, { tokens: 0n });
    const refused = await twin.sendGrantRefund(test.actors.carrier.getSender(), foreign);
    expect(exitsOf(refused, twin.address)).toEqual(['expectedMyAddress']);
    expect((await twin.getData()).balance).toBe(ESCROW);
  });

  test('parameters with a fee above the price pay nobody and take no voucher (W19)', async () => {
    const world = await createWorld({ params: { workerFeePerToken: PRICE + 1n } });
    const proxy = await deployStakedProxy(world);
    const worker = await deployWorker(world, proxy.address);
    const { carrier, workerOwner } = world.actors;
    const before = balancesOf(world);
    const opts = carried(world, 'extWorkerPayoutRequestSigned', worker.address, { tokens: 1_000n });
    const result = await worker.sendPayout(carrier.getSender(), opts);
    expect(exitsOf(result, worker.address)).toEqual(['tvmRange']);
    expect((await worker.getData()).tokens).toBe(0n);
    expect(gainOf(before, balancesOf(world), workerOwner.address)).toBe(0n);
    const last = carried(world, 'extWorkerLastPayoutRequestSigned', worker.address, { tokens: 1_000n });
    expect(exitsOf(await worker.sendLastPayout(carrier.getSender(), last), worker.address)).toEqual(['tvmRange']);
    expect((await worker.getData()).state).toBe(CocoonState.normal);
  });

  test.each([
    ['extClientChargeSigned', 'client', 'oldMessage'],
    ['extWorkerPayoutRequestSigned', 'worker', 'oldMessage'],
    ['extClientGrantRefundSigned', 'client', 'closed'],
    ['extWorkerLastPayoutRequestSigned', 'worker', 'closed'],
  ] as const)(
    '%s works once, and only with its own key, operation, query id and addressee (N03)',
    async (op, who, again) => {
      const { world, proxy } = market;
      const { carrier, stranger } = world.actors;
      const { address } = market[who];
      await act.charge(tokensFor(toNano('5')), market.client);
      await act.sync();
      const tokens = tokensFor(toNano('6'));
      const good = { op, contract: address, tokens, queryId: 77n, excessesTo: carrier.address };
      const foreign = { ...good, contract: who === 'client' ? market.worker.address : market.client.address };
      const wrong: [string, ReturnType<typeof voucherBody>][] = [
        ['badSignature', voucherBody({ ...good, key: keyOf('stranger') })],
        ['signedMsgFormatMismatch', voucherBody({ ...good, outerQueryId: 78n })],
        ['signedMsgFormatMismatch', voucherBody({ ...good, payload: voucher({ ...good, op: otherOf(op) }).payload })],
        ['expectedMyAddress', voucherBody(foreign)],
        ['oldMessage', voucherBody({ ...good, tokens: 0n })],
      ];
      for (const [exit, body] of wrong) {
        if (exit === 'oldMessage' && op === 'extWorkerLastPayoutRequestSigned') continue;
        const result = await deliver(world, { from: stranger, to: address, value: toNano('1'), body });
        expect([op, exitsOf(result, address)]).toEqual([op, [exit]]);
        expect(exitsOf(result, proxy.address)).toEqual([]);
      }
      const body = voucherBody(good);
      const once = await deliver(world, { from: carrier, to: address, value: toNano('1'), body });
      expect(exitsOf(once, address)[0]).toBe('0');
      const twice = await deliver(world, { from: stranger, to: address, value: toNano('1'), body });
      expect(exitsOf(twice, address)).toEqual([again]);
      expect(paidBy(market, twice, world.actors.clientOwner.address)).toBe(0n);
      expect(paidBy(market, twice, world.actors.workerOwner.address)).toBe(0n);
    },
  );

  function otherOf(op: VoucherOp): VoucherOp {
    return op === 'extClientChargeSigned' ? 'extClientGrantRefundSigned' : 'extClientChargeSigned';
  }

  test('an owner may be owner of client, worker and proxy at once: each payout goes where its own books say (N03)', async () => {
    const world = await createWorld();
    const { proxyOwner } = world.actors;
    world.actors.clientOwner = proxyOwner;
    world.actors.workerOwner = proxyOwner;
    const proxy = await deployStakedProxy(world);
    const client = await deployFundedClient(world, proxy.address, ESCROW, proxyOwner);
    const worker = await deployWorker(world, proxy.address);
    const one = { world, proxy, client, worker, other: client };
    const acts = actionsOf(one);
    await acts.charge(TOKENS);
    await acts.sync();
    expect(paidBy(one, await acts.payout(TOKENS), proxyOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(paidBy(one, await acts.revenue(), proxyOwner.address)).toBe(TOKENS * (PRICE - WORKER_FEE));
    expect(paidBy(one, await acts.grant(TOKENS), proxyOwner.address)).toBe(ESCROW - TOKENS * PRICE);
    await expectSolvent(one);
  });

  test('an owner in the masterchain is paid as everybody is (W12)', async () => {
    const { world, proxy } = market;
    const owner = await world.chain.treasury('masterchain owner', { workchain: -1 });
    const client = await deployClient(world, proxy.address, owner);
    await act.topUp(ESCROW, owner, client);
    await act.withdraw(owner, client);
    const refund = await act.grant(0n, client, { value: toNano('0.1') });
    expect(exitsOf(refund, proxy.address)).toEqual(['0']);
    expect(paidBy(market, refund, owner.address)).toBe(world.params.minClientStake);
  });
});
