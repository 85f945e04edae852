import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, type ClientData, CocoonState, ExitCode, Op } from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import { doNotProcessBodies, headerOnly, UNKNOWN_OP } from '../support/bodies';
import {
  type ClientWorld,
  createClientWorld,
  expectChange,
  expectInfo,
  expectRequest,
  FLOOR,
  given,
  MIN_VALUE,
  storageOf,
  VALUE,
} from '../support/client-world';
import { addr, int, methodId, stackOf } from '../support/getters';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, feesOf, sentBy, txOf, txsOf } from '../support/trace';
import {
  type Actor,
  balanceOf,
  checkpoint,
  dataOf,
  deployClient,
  emptyBody,
  overwriteStructVersion,
  proxyKey,
  startEachTestFrom,
} from '../support/world';

let it: ClientWorld;
let excessesTo: Address;

const maxOf = (a: bigint, b: bigint) => (a > b ? a : b);

startEachTestFrom(async () => {
  it = await createClientWorld();
  excessesTo = it.world.actors.carrier.address;
  return it.world;
});

const attempt = (body: Cell, opts: { from?: Actor; value?: bigint } = {}) => ({
  from: opts.from ?? it.world.actors.clientOwner,
  to: it.client.address,
  value: opts.value ?? VALUE,
  body,
});

describe('a new client', () => {
  test('has the smallest stake, no escrow, no secret, and the data its address was derived from', async () => {
    const client = await deployClient(it.world, it.world.actors.proxyStandIn.address, it.world.actors.otherClientOwner);
    expect((await dataOf(it.world, client.address)).equals(client.init!.data)).toBe(true);
    const info = await client.getData();
    expect(info).toMatchObject({ state: 0, balance: 0n, stake: toNano('15'), tokensUsed: 0n, unlockTs: 0 });
    expect(info.secretHash).toEqual(Buffer.alloc(32));
  });

  test('answers get_cocoon_client_data (75156) with its nine fields', async () => {
    expect(methodId('get_cocoon_client_data')).toBe(75156);
    await given(it, { state: CocoonState.closing, unlockTs: 1_800_000_000 });
    expect(await stackOf(it.world, it.client.address, 75156)).toEqual([
      addr(it.world.actors.clientOwner.address),
      addr(it.world.actors.proxyStandIn.address),
      int(proxyKey.publicKey),
      int(1),
      int(toNano('40')),
      int(toNano('15')),
      int(1_000),
      int(1_800_000_000),
      int(hashOf('secret')),
    ]);
  });
});

describe('top up', () => {
  const amount = toNano('25');
  const body = () => bodies.extClientTopUp({ queryId: 3n, amount, excessesTo });

  test.each([CocoonState.normal, CocoonState.closing])(
    'books the coins and passes them on (state %i)',
    async (state) => {
      await given(it, { state });
      const before = await storageOf(it);
      const kept = await balanceOf(it.world, it.client.address);
      const value = amount + VALUE;
      const result = await deliver(it.world, attempt(body(), { from: it.world.actors.stranger, value }));
      const balance = toNano('65');
      const payload = bodies.clientProxyTopUp({ amount, excessesTo });
      await expectRequest(it, result, { queryId: 3n, snapshot: { ...before, balance }, payload, kept });
      await expectChange(it, before, { balance });
    },
  );

  test('needs the amount and 0.1 TON, and takes exactly that', async () => {
    const enough = amount + MIN_VALUE;
    await expectRejection(it.world, attempt(body(), { value: enough - 1n }), ExitCode.lowMsgValue);
    const result = await deliver(it.world, attempt(body(), { value: enough }));
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });
});

test('a top up with far too little is refused by name, not for want of gas, where gas is dear (A4)', async () => {
  const { world, client } = await createClientWorld({ prices: '2024' });
  const before = await dataOf(world, client.address);
  const body = bodies.extClientTopUp({ queryId: 3n, amount: toNano('25'), excessesTo });
  const attempt = { from: world.actors.stranger, to: client.address, value: toNano('0.001'), body };
  const result = await deliver(world, attempt);
  expect(exitCodeOf(txOf(result, client.address))).toBe(ExitCode.lowMsgValue);
  expect((await dataOf(world, client.address)).equals(before)).toBe(true);
});

