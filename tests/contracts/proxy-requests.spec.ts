import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode, type ProxyData } from '../../wrappers';
import { expectSilence } from '../support/acceptance';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import { dearestRequest } from '../support/price-sets';
import { packProxy } from '../support/proxy-data';
import {
  clientAddress,
  clientRequest,
  createProxyWorld,
  createProxyWorldWithBooks,
  delivered,
  EARNED,
  ESCROW,
  expectChange,
  expectExcesses,
  expectPayout,
  given,
  OTHER_ESCROW,
  PAYABLE,
  POOL,
  type ProxyWorld,
  REVENUE,
  recordsWith,
  STAKE,
  snapshot,
  storageOf,
  UNCLAIMED,
  VALUE,
  workerAddress,
  workerRequest,
} from '../support/proxy-world';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, opOf, txOf } from '../support/trace';
import { balanceOf, dataOf, overwriteData, startEachTestFrom } from '../support/world';

let it: ProxyWorld;
let excessesTo: Address;

startEachTestFrom(async () => {
  it = await createProxyWorld();
  excessesTo = it.world.actors.carrier.address;
  return it.world;
});

describe('payout to a worker', () => {
  const workerPart = toNano('19');
  const proxyPart = toNano('1');
  const payoutOf = (worker: bigint, proxy: bigint) =>
    bodies.workerProxyPayoutRequest({ workerPart: worker, proxyPart: proxy, excessesTo });
  const payload = () => payoutOf(workerPart, proxyPart);

  test.each([CocoonState.normal, CocoonState.closing])(
    'pays the worker part, books the rest, and remembers both as paid in advance (state %i)',
    async (state) => {
      await given(it, { state });
      const { before, pool, result } = await delivered(it, workerRequest(it, payload()));
      const to = it.world.actors.workerOwner.address;
      await expectPayout(it, result, { queryId: 32n, to, coins: workerPart, excessesTo, kept: pool - workerPart });
      const earned = -workerPart - proxyPart;
      await expectChange(it, before, { balance: REVENUE + proxyPart, earned, clients: new Map() });
    },
  );

  test('is taken from what has been charged, and beyond that from the stake, the records as they were (W03, A9)', async () => {
    await createProxyWorldWithBooks(it);
    const { before, pool, result } = await delivered(it, workerRequest(it, payload()));
    const to = it.world.actors.workerOwner.address;
    await expectPayout(it, result, { queryId: 32n, to, coins: workerPart, excessesTo, kept: pool - workerPart });
    await expectChange(it, before, { balance: REVENUE + proxyPart, earned: EARNED - workerPart - proxyPart });
  });

  test("takes all that is neither escrow nor revenue, and not a nanoTON of a client's or the owner's (W03, W04, W18)", async () => {
    await createProxyWorldWithBooks(it);
    for (const [worker, proxy] of [
      [PAYABLE + 1n, 0n],
      [PAYABLE, 1n],
      [0n, PAYABLE + 1n],
    ] as const) {
      await expectRejection(it.world, workerRequest(it, payoutOf(worker, proxy)), ExitCode.tvmRange);
    }
    const all = PAYABLE - proxyPart;
    const { before, result } = await delivered(it, workerRequest(it, payoutOf(all, proxyPart)));
    const to = it.world.actors.workerOwner.address;
    const kept = ESCROW + OTHER_ESCROW + REVENUE + proxyPart;
    await expectPayout(it, result, { queryId: 32n, to, coins: all, excessesTo, kept });
    await expectChange(it, before, { balance: REVENUE + proxyPart, earned: EARNED - PAYABLE });
  });

  test('from a pool without books leaves the revenue alone (W04)', async () => {
    const tooMuch = payoutOf(POOL - REVENUE - proxyPart + 1n, proxyPart);
    await expectRejection(it.world, workerRequest(it, tooMuch), ExitCode.tvmRange);
    const all = POOL - REVENUE - proxyPart;
    const { result } = await delivered(it, workerRequest(it, payoutOf(all, proxyPart)));
    const to = it.world.actors.workerOwner.address;
    await expectPayout(it, result, { queryId: 32n, to, coins: all, excessesTo, kept: REVENUE + proxyPart });
  });

  test('is refused by a closed proxy that knows of nothing earned', async () => {
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, workerRequest(it, payload()), ExitCode.closed);
    await expectRejection(it.world, workerRequest(it, payoutOf(0n, 0n)), ExitCode.closed);
    await createProxyWorldWithBooks(it);
    for (const earned of [0n, -1n]) {
      await given(it, { earned });
      await expectRejection(it.world, workerRequest(it, payoutOf(0n, 0n)), ExitCode.closed);
    }
  });

  test('is paid by a closed proxy from what has been charged, and no further (W14, W21)', async () => {
    await createProxyWorldWithBooks(it);
    await given(it, { state: CocoonState.closed, balance: 0n, stake: 0n });
    const most = EARNED - toNano('0.25');
    const beyond = workerRequest(it, payoutOf(most, toNano('0.25') + 1n));
    await expectRejection(it.world, beyond, ExitCode.closed);
    const { before, pool, result } = await delivered(it, workerRequest(it, payoutOf(most, toNano('0.25'))));
    const to = it.world.actors.workerOwner.address;
    await expectPayout(it, result, { queryId: 32n, to, coins: most, excessesTo, kept: pool - most });
    await expectChange(it, before, { balance: toNano('0.25'), earned: 0n });
  });

  test("is refused from anybody but that owner's worker contract", async () => {
    const { workerOwner, stranger } = it.world.actors;
    const others = [stranger, workerAddress(it, stranger.address), clientAddress(it, workerOwner.address), workerOwner];
    for (const from of others) {
      const { body, to, value } = workerRequest(it, payload());
      await expectRejection(it.world, { from, to, value, body }, ExitCode.contractAddressMismatch);
    }
  });

  test('with another or a malformed payload is refused', async () => {
    const other = bodies.clientProxyTopUp({ amount: 1n, excessesTo });
    await expectRejection(it.world, workerRequest(it, other), ExitCode.unknownOp);
    const short = beginCell().storeUint(0x08e7d036, 32).endCell();
    for (const spoiled of [short, withTrailingBit(payload()), withTrailingRef(payload())]) {
      await expectRejection(it.world, workerRequest(it, spoiled), ExitCode.tvmCellUnderflow);
    }
  });
});

