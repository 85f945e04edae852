import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode, Op } from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import {
  doNotProcessBodies,
  headerOnly,
  otherWorkchain,
  UNKNOWN_OP,
  unpayable,
  withExcessesTo,
  withTrailingBit,
  withTrailingRef,
} from '../support/bodies';
import { addr, int, methodId, stackOf } from '../support/getters';
import {
  createProxyWorld,
  createProxyWorldWithBooks,
  delivered,
  EARNED,
  ESCROW,
  expectChange,
  expectCompletion,
  expectExcesses,
  expectPayout,
  given,
  MIN_VALUE,
  OTHER_ESCROW,
  PAYABLE,
  POOL,
  type ProxyWorld,
  REVENUE,
  STAKE,
  storageOf,
  VALUE,
} from '../support/proxy-world';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import {
  type Actor,
  balanceOf,
  dataOf,
  deployProxy,
  emptyBody,
  proxyKey,
  rootAddress,
  startEachTestFrom,
} from '../support/world';

const DELAY = 86_400;

let it: ProxyWorld;
let excessesTo: Address;

startEachTestFrom(async () => {
  it = await createProxyWorld();
  excessesTo = it.world.actors.carrier.address;
  return it.world;
});

const attempt = (body: Cell, opts: { from?: Actor; value?: bigint } = {}) => ({
  from: opts.from ?? it.world.actors.proxyOwner,
  to: it.proxy.address,
  value: opts.value ?? VALUE,
  body,
});

describe('a new proxy', () => {
  test('holds the data its address was derived from', async () => {
    await given(it, { balance: 0n, stake: 0n });
    expect((await dataOf(it.world, it.proxy.address)).equals(it.proxy.init!.data)).toBe(true);
    expect(await it.proxy.getData()).toMatchObject({ state: 0, balance: 0n, stake: 0n, unlockTs: 0 });
  });

  test('answers get_cocoon_proxy_data (97687) with its twelve fields', async () => {
    expect(methodId('get_cocoon_proxy_data')).toBe(97687);
    await given(it, { state: CocoonState.closing, unlockTs: 1_800_000_000 });
    expect(await stackOf(it.world, it.proxy.address, 97687)).toEqual([
      addr(it.world.actors.proxyOwner.address),
      int(proxyKey.publicKey),
      addr(rootAddress(it.world)),
      int(1),
      int(REVENUE),
      int(STAKE),
      int(1_800_000_000),
      int(20),
      int(19),
      int(toNano('15')),
      int(toNano('15')),
      int(17),
    ]);
  });
});

describe('get_cocoon_proxy_books says whose the coins are', () => {
  const books = (account: Address) => stackOf(it.world, account, methodId('get_cocoon_proxy_books'));

  test('of a pool without books', async () => {
    const answer = [int(0), int(0), int(POOL - REVENUE), int(STAKE), int(0)];
    expect(await books(it.proxy.address)).toEqual(answer);
  });

  test('of a pool whose clients have topped up', async () => {
    const { proxy } = await createProxyWorldWithBooks(it);
    expect(await books(proxy.address)).toEqual([
      int(ESCROW + OTHER_ESCROW),
      int(EARNED),
      int(PAYABLE),
      int(STAKE),
      int(2),
    ]);
    expect(await proxy.getBooks()).toEqual({
      escrow: ESCROW + OTHER_ESCROW,
      earned: EARNED,
      payable: PAYABLE,
      backedStake: STAKE,
      clients: 2,
    });
  });

  test('of a pool that paid in advance or is short of its stake', async () => {
    const { proxy } = await createProxyWorldWithBooks(it);
    await given(it, { earned: -toNano('20') });
    (await it.world.chain.getContract(proxy.address)).balance = POOL - toNano('20');
    // 28 could be paid; 20 of it are gone, and with them all that is nobody's and 7 of the stake.
    expect(await proxy.getBooks()).toMatchObject({
      earned: -toNano('20'),
      payable: toNano('8'),
      backedStake: toNano('8'),
    });
  });
});

