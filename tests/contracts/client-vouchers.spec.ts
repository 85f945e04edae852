import { Address, toNano } from '@ton/core';
import { bodies, CocoonState, ExitCode, Op, voucherPayload } from '../../wrappers';
import {
  headerOnly,
  otherWorkchain,
  unpayable,
  withExcessesTo,
  withTrailingBit,
  withTrailingRef,
} from '../support/bodies';
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
import { hashOf } from '../support/keys';
import { LEAST_OWN, OWN_RESERVE } from '../support/own-coins';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, txOf, txsOf } from '../support/trace';
import { type VoucherOp, voucher, voucherBody } from '../support/vouchers';
import { balanceOf, deployClient, overwriteStructVersion, startEachTestFrom, strangerKey } from '../support/world';

const PRICE = 20n;

let it: ClientWorld;

startEachTestFrom(async () => {
  it = await createClientWorld();
  return it.world;
});

function attemptWith(op: VoucherOp, opts: Partial<Parameters<typeof voucherBody>[0]> = {}) {
  const { carrier } = it.world.actors;
  const body = voucherBody({
    op,
    queryId: 21n,
    tokens: 1_500n,
    contract: it.client.address,
    excessesTo: carrier.address,
    ...opts,
  });
  return { from: carrier, to: it.client.address, value: VALUE, body };
}

describe('charge voucher', () => {
  const op = 'extClientChargeSigned';

  test.each([CocoonState.normal, CocoonState.closing])(
    'books the new tokens at the price (state %i)',
    async (state) => {
      await given(it, { state });
      const before = await storageOf(it);
      const kept = await balanceOf(it.world, it.client.address);
      const result = await deliver(it.world, attemptWith(op, { tokens: 1_000_001_000n }));
      const change = { balance: toNano('40') - 1_000_000_000n * PRICE, tokensUsed: 1_000_001_000n };
      const excessesTo = it.world.actors.carrier.address;
      const snapshot = { ...before, ...change };
      await expectInfo(it, result, { queryId: 21n, snapshot, payload: null, excessesTo, kept });
      await expectChange(it, before, change);
    },
  );

  test('for more than the escrow leaves nothing, and still books all tokens', async () => {
    const before = await storageOf(it);
    await deliver(it.world, attemptWith(op, { tokens: (1n << 64n) - 1n }));
    await expectChange(it, before, { balance: 0n, tokensUsed: (1n << 64n) - 1n });
  });

  test('with a counter that does not grow is refused', async () => {
    for (const tokens of [1_000n, 999n, 0n]) {
      await expectRejection(it.world, attemptWith(op, { tokens }), ExitCode.oldMessage);
    }
  });

  test('is charged once: a second delivery is refused', async () => {
    await deliver(it.world, attemptWith(op));
    await expectRejection(it.world, attemptWith(op), ExitCode.oldMessage);
  });
});

