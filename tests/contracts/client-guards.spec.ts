import { type Address, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode, Op } from '../../wrappers';
import {
  headerOnly,
  otherWorkchain,
  unpayable,
  withExcessesTo,
  withTrailingBit,
  withTrailingRef,
} from '../support/bodies';
import { type ClientWorld, createClientWorld, FLOOR, given, MIN_VALUE, VALUE } from '../support/client-world';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, txOf } from '../support/trace';
import { type Actor, startEachTestFrom } from '../support/world';

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

/** Every operation that needs no voucher: who may, and what is refused before the operation itself is looked at. */
interface Operation {
  name: string;
  op: number;
  body: () => Cell;
  amount: bigint;
  /** exit code for anybody but the owner; undefined where everybody may */
  notOwner?: number;
  /** opens a closed client again */
  reopens?: true;
}
const operations: Operation[] = [
  {
    name: 'top up',
    op: Op.extClientTopUp,
    body: () => bodies.extClientTopUp({ queryId: 1n, amount: toNano('2'), excessesTo }),
    amount: toNano('2'),
  },
  {
    name: 'change of the secret hash with a top up',
    op: Op.ownerClientChangeSecretHashAndTopUp,
    body: () =>
      bodies.ownerClientChangeSecretHashAndTopUp({
        queryId: 1n,
        amount: toNano('2'),
        secretHash: hashOf('x'),
        excessesTo,
      }),
    amount: toNano('2'),
    notOwner: ExitCode.expectedMessageFromOwner,
  },
  {
    name: 'register',
    op: Op.ownerClientRegister,
    body: () => bodies.ownerClientRegister({ queryId: 1n, nonce: 5n, excessesTo }),
    amount: 0n,
    notOwner: ExitCode.expectedMessageFromOwner,
  },
  {
    name: 'change of the secret hash',
    op: Op.ownerClientChangeSecretHash,
    body: () => bodies.ownerClientChangeSecretHash({ queryId: 1n, secretHash: hashOf('x'), excessesTo }),
    amount: 0n,
    notOwner: ExitCode.expectedMessageFromOwner,
  },
  {
    name: 'increase of the stake',
    op: Op.ownerClientIncreaseStake,
    body: () => bodies.ownerClientIncreaseStake({ queryId: 1n, newStake: toNano('20'), excessesTo }),
    amount: 0n,
    notOwner: ExitCode.expectedMessageFromOwner,
  },
  {
    name: 'withdraw',
    op: Op.ownerClientWithdraw,
    body: () => bodies.ownerClientWithdraw({ queryId: 1n, excessesTo }),
    amount: 0n,
    notOwner: ExitCode.expectedOwner,
  },
  {
    name: 'request of a refund',
    op: Op.ownerClientRequestRefund,
    body: () => bodies.ownerClientRequestRefund({ queryId: 1n, excessesTo }),
    amount: 0n,
    notOwner: ExitCode.expectedOwner,
  },
  {
    name: 'top up that opens again',
    op: Op.ownerClientTopUpReopen,
    body: () => bodies.ownerClientTopUpReopen({ queryId: 1n, amount: toNano('2'), excessesTo }),
    amount: toNano('2'),
    notOwner: ExitCode.expectedMessageFromOwner,
    reopens: true,
  },
];

describe.each(operations)('$name, before anything else,', ({ op, body, amount, notOwner, reopens }) => {
  const value = amount + VALUE;

  test('is refused with a body too short or too long', async () => {
    for (const spoiled of [headerOnly(op), withTrailingBit(body()), withTrailingRef(body())]) {
      await expectRejection(it.world, attempt(spoiled, { value }), ExitCode.tvmCellUnderflow);
    }
  });

  if (reopens !== true) {
    test('is refused by a closed client', async () => {
      await given(it, { state: CocoonState.closed });
      await expectRejection(it.world, attempt(body(), { value }), ExitCode.closed);
    });
  }

  test('is refused where nothing can be sent to the address for the excesses (W11)', async () => {
    for (const to of unpayable) {
      await expectRejection(it.world, attempt(withExcessesTo(body(), to), { value }), ExitCode.badAddress);
    }
    const result = await deliver(it.world, attempt(withExcessesTo(body(), otherWorkchain), { value }));
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is refused with less than 0.1 TON for itself', async () => {
    await expectRejection(it.world, attempt(body(), { value: amount + MIN_VALUE - 1n }), ExitCode.lowMsgValue);
  });

  test('is refused where the contract could not keep its reserve', async () => {
    (await it.world.chain.getContract(it.client.address)).balance = toNano('0.05');
    // 0.05 there + 0.1599… sent < 0.11 kept + 0.1 for the operation
    const short = amount + MIN_VALUE + toNano('0.0599');
    await expectRejection(it.world, attempt(body(), { value: short }), ExitCode.lowSmcBalance);
    const result = await deliver(it.world, attempt(body(), { value: amount + MIN_VALUE + FLOOR }));
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is checked in the order form, closed, value, balance, sender', async () => {
    const { stranger } = it.world.actors;
    (await it.world.chain.getContract(it.client.address)).balance = toNano('0.05');
    const short = { from: stranger, value: amount + MIN_VALUE };
    await expectRejection(it.world, attempt(body(), short), ExitCode.lowSmcBalance);
    const low = { from: stranger, value: amount + MIN_VALUE - 1n };
    await expectRejection(it.world, attempt(body(), low), ExitCode.lowMsgValue);
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, attempt(body(), low), reopens ? ExitCode.lowMsgValue : ExitCode.closed);
    await expectRejection(it.world, attempt(withTrailingBit(body()), low), ExitCode.tvmCellUnderflow);
  });

  if (notOwner !== undefined) {
    test('is refused to everybody but the owner', async () => {
      const { stranger, proxyStandIn, proxyOwner } = it.world.actors;
      for (const from of [stranger, proxyStandIn, proxyOwner]) {
        await expectRejection(it.world, attempt(body(), { from, value }), notOwner);
      }
    });
  }
});

test('the owner is checked before the operation itself', async () => {
  const { stranger: from } = it.world.actors;
  await given(it, { balance: 0n, state: CocoonState.normal });
  const withdraw = bodies.ownerClientWithdraw({ queryId: 1n, excessesTo });
  await expectRejection(it.world, attempt(withdraw, { from }), ExitCode.expectedOwner);
  const stake = bodies.ownerClientIncreaseStake({ queryId: 1n, newStake: 0n, excessesTo });
  await expectRejection(it.world, attempt(stake, { from }), ExitCode.expectedMessageFromOwner);
  await given(it, { state: CocoonState.closing, unlockTs: it.world.now() + 100 });
  const refund = bodies.ownerClientRequestRefund({ queryId: 1n, excessesTo });
  await expectRejection(it.world, attempt(refund, { from }), ExitCode.expectedOwner);
});