describe('payout of the revenue', () => {
  const body = () => bodies.extProxyPayoutRequest({ queryId: 2n, excessesTo });

  test('goes to the owner whoever asks, and empties the counter', async () => {
    const request = attempt(body(), { from: it.world.actors.stranger });
    const { before, pool, result } = await delivered(it, request);
    const to = it.world.actors.proxyOwner.address;
    await expectPayout(it, result, { queryId: 2n, to, coins: REVENUE, excessesTo, kept: pool - REVENUE });
    await expectChange(it, before, { balance: 0n });
  });

  test('when the coins are not there pays those that are, and the rest stays booked (W10)', async () => {
    await given(it, { balance: POOL + 1n });
    const { before, pool, result } = await delivered(it, attempt(body()));
    const to = it.world.actors.proxyOwner.address;
    await expectPayout(it, result, { queryId: 2n, to, coins: pool, excessesTo, kept: 0n });
    await expectChange(it, before, { balance: 1n });
  });

  test.each([
    { earned: '5', paid: '25' },
    { earned: '30', paid: '0' },
    { earned: '31', paid: '0' },
    { earned: '-3', paid: '30' },
  ])('leaves the escrow and $earned TON of earned coins alone (W04)', async ({ earned, paid }) => {
    await createProxyWorldWithBooks(it);
    await given(it, { balance: toNano('40'), earned: toNano(earned) });
    const { before, pool, result } = await delivered(it, attempt(body()));
    const to = it.world.actors.proxyOwner.address;
    const coins = toNano(paid);
    await expectPayout(it, result, { queryId: 2n, to, coins, excessesTo, kept: pool - coins });
    await expectChange(it, before, { balance: toNano('40') - coins });
  });

  test("of a closed proxy is what is nobody else's, and refused where nothing is (W22)", async () => {
    await createProxyWorldWithBooks(it);
    await given(it, { state: CocoonState.closed, balance: 0n, stake: 0n });
    const { before, pool, result } = await delivered(it, attempt(body()));
    const to = it.world.actors.proxyOwner.address;
    const kept = ESCROW + OTHER_ESCROW + EARNED + toNano('0.01');
    await expectPayout(it, result, { queryId: 2n, to, coins: pool - kept, excessesTo, kept });
    await expectChange(it, before, {});
    await expectRejection(it.world, attempt(body()), ExitCode.closed);
  });

  test('needs 0.1 TON and takes exactly that', async () => {
    await expectRejection(it.world, attempt(body(), { value: MIN_VALUE - 1n }), ExitCode.lowMsgValue);
    const result = await deliver(it.world, attempt(body(), { value: MIN_VALUE }));
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });
});

describe('increase of the stake', () => {
  const amount = toNano('3');
  const body = () => bodies.extProxyIncreaseStake({ queryId: 3n, amount, excessesTo });

  test('adds what anybody pays in', async () => {
    const request = attempt(body(), { from: it.world.actors.stranger, value: amount + VALUE });
    const { before, pool, result } = await delivered(it, request);
    await expectExcesses(it, result, { queryId: 3n, excessesTo, kept: pool + amount });
    await expectChange(it, before, { stake: STAKE + amount });
  });

  test.each([CocoonState.closing, CocoonState.closed])('is refused in state %i (W26)', async (state) => {
    await given(it, { state });
    await expectRejection(it.world, attempt(body(), { value: amount + VALUE }), ExitCode.closed);
  });

  test('begins with no less than the parameters ask for; once there is a stake, anything adds to it (W07)', async () => {
    await given(it, { stake: 0n });
    await expectRejection(it.world, attempt(body(), { value: amount + VALUE }), ExitCode.lowMsgValue);
    const least = bodies.extProxyIncreaseStake({ queryId: 3n, amount: toNano('15'), excessesTo });
    await expectRejection(
      it.world,
      attempt(bodies.extProxyIncreaseStake({ queryId: 3n, amount: toNano('15') - 1n, excessesTo }), {
        value: toNano('16'),
      }),
      ExitCode.lowMsgValue,
    );
    const first = await delivered(it, attempt(least, { value: toNano('16') }));
    await expectExcesses(it, first.result, { queryId: 3n, excessesTo, kept: first.pool + toNano('15') });
    await expectChange(it, first.before, { stake: toNano('15') });
    await delivered(it, attempt(body(), { value: amount + VALUE }));
    expect((await storageOf(it)).stake).toBe(toNano('15') + amount);
  });

  test('needs the amount and 0.1 TON and takes exactly that', async () => {
    const value = amount + MIN_VALUE;
    await expectRejection(it.world, attempt(body(), { value: value - 1n }), ExitCode.lowMsgValue);
    const result = await deliver(it.world, attempt(body(), { value }));
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });
});