describe('refund voucher', () => {
  const op = 'extClientGrantRefundSigned';

  test.each([CocoonState.normal, CocoonState.closing])(
    'books, closes and returns the rest; what the account had of its own goes to its owner (W13; state %i)',
    async (state) => {
      await given(it, { state, unlockTs: state === CocoonState.closing ? it.world.now() + 100 : 0 });
      const before = await storageOf(it);
      const own = (await balanceOf(it.world, it.client.address)) - OWN_RESERVE;
      const result = await deliver(it.world, attemptWith(op, { tokens: 501_000n }));
      const amount = toNano('40') - 500_000n * PRICE;
      const payload = bodies.clientProxyRefundGranted({ amount, excessesTo: it.world.actors.carrier.address });
      const change = { state: CocoonState.closed, balance: 0n, tokensUsed: 501_000n, unlockTs: 0 };
      const snapshot = { ...before, ...change };
      await expectRequest(it, result, { queryId: 21n, snapshot, payload, kept: toNano('0.01'), own });
      await expectChange(it, before, change);
    },
  );

  test.each([
    { held: OWN_RESERVE + LEAST_OWN, own: LEAST_OWN },
    { held: OWN_RESERVE + LEAST_OWN - 1n, own: 0n },
    { held: 0n, own: 0n },
  ])('for an account with $held nanoTON of its own gives its owner $own (W13)', async ({ held, own }) => {
    (await it.world.chain.getContract(it.client.address)).balance = held;
    const before = await storageOf(it);
    const result = await deliver(it.world, attemptWith(op, { tokens: 1_000n }));
    const excessesTo = it.world.actors.carrier.address;
    const payload = bodies.clientProxyRefundGranted({ amount: toNano('40'), excessesTo });
    const snapshot = { ...before, state: CocoonState.closed, balance: 0n };
    await expectRequest(it, result, { queryId: 21n, snapshot, payload, kept: toNano('0.01'), own });
  });

  test('with the counter already charged returns the whole escrow', async () => {
    const before = await storageOf(it);
    const own = (await balanceOf(it.world, it.client.address)) - OWN_RESERVE;
    const result = await deliver(it.world, attemptWith(op, { tokens: 1_000n }));
    const payload = bodies.clientProxyRefundGranted({
      amount: toNano('40'),
      excessesTo: it.world.actors.carrier.address,
    });
    const snapshot = { ...before, state: CocoonState.closed, balance: 0n };
    await expectRequest(it, result, { queryId: 21n, snapshot, payload, kept: toNano('0.01'), own });
  });

  test('with a counter below the charged one is refused', async () => {
    await expectRejection(it.world, attemptWith(op, { tokens: 999n }), ExitCode.oldMessage);
  });

  test('closes: a second delivery is refused', async () => {
    await deliver(it.world, attemptWith(op));
    (await it.world.chain.getContract(it.client.address)).balance = toNano('1');
    await expectRejection(it.world, attemptWith(op), ExitCode.closed);
  });

  test('that closed an account once does not close it again when it has been reopened (W16, W24)', async () => {
    await given(it, { reopened: true, tokensUsed: 1_500n });
    await expectRejection(it.world, attemptWith(op), ExitCode.oldMessage);
    const before = await storageOf(it);
    await deliver(it.world, attemptWith(op, { tokens: 1_501n }));
    await expectChange(it, before, { state: CocoonState.closed, balance: 0n, tokensUsed: 1_501n });
  });

  test('is good until the second that its query id names (W16)', async () => {
    const expiring = (at: number) => attemptWith(op, { queryId: (0xe591n << 48n) + BigInt(at) });
    await expectRejection(it.world, expiring(it.world.now() - 1), ExitCode.voucherExpired);
    const result = await deliver(it.world, expiring(it.world.now()));
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('that the proxy cannot take leaves the account closing, with its escrow and its delay over (W09)', async () => {
    const client = await deployClient(it.world, new Address(0, hashOf('no contract lives here')));
    const lonely = { world: it.world, client };
    await given(lonely, { balance: toNano('40'), tokensUsed: 1_000n, unlockTs: it.world.now() + 100 });
    const before = await storageOf(lonely);
    const { carrier } = it.world.actors;
    const body = voucherBody({ op, tokens: 1_500n, contract: client.address, excessesTo: carrier.address });
    const result = await deliver(it.world, { from: carrier, to: client.address, value: VALUE, body });
    expect(txsOf(result, client.address).map(exitCodeOf)).toEqual([0, 0]);
    const balance = toNano('40') - 500n * PRICE;
    await expectChange(lonely, before, { state: CocoonState.closing, balance, tokensUsed: 1_500n, unlockTs: 0 });
  });
});

describe.each<{ name: string; op: VoucherOp }>([
  { name: 'charge voucher', op: 'extClientChargeSigned' },
  { name: 'refund voucher', op: 'extClientGrantRefundSigned' },
])('$name, before anything else,', ({ op }) => {
  const attempt = (opts: Partial<Parameters<typeof voucherBody>[0]> = {}) => attemptWith(op, opts);

  test('is taken from anybody', async () => {
    const result = await deliver(it.world, { ...attempt(), from: it.world.actors.stranger });
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('signed by another key, or changed after signing, is refused', async () => {
    await expectRejection(it.world, attempt({ key: strangerKey }), ExitCode.badSignature);
    const { signature } = voucher({ op, queryId: 21n, tokens: 1_500n, contract: it.client.address });
    const payload = voucherPayload({ op: Op[op], queryId: 21n, tokens: 1_501n, contract: it.client.address });
    await expectRejection(it.world, attempt({ payload, signature }), ExitCode.badSignature);
  });

  test('signed for another query or another operation is refused', async () => {
    await expectRejection(it.world, attempt({ outerQueryId: 22n }), ExitCode.signedMsgFormatMismatch);
    const fields = { queryId: 21n, tokens: 1_500n, contract: it.client.address };
    const other = op === 'extClientChargeSigned' ? Op.extClientGrantRefundSigned : Op.extClientChargeSigned;
    const payload = voucherPayload({ op: other, ...fields });
    await expectRejection(it.world, attempt({ payload }), ExitCode.signedMsgFormatMismatch);
  });

  test('signed for another contract is refused', async () => {
    const contract = it.world.actors.stranger.address;
    await expectRejection(it.world, attempt({ contract }), ExitCode.expectedMyAddress);
  });

  test('whose signed payload is too short or too long is refused', async () => {
    const good = voucherPayload({ op: Op[op], queryId: 21n, tokens: 1_500n, contract: it.client.address });
    for (const payload of [headerOnly(Op[op], 21n), withTrailingBit(good), withTrailingRef(good)]) {
      await expectRejection(it.world, attempt({ payload }), ExitCode.tvmCellUnderflow);
    }
  });

  test('whose envelope is too short or too long is refused', async () => {
    const { body } = attempt();
    for (const spoiled of [headerOnly(Op[op]), withTrailingBit(body), withTrailingRef(body)]) {
      await expectRejection(it.world, { ...attempt(), body: spoiled }, ExitCode.tvmCellUnderflow);
    }
  });

  test('is refused where nothing can be sent to the address for the excesses (W11)', async () => {
    for (const to of unpayable) {
      await expectRejection(it.world, { ...attempt(), body: withExcessesTo(attempt().body, to) }, ExitCode.badAddress);
    }
    const elsewhere = { ...attempt({ excessesTo: otherWorkchain }) };
    const result = await deliver(it.world, elsewhere);
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is refused by a closed client', async () => {
    await given(it, { state: CocoonState.closed, balance: 0n });
    await expectRejection(it.world, attempt(), ExitCode.closed);
  });

  test('needs 0.1 TON and takes exactly that', async () => {
    await expectRejection(it.world, { ...attempt(), value: MIN_VALUE - 1n }, ExitCode.lowMsgValue);
    const result = await deliver(it.world, { ...attempt(), value: MIN_VALUE });
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is refused where the contract could not keep its reserve', async () => {
    (await it.world.chain.getContract(it.client.address)).balance = toNano('0.05');
    const short = { ...attempt(), value: MIN_VALUE + toNano('0.0599') };
    await expectRejection(it.world, short, ExitCode.lowSmcBalance);
    const result = await deliver(it.world, { ...attempt(), value: MIN_VALUE + FLOOR });
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is taken under struct version 4 and refused under any other but 3', async () => {
    for (const version of [0, 1, 2, 5, 255]) {
      await overwriteStructVersion(it.world, it.client.address, 1, version);
      await expectRejection(it.world, attempt(), ExitCode.storedDataDamaged);
    }
    await overwriteStructVersion(it.world, it.client.address, 1, 4);
    const result = await deliver(it.world, attempt());
    expect(exitCodeOf(txOf(result, it.client.address))).toBe(0);
  });

  test('is checked in the order signature, op, payload, closed, value, balance, counter, address', async () => {
    const elsewhere = it.world.actors.stranger.address;
    const old = { contract: elsewhere, tokens: 1n };
    const wrongOp = headerOnly(1, 21n);
    const tooLong = withTrailingBit(voucherPayload({ op: Op[op], queryId: 21n, ...old }));
    await expectRejection(it.world, attempt(old), ExitCode.oldMessage);
    (await it.world.chain.getContract(it.client.address)).balance = toNano('0.05');
    await expectRejection(it.world, { ...attempt(old), value: MIN_VALUE }, ExitCode.lowSmcBalance);
    const value = MIN_VALUE - 1n;
    await expectRejection(it.world, { ...attempt(old), value }, ExitCode.lowMsgValue);
    await given(it, { state: CocoonState.closed, balance: 0n });
    await expectRejection(it.world, { ...attempt(old), value }, ExitCode.closed);
    await expectRejection(it.world, { ...attempt({ payload: tooLong }), value }, ExitCode.tvmCellUnderflow);
    await expectRejection(it.world, { ...attempt({ payload: wrongOp }), value }, ExitCode.signedMsgFormatMismatch);
    const forged = attempt({ payload: wrongOp, key: strangerKey });
    await expectRejection(it.world, { ...forged, value }, ExitCode.badSignature);
  });
});
