import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode, Op } from '../../wrappers';
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
import { exitCodeOf, txOf } from '../support/trace';
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

  test('forces the refund of everything once the delay has passed', async () => {
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now() - 1 });
    const before = await storageOf(it);
    const kept = await balanceOf(it.world, it.client.address);
    const result = await deliver(it.world, attempt(body()));
    const payload = bodies.clientProxyRefundForce({ amount: toNano('40'), excessesTo });
    const snapshot = { ...before, state: CocoonState.closed, balance: 0n };
    await expectRequest(it, result, { queryId: 12n, snapshot, payload, kept });
    expect(await it.client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n });
  });

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

describe('anything else', () => {
  test('an empty message and do_not_process keep their coins and change nothing', async () => {
    for (const body of [emptyBody, ...doNotProcessBodies]) {
      await expectSilence(it.world, attempt(body, { from: it.world.actors.stranger, value: toNano('0.05') }));
    }
  });

  test('a bounced message is taken and ignored', async () => {
    const from = it.world.actors.proxyStandIn.address;
    await expectBounceIgnored(it.world, { from, to: it.client.address, op: Op.clientProxyRequest });
  });

  test('an unknown operation, and top_up_reopen which nobody implements, are refused by name', async () => {
    for (const op of [UNKNOWN_OP, Op.extClientTopUpReopen, Op.ownerWorkerRegister]) {
      await expectRejection(it.world, attempt(headerOnly(op)), ExitCode.unknownOp);
    }
  });

  test('a truncated header and a text are refused', async () => {
    const truncated = beginCell().storeUint(UNKNOWN_OP, 32).storeUint(0, 63).endCell();
    await expectRejection(it.world, attempt(truncated), ExitCode.tvmCellUnderflow);
    await expectRejection(it.world, attempt(bodies.text('w')), ExitCode.tvmCellUnderflow);
  });
});