describe('change of the secret hash with a top up', () => {
  const amount = toNano('5');
  const secretHash = hashOf('another secret');
  const body = () => bodies.ownerClientChangeSecretHashAndTopUp({ queryId: 4n, amount, secretHash, excessesTo });

  test('books both and passes the coins on', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body(), { value: amount + VALUE }));
    const change = { balance: toNano('45'), secretHash };
    const payload = bodies.clientProxyTopUp({ amount, excessesTo });
    await expectRequest(it, result, { queryId: 4n, snapshot: { ...before, ...change }, payload, kept });
    await expectChange(it, before, change);
  });

  test('needs the amount and 0.1 TON', async () => {
    const low = attempt(body(), { value: amount + MIN_VALUE - 1n });
    await expectRejection(it.world, low, ExitCode.lowMsgValue);
  });
});

describe('register', () => {
  test('sends the nonce to the proxy and changes nothing', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const nonce = 0xfedcba9876543210n;
    const result = await deliver(it.world, attempt(bodies.ownerClientRegister({ queryId: 6n, nonce, excessesTo })));
    const payload = bodies.clientProxyRegister({ nonce });
    await expectInfo(it, result, { queryId: 6n, snapshot: before, payload, excessesTo, kept });
    await expectChange(it, before, {});
  });

  test('deploys the client when its message carries the state init', async () => {
    const { clientOwner, proxyStandIn, otherClientOwner } = it.world.actors;
    const undeployed = checkpoint(it.world);
    const client = await deployClient(it.world, proxyStandIn.address, otherClientOwner);
    await undeployed.restore();
    const opts = { nonce: 1n, excessesTo: clientOwner.address };
    const result = await client.sendRegister(otherClientOwner.getSender(), opts);
    expect(exitCodeOf(txOf(result, client.address))).toBe(0);
    expect(await balanceOf(it.world, client.address)).toBe(FLOOR);
  });
});

describe('change of the secret hash', () => {
  test('is booked and told to the proxy', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const secretHash = hashOf('another secret');
    const body = bodies.ownerClientChangeSecretHash({ queryId: 8n, secretHash, excessesTo });
    const result = await deliver(it.world, attempt(body));
    const snapshot = { ...before, secretHash };
    await expectInfo(it, result, { queryId: 8n, snapshot, payload: null, excessesTo, kept });
    await expectChange(it, before, { secretHash });
  });
});

describe('increase of the stake', () => {
  const body = (newStake: bigint) => bodies.ownerClientIncreaseStake({ queryId: 9n, newStake, excessesTo });

  test('is booked as the new absolute stake and told to the proxy', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body(toNano('15') + 1n)));
    const snapshot = { ...before, stake: toNano('15') + 1n };
    await expectInfo(it, result, { queryId: 9n, snapshot, payload: null, excessesTo, kept });
    await expectChange(it, before, { stake: toNano('15') + 1n });
  });

  test('to the stake it has, or below, is refused', async () => {
    for (const stake of [toNano('15'), toNano('1'), 0n]) {
      await expectRejection(it.world, attempt(body(stake)), ExitCode.lowMsgValue);
    }
  });
});

describe('withdraw', () => {
  const body = () => bodies.ownerClientWithdraw({ queryId: 10n, excessesTo });

  test('asks the proxy for everything above the stake', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body()));
    const payload = bodies.clientProxyRefundGranted({ amount: toNano('25'), excessesTo });
    const snapshot = { ...before, balance: toNano('15') };
    await expectRequest(it, result, { queryId: 10n, snapshot, payload, kept });
    await expectChange(it, before, { balance: toNano('15') });
  });

  test('with nothing above the stake is refused', async () => {
    for (const balance of [toNano('15'), toNano('3'), 0n]) {
      await given(it, { balance });
      await expectRejection(it.world, attempt(body()), ExitCode.lowSmcBalance);
    }
  });

  test('while closing is refused', async () => {
    await given(it, { state: CocoonState.closing });
    await expectRejection(it.world, attempt(body()), ExitCode.closed);
  });
});