describe("top up of a client's escrow", () => {
  const amount = toNano('25');
  const payload = (coins = amount) => bodies.clientProxyTopUp({ amount: coins, excessesTo });
  const value = amount + VALUE;
  const client = () => it.world.actors.clientOwner.address;
  /** A top up of the client, whose own books say `balance` afterwards. */
  const topUp = (coins: bigint, balance: bigint) =>
    delivered(it, clientRequest(it, payload(coins), { value: coins + VALUE, balance }));

  test('stays in the pool, and the first one opens its books', async () => {
    const { before, pool, result } = await topUp(amount, amount);
    await expectExcesses(it, result, { queryId: 31n, excessesTo, kept: pool + amount });
    const clients = recordsWith(it, null, client(), { escrow: amount });
    await expectChange(it, before, { earned: 0n, clients });
  });

  test('that its client has used up in part already is earned in that part', async () => {
    const { before } = await topUp(amount, amount - toNano('2'));
    const clients = recordsWith(it, null, client(), { escrow: amount - toNano('2') });
    await expectChange(it, before, { earned: toNano('2'), clients });
  });

  test("is added to the client's record and to no other", async () => {
    await createProxyWorldWithBooks(it);
    const { before, pool, result } = await topUp(amount, ESCROW + amount);
    await expectExcesses(it, result, { queryId: 31n, excessesTo, kept: pool + amount });
    await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), { escrow: ESCROW + amount }) });
  });

  test('of nothing tells the pool what has been charged (A9)', async () => {
    await createProxyWorldWithBooks(it);
    const { before, pool, result } = await topUp(0n, ESCROW - toNano('7'));
    await expectExcesses(it, result, { queryId: 31n, excessesTo, kept: pool });
    const clients = recordsWith(it, before.clients, client(), { escrow: ESCROW - toNano('7') });
    await expectChange(it, before, { earned: EARNED + toNano('7'), clients });
  });

  test('of nothing by a client that has used up all closes its record', async () => {
    await createProxyWorldWithBooks(it);
    const { before } = await topUp(0n, 0n);
    const clients = recordsWith(it, before.clients, client(), null);
    await expectChange(it, before, { earned: EARNED + ESCROW, clients });
  });

  test('never raises a record above what came in, whatever the client says', async () => {
    await createProxyWorldWithBooks(it);
    const { before } = await topUp(amount, toNano('1000'));
    await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), { escrow: ESCROW + amount }) });
  });

  test('of a newcomer opens a record', async () => {
    await createProxyWorldWithBooks(it);
    const owner = it.world.actors.stranger.address;
    const request = clientRequest(it, payload(), { value, owner, balance: amount });
    const { before } = await delivered(it, request);
    await expectChange(it, before, { clients: recordsWith(it, before.clients, owner, { escrow: amount }) });
  });

  test.each([CocoonState.closing, CocoonState.closed])(
    'goes back to the owner of the client in state %i, and is not paid a second time (W01)',
    async (state) => {
      await given(it, { state });
      const { before, pool, result } = await topUp(amount, amount);
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: amount, excessesTo, kept: pool, mode: 2 });
      const clients = recordsWith(it, null, client(), { ahead: amount });
      await expectChange(it, before, { earned: 0n, clients });
      if (state === CocoonState.closed) return;

      const again = bodies.clientProxyRefundGranted({ amount, excessesTo });
      const refund = await delivered(it, clientRequest(it, again, { balance: 0n }));
      const nothing = { queryId: 31n, to: client(), coins: 0n, excessesTo, kept: refund.pool };
      await expectPayout(it, refund.result, nothing);
      await expectChange(it, refund.before, { clients: new Map() });
    },
  );

  test('to a closing proxy that already holds escrow goes back, the escrow stays (W01)', async () => {
    await createProxyWorldWithBooks(it);
    await given(it, { state: CocoonState.closing });
    const { before, pool, result } = await topUp(amount, ESCROW + amount);
    await expectPayout(it, result, { queryId: 31n, to: client(), coins: amount, excessesTo, kept: pool, mode: 2 });
    await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), { ahead: amount }) });
  });

  test('too small to pay its own way back goes with the excesses (A5)', async () => {
    await given(it, { state: CocoonState.closing });
    const before = await storageOf(it);
    const { pool, result } = await topUp(1n, 1n);
    const tx = txOf(result, it.proxy.address);
    expect(exitCodeOf(tx)).toBe(0);
    expect(tx.outMessages.values().map(({ body }) => opOf(body))).toEqual(['excesses']);
    expect(await balanceOf(it.world, it.proxy.address)).toBe(pool);
    await expectChange(it, before, { earned: 0n, clients: recordsWith(it, null, client(), { ahead: 1n }) });
  });

  test('by one client too many is refused, unless it brings a whole stake; never by one who has a record', async () => {
    await createProxyWorldWithBooks(it);
    const before = await storageOf(it);
    const count = (clients: number) => overwriteData(it.world, it.proxy.address, packProxy(before, clients));
    const owner = it.world.actors.stranger.address;
    const newcomer = (coins: bigint) =>
      clientRequest(it, payload(coins), { value: coins + VALUE, owner, balance: coins });
    const expectTaken = async (
      request: ReturnType<typeof newcomer>,
      records: ProxyData['clients'],
      clients: number,
    ) => {
      expect(exitCodeOf(txOf(await deliver(it.world, request), it.proxy.address))).toBe(0);
      const expected = packProxy({ ...before, clients: records }, clients);
      expect((await dataOf(it.world, it.proxy.address)).equals(expected)).toBe(true);
    };
    const withOne = (coins: bigint) => recordsWith(it, before.clients, owner, { escrow: coins });

    await count(8_191);
    await expectTaken(newcomer(1n), withOne(1n), 8_192);
    await count(8_192);
    await expectRejection(it.world, newcomer(toNano('15') - 1n), ExitCode.proxyFull);
    await expectTaken(newcomer(toNano('15')), withOne(toNano('15')), 8_193);
    await count(24_575);
    await expectTaken(newcomer(toNano('15')), withOne(toNano('15')), 24_576);
    await count(24_576);
    await expectRejection(it.world, newcomer(toNano('15')), ExitCode.proxyFull);
    const known = clientRequest(it, payload(1n), { balance: ESCROW + 1n });
    await expectTaken(known, recordsWith(it, before.clients, client(), { escrow: ESCROW + 1n }), 24_576);
  });
});