describe('close by the owner', () => {
  const body = () => bodies.ownerProxyClose({ queryId: 4n, excessesTo });

  test('starts the delay', async () => {
    const { before, pool, result } = await delivered(it, attempt(body()));
    await expectExcesses(it, result, { queryId: 4n, excessesTo, kept: pool });
    await expectChange(it, before, { state: CocoonState.closing, unlockTs: it.world.now() + DELAY });
  });

  test.each([CocoonState.closing, CocoonState.closed])('is refused in state %i', async (state) => {
    await given(it, { state });
    await expectRejection(it.world, attempt(body()), ExitCode.closed);
  });

  test('is refused to everybody else', async () => {
    const { stranger, clientOwner } = it.world.actors;
    for (const from of [stranger, clientOwner]) {
      await expectRejection(it.world, attempt(body(), { from }), ExitCode.expectedMessageFromOwner);
    }
  });

  test('completes, without the key, when a second delay has passed, to the second (W23)', async () => {
    const close = { state: CocoonState.closing, unlockTs: it.world.now() - DELAY } as const;
    await given(it, { ...close, unlockTs: close.unlockTs + 1 });
    await expectRejection(it.world, attempt(body()), ExitCode.closed);
    await given(it, close);
    await expectRejection(
      it.world,
      attempt(body(), { from: it.world.actors.stranger }),
      ExitCode.expectedMessageFromOwner,
    );
    const { before, result } = await delivered(it, attempt(body()));
    await expectCompletion(it, result, { before, queryId: 4n, others: 0n });
  });

  test('completes without the key, and leaves clients and workers what is theirs (W21, W23)', async () => {
    await createProxyWorldWithBooks(it);
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now() - DELAY });
    const { before, result } = await delivered(it, attempt(body()));
    await expectCompletion(it, result, { before, queryId: 4n, others: ESCROW + OTHER_ESCROW + EARNED });
  });

  test('is checked in the order value, state, owner', async () => {
    const { stranger } = it.world.actors;
    await given(it, { state: CocoonState.closing });
    await expectRejection(it.world, attempt(body(), { from: stranger }), ExitCode.closed);
    const low = attempt(body(), { from: stranger, value: MIN_VALUE - 1n });
    await expectRejection(it.world, low, ExitCode.lowMsgValue);
  });
});

describe('text of the owner', () => {
  test('"c" starts the delay', async () => {
    const { before, pool, result } = await delivered(it, attempt(bodies.text('c')));
    const owner = it.world.actors.proxyOwner.address;
    await expectExcesses(it, result, { queryId: 0n, excessesTo: owner, kept: pool });
    await expectChange(it, before, { state: CocoonState.closing, unlockTs: it.world.now() + DELAY });
  });

  test('"w" pays the revenue and what is left of the value in one message', async () => {
    const { before, pool, result } = await delivered(it, attempt(bodies.text('w')));
    const tx = txOf(result, it.proxy.address);
    const [payout, ...rest] = sentBy(tx);
    expect(rest).toEqual([]);
    expect(payout).toMatchObject({ op: 'payout', bounce: false, mode: 128 });
    expect(payout?.to.equals(it.world.actors.proxyOwner.address)).toBe(true);
    expect(payout?.body.equals(bodies.payout({ queryId: 0n }))).toBe(true);
    expect(reservesOf(tx)).toEqual([{ coins: pool - REVENUE, mode: 0 }]);
    expect(payout!.value).toBeGreaterThan(REVENUE);
    expect(await balanceOf(it.world, it.proxy.address)).toBe(pool - REVENUE);
    await expectChange(it, before, { balance: 0n });
  });

  test('"w" pays no more than others leave, and the rest stays booked (W10)', async () => {
    await createProxyWorldWithBooks(it);
    await given(it, { balance: toNano('40') });
    const { before, result } = await delivered(it, attempt(bodies.text('w')));
    const kept = ESCROW + OTHER_ESCROW + EARNED;
    expect(reservesOf(txOf(result, it.proxy.address))).toEqual([{ coins: kept, mode: 0 }]);
    expect(await balanceOf(it.world, it.proxy.address)).toBe(kept);
    await expectChange(it, before, { balance: toNano('40') - (POOL - kept) });
  });

  test.each(['c', 'w'] as const)('"%s" is refused to everybody else', async (command) => {
    const request = attempt(bodies.text(command), { from: it.world.actors.stranger });
    await expectRejection(it.world, request, ExitCode.expectedMessageFromOwner);
  });

  test.each(['c', 'w'] as const)('"%s" needs 0.1 TON', async (command) => {
    const request = attempt(bodies.text(command), { value: MIN_VALUE - 1n });
    await expectRejection(it.world, request, ExitCode.lowMsgValue);
  });

  test('"c" is refused while closing', async () => {
    await given(it, { state: CocoonState.closing });
    await expectRejection(it.world, attempt(bodies.text('c')), ExitCode.closed);
  });

  test('that is longer, or empty, is refused as malformed', async () => {
    const longer = beginCell().storeUint(0, 32).storeStringTail('cw').endCell();
    const empty = beginCell().storeUint(0, 32).endCell();
    for (const body of [longer, empty, withTrailingRef(bodies.text('c'))]) {
      await expectRejection(it.world, attempt(body), ExitCode.tvmCellUnderflow);
    }
  });

  test('that is another letter is refused by name', async () => {
    for (const command of ['b', 'u'] as const) {
      await expectRejection(it.world, attempt(bodies.text(command)), ExitCode.unknownTextOp);
    }
  });
});