describe('request of a refund', () => {
  const body = () => bodies.ownerClientRequestRefund({ queryId: 12n, excessesTo });
  const delay = 43_200;

  test('starts the delay and returns what is above the stake', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body()));
    const payload = bodies.clientProxyRefundGranted({ amount: toNano('25'), excessesTo });
    const snapshot = { ...before, state: CocoonState.closing, balance: toNano('15') };
    await expectRequest(it, result, { queryId: 12n, snapshot, payload, kept });
    const unlockTs = it.world.now() + delay;
    await expectChange(it, before, { state: CocoonState.closing, balance: toNano('15'), unlockTs });
  });

  test.each(['15', '3', '0'])('starts the delay and only tells the proxy with %s TON of escrow', async (escrow) => {
    await given(it, { balance: toNano(escrow) });
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body()));
    const snapshot = { ...before, state: CocoonState.closing };
    await expectInfo(it, result, { queryId: 12n, snapshot, payload: null, excessesTo, kept });
    await expectChange(it, before, { state: CocoonState.closing, unlockTs: it.world.now() + delay });
  });

  test('waits a year at most, whatever the parameters say (W28)', async () => {
    const { params } = await storageOf(it);
    for (const clientDelayBeforeClose of [365 * 86_400 + 1, 0xffffffff]) {
      await given(it, { state: CocoonState.normal, params: { ...params, clientDelayBeforeClose } });
      await deliver(it.world, attempt(body()));
      expect((await storageOf(it)).unlockTs).toBe(it.world.now() + 365 * 86_400);
    }
    await given(it, { state: CocoonState.normal, params: { ...params, clientDelayBeforeClose: 365 * 86_400 - 1 } });
    await deliver(it.world, attempt(body()));
    expect((await storageOf(it)).unlockTs).toBe(it.world.now() + 365 * 86_400 - 1);
  });

  test.each([
    { held: '0.8', own: '0.69' },
    { held: '0.21', own: '0.1' },
    { held: '0.209999999', own: '0' },
    { held: '0.05', own: '0' },
  ])(
    'forces the refund of everything once the delay has passed; of its own $held TON the owner gets $own (W13)',
    async ({ held, own }) => {
      await given(it, { state: CocoonState.closing, unlockTs: it.world.now() - 1 });
      (await it.world.chain.getContract(it.client.address)).balance = toNano(held);
      const before = await storageOf(it);
      const result = await deliver(it.world, attempt(body()));
      const payload = bodies.clientProxyRefundForce({ amount: toNano('40'), excessesTo });
      const snapshot = { ...before, state: CocoonState.closed, balance: 0n };
      const kept = own === '0' ? maxOf(toNano(held), FLOOR) : FLOOR;
      await expectRequest(it, result, { queryId: 12n, snapshot, payload, kept, own: toNano(own) });
      await expectChange(it, before, { state: CocoonState.closed, balance: 0n });
    },
  );

  test('before the delay has passed, and in its last second, is refused', async () => {
    for (const unlockTs of [it.world.now() + delay, it.world.now()]) {
      await given(it, { state: CocoonState.closing, unlockTs });
      await expectRejection(it.world, attempt(body()), ExitCode.notUnlockedYet);
    }
  });

  test('is taken under struct version 4 and refused under any other but 3', async () => {
    for (const version of [0, 1, 2, 5, 255]) {
      await overwriteStructVersion(it.world, it.client.address, 1, version);
      await expectRejection(it.world, attempt(body()), ExitCode.storedDataDamaged);
    }
    await overwriteStructVersion(it.world, it.client.address, 1, 4);
    const result = await deliver(it.world, attempt(body()));
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });
});

describe('top up that opens again', () => {
  const amount = toNano('5');
  const body = () => bodies.ownerClientTopUpReopen({ queryId: 13n, amount, excessesTo });

  test.each([CocoonState.closing, CocoonState.closed])(
    'makes an account in state %i a normal one with its counter and secret (W24)',
    async (state) => {
      const unlockTs = state === CocoonState.closing ? it.world.now() + 100 : 0;
      await given(it, { state, unlockTs, balance: state === CocoonState.closed ? 0n : toNano('15') });
      const before = await storageOf(it);
      const kept = await balanceOf(it.world, it.client.address);
      const result = await deliver(it.world, attempt(body(), { value: amount + VALUE }));
      const change = { state: CocoonState.normal, balance: before.balance + amount, unlockTs: 0, reopened: true };
      const payload = bodies.clientProxyTopUp({ amount, excessesTo });
      await expectRequest(it, result, { queryId: 13n, snapshot: { ...before, ...change }, payload, kept });
      await expectChange(it, before, change);
    },
  );

  test('of a normal account is a top up', async () => {
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body(), { value: amount + VALUE }));
    const balance = toNano('45');
    const payload = bodies.clientProxyTopUp({ amount, excessesTo });
    await expectRequest(it, result, { queryId: 13n, snapshot: { ...before, balance }, payload, kept });
    await expectChange(it, before, { balance });
  });
});

