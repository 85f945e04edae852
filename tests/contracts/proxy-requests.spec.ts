import { type Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode } from '../../wrappers';
import { expectSilence } from '../support/acceptance';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import {
  clientAddress,
  clientRequest,
  createProxyWorld,
  delivered,
  expectChange,
  expectExcesses,
  expectPayout,
  given,
  POOL,
  type ProxyWorld,
  REVENUE,
  STAKE,
  snapshot,
  storageOf,
  VALUE,
  workerAddress,
  workerRequest,
} from '../support/proxy-world';
import { expectRejection } from '../support/rejection';
import { startEachTestFrom } from '../support/world';

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
  const payload = () => bodies.workerProxyPayoutRequest({ workerPart, proxyPart, excessesTo });

  test.each([CocoonState.normal, CocoonState.closing])(
    'pays the worker part, books the rest (state %i)',
    async (state) => {
      await given(it, { state });
      const { before, pool, result } = await delivered(it, workerRequest(it, payload()));
      const to = it.world.actors.workerOwner.address;
      await expectPayout(it, result, { queryId: 32n, to, coins: workerPart, excessesTo, kept: pool - workerPart });
      await expectChange(it, before, { balance: REVENUE + proxyPart });
    },
  );

  test('is refused when the coins are not there', async () => {
    const tooMuch = bodies.workerProxyPayoutRequest({ workerPart: POOL + 1n, proxyPart, excessesTo });
    await expectRejection(it.world, workerRequest(it, tooMuch), ExitCode.tvmRange);
  });

  test('is refused by a closed proxy', async () => {
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, workerRequest(it, payload()), ExitCode.closed);
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
  const payload = () => bodies.clientProxyTopUp({ amount, excessesTo });
  const value = amount + VALUE;

  test('stays in the pool', async () => {
    const { before, pool, result } = await delivered(it, clientRequest(it, payload(), { value }));
    await expectExcesses(it, result, { queryId: 31n, excessesTo, kept: pool + amount });
    await expectChange(it, before, {});
  });

  test.each([CocoonState.closing, CocoonState.closed])(
    'goes back to the owner of the client in state %i',
    async (state) => {
      await given(it, { state });
      const { before, pool, result } = await delivered(it, clientRequest(it, payload(), { value }));
      const to = it.world.actors.clientOwner.address;
      await expectPayout(it, result, { queryId: 31n, to, coins: amount, excessesTo, kept: pool, mode: 0 });
      await expectChange(it, before, {});
    },
  );
});

describe('granted refund', () => {
  const amount = toNano('30');
  const payload = () => bodies.clientProxyRefundGranted({ amount, excessesTo });

  test.each([CocoonState.normal, CocoonState.closing])(
    'is paid to the owner of the client (state %i)',
    async (state) => {
      await given(it, { state });
      const { before, pool, result } = await delivered(it, clientRequest(it, payload()));
      const to = it.world.actors.clientOwner.address;
      await expectPayout(it, result, { queryId: 31n, to, coins: amount, excessesTo, kept: pool - amount });
      await expectChange(it, before, {});
    },
  );

  test('is refused when the coins are not there', async () => {
    const tooMuch = bodies.clientProxyRefundGranted({ amount: POOL + 1n, excessesTo });
    await expectRejection(it.world, clientRequest(it, tooMuch), ExitCode.tvmRange);
  });

  test('is refused by a closed proxy', async () => {
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, clientRequest(it, payload()), ExitCode.closed);
  });
});

describe('forced refund', () => {
  test.each([
    { claim: '10', paid: '10', left: '5' },
    { claim: '15', paid: '15', left: '0' },
    { claim: '40', paid: '15', left: '0' },
  ])('of $claim TON is paid from the stake: $paid TON, $left TON left', async ({ claim, paid, left }) => {
    const payload = bodies.clientProxyRefundForce({ amount: toNano(claim), excessesTo });
    const { before, pool, result } = await delivered(it, clientRequest(it, payload));
    const to = it.world.actors.clientOwner.address;
    const coins = toNano(paid);
    await expectPayout(it, result, { queryId: 31n, to, coins, excessesTo, kept: pool - coins });
    await expectChange(it, before, { stake: toNano(left) });
  });

  test('is paid while closing, and refused by a closed proxy', async () => {
    const payload = bodies.clientProxyRefundForce({ amount: toNano('1'), excessesTo });
    await given(it, { state: CocoonState.closing });
    await delivered(it, clientRequest(it, payload));
    expect((await storageOf(it)).stake).toBe(STAKE - toNano('1'));
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, clientRequest(it, payload), ExitCode.closed);
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