describe.each<{ name: string; op: number; body: () => Cell; value: bigint }>([
  {
    name: 'payout of the revenue',
    op: Op.extProxyPayoutRequest,
    body: () => bodies.extProxyPayoutRequest({ queryId: 2n, excessesTo }),
    value: VALUE,
  },
  {
    name: 'increase of the stake',
    op: Op.extProxyIncreaseStake,
    body: () => bodies.extProxyIncreaseStake({ queryId: 2n, amount: toNano('3'), excessesTo }),
    value: VALUE + toNano('3'),
  },
  {
    name: 'close by the owner',
    op: Op.ownerProxyClose,
    body: () => bodies.ownerProxyClose({ queryId: 2n, excessesTo }),
    value: VALUE,
  },
])('$name', ({ op, body, value }) => {
  test('is refused with a body too short or too long', async () => {
    for (const spoiled of [headerOnly(op), withTrailingBit(body()), withTrailingRef(body())]) {
      await expectRejection(it.world, attempt(spoiled, { value }), ExitCode.tvmCellUnderflow);
    }
  });

  test('is refused where nothing can be sent to the address for the excesses (W11)', async () => {
    for (const to of unpayable) {
      await expectRejection(it.world, attempt(withExcessesTo(body(), to), { value }), ExitCode.badAddress);
    }
  });

  test('goes through although its excesses cannot: their workchain does not exist (W11)', async () => {
    const before = await dataOf(it.world, it.proxy.address);
    const result = await deliver(it.world, attempt(withExcessesTo(body(), otherWorkchain), { value }));
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
    expect((await dataOf(it.world, it.proxy.address)).equals(before)).toBe(false);
  });
});

describe('anything else', () => {
  test('an empty message and do_not_process (a saved state) keep their coins and change nothing', async () => {
    for (const body of [emptyBody, ...doNotProcessBodies]) {
      await expectSilence(it.world, attempt(body, { from: it.world.actors.stranger, value: toNano('0.05') }));
    }
  });

  test('a saved state with one nanoTON is on record although the compute phase is skipped', async () => {
    const before = await dataOf(it.world, it.proxy.address);
    const { proxyOwner } = it.world.actors;
    const result = await it.proxy.sendSaveState(proxyOwner.getSender(), { seqno: 3, uniqueHash: Buffer.alloc(32, 9) });
    const tx = txOf(result, it.proxy.address);
    expect(exitCodeOf(tx)).toBeUndefined();
    expect(opInOf(tx)).toBe(Op.doNotProcess);
    expect((await dataOf(it.world, it.proxy.address)).equals(before)).toBe(true);
  });

  test('a bounced message is taken and ignored', async () => {
    const from = it.world.actors.clientOwner.address;
    await expectBounceIgnored(it.world, { from, to: it.proxy.address, op: Op.payout });
  });

  test('an unknown operation is refused by name, a truncated header as malformed', async () => {
    for (const op of [UNKNOWN_OP, Op.ownerClientRegister]) {
      await expectRejection(it.world, attempt(headerOnly(op)), ExitCode.unknownOp);
    }
    const truncated = beginCell().storeUint(UNKNOWN_OP, 32).storeUint(0, 63).endCell();
    await expectRejection(it.world, attempt(truncated), ExitCode.tvmCellUnderflow);
  });

  test('a second proxy of the same owner and key is the same proxy', async () => {
    const again = await deployProxy(it.world);
    expect(again.address.equals(it.proxy.address)).toBe(true);
    expect(await storageOf(it)).toMatchObject({ stake: STAKE });
  });
});

function opInOf(tx: ReturnType<typeof txOf>): number | undefined {
  return tx.inMessage?.body.beginParse().loadUint(32);
}