describe('request that the proxy cannot take', () => {
  const queryId = 14n;
  const nobody = new Address(0, hashOf('no contract lives here'));

  /** A client of a proxy that is not there: what it asks comes back whole. */
  async function stranded(change: Partial<ClientData>) {
    const client = await deployClient(it.world, nobody);
    const lonely = { world: it.world, client };
    await given(lonely, { balance: toNano('40'), tokensUsed: 1_000n, ...change });
    return lonely;
  }

  /** The carrier has its coins again, the client as many as before, and its books say what they said but for `change`. */
  async function expectUndone(
    lonely: ClientWorld,
    message: { body: Cell; value: bigint },
    change: Partial<ClientData> = {},
  ): Promise<void> {
    const { world, client } = lonely;
    const before = await storageOf(lonely);
    const kept = await balanceOf(world, client.address);
    const result = await deliver(world, { from: world.actors.clientOwner, to: client.address, ...message });
    const [asked, undone, ...more] = txsOf(result, client.address);
    expect(more).toEqual([]);
    expect([exitCodeOf(asked!), exitCodeOf(undone!)]).toEqual([0, 0]);
    const [excesses, ...rest] = sentBy(undone!);
    expect(rest).toEqual([]);
    expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
    expect(excesses?.to.equals(excessesTo)).toBe(true);
    expect(excesses?.body.equals(bodies.excesses({ queryId }))).toBe(true);
    // The request, its arrival at nobody's, and its coming back.
    expect(message.value - excesses!.value).toBe(feesOf({ transactions: result.transactions.slice(1, 4) }));
    expect(await balanceOf(world, client.address)).toBe(kept);
    await expectChange(lonely, before, change);
  }

  test('is undone: a top up (W02)', async () => {
    const amount = toNano('5');
    const topUp = bodies.extClientTopUp({ queryId, amount, excessesTo });
    await expectUndone(await stranded({}), { body: topUp, value: amount + VALUE });
  });

  test('is undone: a withdrawal (W09)', async () => {
    const withdraw = bodies.ownerClientWithdraw({ queryId, excessesTo });
    await expectUndone(await stranded({}), { body: withdraw, value: VALUE });
  });

  test('is undone: a refund, though the account stays closing (W09)', async () => {
    const refund = bodies.ownerClientRequestRefund({ queryId, excessesTo });
    const unlockTs = it.world.now() + 43_200;
    await expectUndone(await stranded({}), { body: refund, value: VALUE }, { state: CocoonState.closing, unlockTs });
  });
});

describe('anything else', () => {
  test('an empty message and do_not_process keep their coins and change nothing', async () => {
    for (const body of [emptyBody, ...doNotProcessBodies]) {
      await expectSilence(it.world, attempt(body, { from: it.world.actors.stranger, value: toNano('0.05') }));
    }
  });

  test('a bounced message that does not say what failed is taken and ignored', async () => {
    const from = it.world.actors.proxyStandIn.address;
    await expectBounceIgnored(it.world, { from, to: it.client.address, op: Op.clientProxyRequest });
  });

  test('an unknown operation is refused by name', async () => {
    for (const op of [UNKNOWN_OP, Op.ownerWorkerReopen, Op.ownerWorkerRegister]) {
      await expectRejection(it.world, attempt(headerOnly(op)), ExitCode.unknownOp);
    }
  });

  test('a truncated header and a text are refused', async () => {
    const truncated = beginCell().storeUint(UNKNOWN_OP, 32).storeUint(0, 63).endCell();
    await expectRejection(it.world, attempt(truncated), ExitCode.tvmCellUnderflow);
    await expectRejection(it.world, attempt(bodies.text('w')), ExitCode.tvmCellUnderflow);
  });
});