const refunds = [
  { name: 'granted', payloadOf: bodies.clientProxyRefundGranted },
  { name: 'forced', payloadOf: bodies.clientProxyRefundForce },
] as const;

describe.each(refunds)('$name refund', ({ payloadOf }) => {
  const amount = toNano('30');
  const payload = (coins = amount) => payloadOf({ amount: coins, excessesTo });
  const client = () => it.world.actors.clientOwner.address;
  /** A refund the client has booked: its own books say `balance` afterwards. */
  const refund = (coins: bigint, balance: bigint) => delivered(it, clientRequest(it, payload(coins), { balance }));

  describe('from a pool without books', () => {
    test.each([CocoonState.normal, CocoonState.closing])(
      'is paid to the owner of the client (state %i), the stake as it was (W05)',
      async (state) => {
        await given(it, { state });
        const { before, pool, result } = await delivered(it, clientRequest(it, payload()));
        await expectPayout(it, result, { queryId: 31n, to: client(), coins: amount, excessesTo, kept: pool - amount });
        await expectChange(it, before, {});
      },
    );

    test('takes all that nobody claims, and is refused when it asks for more (W05)', async () => {
      await expectRejection(it.world, clientRequest(it, payload(UNCLAIMED + 1n)), ExitCode.tvmRange);
      const { before, result } = await delivered(it, clientRequest(it, payload(UNCLAIMED)));
      const kept = STAKE + REVENUE;
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: UNCLAIMED, excessesTo, kept });
      await expectChange(it, before, {});
    });

    test('is refused once closed', async () => {
      await given(it, { state: CocoonState.closed });
      await expectRejection(it.world, clientRequest(it, payload()), ExitCode.closed);
    });
  });

  describe('from a pool with books', () => {
    beforeEach(() => createProxyWorldWithBooks(it));

    test.each([CocoonState.normal, CocoonState.closing, CocoonState.closed])(
      "is paid from the client's own record, not from stake or revenue (W05, W06, W25; state %i)",
      async (state) => {
        await given(it, { state });
        const { before, pool, result } = await refund(amount, ESCROW - amount);
        await expectPayout(it, result, { queryId: 31n, to: client(), coins: amount, excessesTo, kept: pool - amount });
        const clients = recordsWith(it, before.clients, client(), { escrow: ESCROW - amount });
        await expectChange(it, before, { clients });
      },
    );

    test('of the whole record closes it', async () => {
      const { before, pool, result } = await refund(ESCROW, 0n);
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: ESCROW, excessesTo, kept: pool - ESCROW });
      await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), null) });
    });

    test('leaves what has been charged in the pool, for workers (A9)', async () => {
      const { before, pool, result } = await refund(amount, toNano('3'));
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: amount, excessesTo, kept: pool - amount });
      const clients = recordsWith(it, before.clients, client(), { escrow: toNano('3') });
      await expectChange(it, before, { earned: EARNED + toNano('7'), clients });
    });

    test('of more than the record pays the record, and no coin of another client (W01, W08)', async () => {
      const { before, pool, result } = await refund(ESCROW + toNano('20'), 0n);
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: ESCROW, excessesTo, kept: pool - ESCROW });
      await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), null) });
    });

    test('of a client without a record pays nothing and changes nothing, and is refused once closed', async () => {
      const owner = it.world.actors.stranger.address;
      const request = clientRequest(it, payload(), { owner, balance: 0n });
      const { before, pool, result } = await delivered(it, request);
      await expectPayout(it, result, { queryId: 31n, to: owner, coins: 0n, excessesTo, kept: pool });
      await expectChange(it, before, {});
      await given(it, { state: CocoonState.closed });
      await expectRejection(it.world, request, ExitCode.closed);
    });

    test('of top ups that went back is not paid again; the escrow is (W01)', async () => {
      const before = await storageOf(it);
      const returned = toNano('25');
      await given(it, { clients: recordsWith(it, before.clients, client(), { ahead: returned }) });
      const { pool, result } = await refund(ESCROW + returned - toNano('15'), toNano('15'));
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: ESCROW, excessesTo, kept: pool - ESCROW });
      // 15 TON that its own books still name are top ups that went back.
      const clients = recordsWith(it, before.clients, client(), { escrow: 0n, ahead: toNano('15') });
      await expectChange(it, before, { clients });
    });

    test('that the pool cannot pay in full, for rent, pays what is there and owes the rest (W09, W36)', async () => {
      const [left, value] = [toNano('20'), VALUE];
      (await it.world.chain.getContract(it.proxy.address)).balance = left;
      const { before, result } = await refund(ESCROW, 0n);
      // The message gives what it does not need itself.
      const paid = left + value - dearestRequest('current');
      await expectPayout(it, result, { queryId: 31n, to: client(), coins: paid, excessesTo, kept: 0n });
      const owed = { escrow: ESCROW - paid, ahead: paid - ESCROW };
      await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), owed) });

      (await it.world.chain.getContract(it.proxy.address)).balance = POOL;
      const later = await refund(0n, 0n);
      const rest = ESCROW - paid;
      const kept = POOL - rest;
      await expectPayout(it, later.result, { queryId: 31n, to: client(), coins: rest, excessesTo, kept });
      await expectChange(it, before, { clients: recordsWith(it, before.clients, client(), null) });
    });

    test("is refused for another owner than the record's", async () => {
      const owner = it.world.actors.otherClientOwner.address;
      const from = clientAddress(it, client());
      const request = clientRequest(it, payload(), { owner, from });
      await expectRejection(it.world, request, ExitCode.contractAddressMismatch);
    });
  });
});

describe('request of a client', () => {
  const payloads: { name: string; payload: () => Cell }[] = [
    { name: 'top up', payload: () => bodies.clientProxyTopUp({ amount: toNano('0.1'), excessesTo }) },
    { name: 'granted refund', payload: () => bodies.clientProxyRefundGranted({ amount: 1n, excessesTo }) },
    { name: 'forced refund', payload: () => bodies.clientProxyRefundForce({ amount: 1n, excessesTo }) },
  ];

  test.each(payloads)("for a $name is refused from anybody but that owner's client contract", async ({ payload }) => {
    const { clientOwner, stranger } = it.world.actors;
    const others = [stranger, clientAddress(it, stranger.address), workerAddress(it, clientOwner.address), clientOwner];
    for (const from of others) {
      const { body, to, value } = clientRequest(it, payload());
      await expectRejection(it.world, { from, to, value, body }, ExitCode.contractAddressMismatch);
    }
  });

  test.each(payloads)('for a $name is refused with a payload too short or too long', async ({ payload }) => {
    const short = beginCell().storeUint(payload().beginParse().loadUint(32), 32).endCell();
    for (const spoiled of [short, withTrailingBit(payload()), withTrailingRef(payload())]) {
      await expectRejection(it.world, clientRequest(it, spoiled), ExitCode.tvmCellUnderflow);
    }
  });

  test('with an unknown payload is refused by name', async () => {
    const payload = bodies.workerProxyPayoutRequest({ workerPart: 1n, proxyPart: 0n, excessesTo });
    await expectRejection(it.world, clientRequest(it, payload), ExitCode.unknownOp);
  });

  test('is checked in the order address, payload op, payload form, state', async () => {
    await given(it, { state: CocoonState.closed });
    const from = it.world.actors.stranger.address;
    const unknown = headerOnly(1);
    await expectRejection(it.world, clientRequest(it, unknown, { from }), ExitCode.contractAddressMismatch);
    await expectRejection(it.world, clientRequest(it, unknown), ExitCode.unknownOp);
    const spoiled = withTrailingBit(bodies.clientProxyRefundGranted({ amount: 1n, excessesTo }));
    await expectRejection(it.world, clientRequest(it, spoiled), ExitCode.tvmCellUnderflow);
    await expectRejection(it.world, workerRequest(it, unknown, { from }), ExitCode.contractAddressMismatch);
    await expectRejection(it.world, workerRequest(it, unknown), ExitCode.unknownOp);
  });

  test('to register is silent: the message is for the runner that watches, whatever follows the nonce', async () => {
    const payload = bodies.clientProxyRegister({ nonce: 77n });
    for (const tail of [payload, withTrailingBit(payload), withTrailingRef(payload)]) {
      await expectSilence(it.world, clientRequest(it, tail));
    }
  });
});

describe('information without a payload', () => {
  test('is silent, whoever sends it: runners must check the sender', async () => {
    const from = it.world.actors.stranger.address;
    await expectSilence(it.world, clientRequest(it, null));
    await expectSilence(it.world, clientRequest(it, null, { from }));
    await expectSilence(it.world, workerRequest(it, null));
    await expectSilence(it.world, workerRequest(it, null, { from }));
  });

  test('that is malformed is refused', async () => {
    const owner = it.world.actors.clientOwner.address;
    const from = it.world.actors.stranger;
    const client = bodies.clientProxyRequest({ queryId: 1n, owner, snapshot, payload: null });
    const worker = bodies.workerProxyRequest({ queryId: 1n, owner, state: 0, tokens: 1n, payload: null });
    for (const body of [
      withTrailingBit(client),
      withTrailingRef(client),
      withTrailingBit(worker),
      withTrailingRef(worker),
    ]) {
      const attempt = { from, to: it.proxy.address, value: VALUE, body };
      await expectRejection(it.world, attempt, ExitCode.tvmCellUnderflow);
    }
  });
});
