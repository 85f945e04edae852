import { toNano } from '@ton/core';
import { CocoonState, ExitCode, Op, voucherPayload } from '../../wrappers';
import { headerOnly, unpayable, withExcessesTo, withTrailingBit, withTrailingRef } from '../support/bodies';
import {
  createProxyWorld,
  createProxyWorldWithBooks,
  delivered,
  EARNED,
  ESCROW,
  expectChange,
  expectCompletion,
  expectExcesses,
  given,
  MIN_VALUE,
  OTHER_ESCROW,
  type ProxyWorld,
  VALUE,
} from '../support/proxy-world';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, txOf } from '../support/trace';
import { type VoucherOp, voucher, voucherBody } from '../support/vouchers';
import { startEachTestFrom, strangerKey } from '../support/world';

const DELAY = 86_400;

let it: ProxyWorld;

startEachTestFrom(async () => {
  it = await createProxyWorld();
  return it.world;
});

function attemptWith(op: VoucherOp, opts: Partial<Parameters<typeof voucherBody>[0]> = {}) {
  const { carrier } = it.world.actors;
  const fields = { op, queryId: 41n, contract: it.proxy.address, excessesTo: carrier.address };
  return { from: carrier, to: it.proxy.address, value: VALUE, body: voucherBody({ ...fields, ...opts }) };
}

describe('closing voucher', () => {
  const op = 'extProxyCloseRequestSigned';

  test('starts the delay', async () => {
    const { before, pool, result } = await delivered(it, attemptWith(op));
    const excessesTo = it.world.actors.carrier.address;
    await expectExcesses(it, result, { queryId: 41n, excessesTo, kept: pool });
    await expectChange(it, before, { state: CocoonState.closing, unlockTs: it.world.now() + DELAY });
  });

  test('is refused where nothing can be sent to the address for the excesses (W11)', async () => {
    const { body, ...rest } = attemptWith(op);
    for (const to of unpayable) {
      await expectRejection(it.world, { ...rest, body: withExcessesTo(body, to) }, ExitCode.badAddress);
    }
  });

  test.each([CocoonState.closing, CocoonState.closed])('is refused in state %i', async (state) => {
    await given(it, { state });
    await expectRejection(it.world, attemptWith(op), ExitCode.closed);
  });
});

describe('completion voucher', () => {
  const op = 'extProxyCloseCompleteRequestSigned';

  test('pays everything but 0.01 TON to the owner and closes', async () => {
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now() });
    const { before, result } = await delivered(it, attemptWith(op));
    await expectCompletion(it, result, { before, queryId: 41n, others: 0n });
  });

  test.each([
    { earned: EARNED, others: ESCROW + OTHER_ESCROW + EARNED },
    { earned: 0n, others: ESCROW + OTHER_ESCROW },
    { earned: -toNano('3'), others: ESCROW + OTHER_ESCROW },
  ])('leaves clients and workers what is theirs, $earned nanoTON earned (W21)', async ({ earned, others }) => {
    await createProxyWorldWithBooks(it);
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now(), earned });
    const { before, result } = await delivered(it, attemptWith(op));
    await expectCompletion(it, result, { before, queryId: 41n, others });
  });

  test('of a proxy whose clients are all gone leaves nothing but 0.01 TON', async () => {
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now(), earned: -toNano('3'), clients: new Map() });
    const { before, result } = await delivered(it, attemptWith(op));
    await expectCompletion(it, result, { before, queryId: 41n, others: 0n });
  });

  test('is not about the address for the excesses: there are none', async () => {
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now() });
    const { body, ...rest } = attemptWith(op);
    const result = await deliver(it.world, { ...rest, body: withExcessesTo(body, null) });
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });

  test('is refused until the delay has passed, and goes through in that second', async () => {
    await given(it, { state: CocoonState.closing, unlockTs: it.world.now() + 100 });
    await expectRejection(it.world, attemptWith(op), ExitCode.notUnlockedYet);
    it.world.advance(99);
    await expectRejection(it.world, attemptWith(op), ExitCode.notUnlockedYet);
    it.world.advance(1);
    const result = await deliver(it.world, attemptWith(op));
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });

  test.each([CocoonState.normal, CocoonState.closed])('is refused in state %i', async (state) => {
    await given(it, { state });
    await expectRejection(it.world, attemptWith(op), ExitCode.closed);
  });
});

describe.each<{ name: string; op: VoucherOp; state: 0 | 1 }>([
  { name: 'closing voucher', op: 'extProxyCloseRequestSigned', state: 0 },
  { name: 'completion voucher', op: 'extProxyCloseCompleteRequestSigned', state: 1 },
])('$name, before anything else,', ({ op, state }) => {
  const attempt = (opts: Partial<Parameters<typeof voucherBody>[0]> = {}) => attemptWith(op, opts);
  beforeEach(() => given(it, { state }));

  test('signed by another key, or changed after signing, is refused', async () => {
    await expectRejection(it.world, attempt({ key: strangerKey }), ExitCode.badSignature);
    const { signature } = voucher({ op, queryId: 41n, contract: it.proxy.address });
    const payload = voucherPayload({ op: Op[op], queryId: 41n, contract: it.world.actors.stranger.address });
    await expectRejection(it.world, attempt({ payload, signature }), ExitCode.badSignature);
  });

  test('signed for another query or another operation is refused', async () => {
    await expectRejection(it.world, attempt({ outerQueryId: 42n }), ExitCode.signedMsgFormatMismatch);
    const other = state === 0 ? Op.extProxyCloseCompleteRequestSigned : Op.extProxyCloseRequestSigned;
    const payload = voucherPayload({ op: other, queryId: 41n, contract: it.proxy.address });
    await expectRejection(it.world, attempt({ payload }), ExitCode.signedMsgFormatMismatch);
  });

  test('signed for another contract is refused', async () => {
    const contract = it.world.actors.stranger.address;
    await expectRejection(it.world, attempt({ contract }), ExitCode.expectedMyAddress);
  });

  test('whose signed payload is too short or too long is refused', async () => {
    const good = voucherPayload({ op: Op[op], queryId: 41n, contract: it.proxy.address });
    for (const payload of [headerOnly(Op[op], 41n), withTrailingBit(good), withTrailingRef(good)]) {
      await expectRejection(it.world, attempt({ payload }), ExitCode.tvmCellUnderflow);
    }
  });

  test('whose envelope is too short or too long is refused', async () => {
    const { body } = attempt();
    for (const spoiled of [headerOnly(Op[op]), withTrailingBit(body), withTrailingRef(body)]) {
      await expectRejection(it.world, { ...attempt(), body: spoiled }, ExitCode.tvmCellUnderflow);
    }
  });

  test('is good until the second that its query id names (W16, W20)', async () => {
    const expiring = (at: number) => attempt({ queryId: (0xe591n << 48n) + BigInt(at) });
    await expectRejection(it.world, expiring(it.world.now() - 1), ExitCode.voucherExpired);
    const result = await deliver(it.world, expiring(it.world.now()));
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });

  test('needs 0.1 TON and takes exactly that', async () => {
    await expectRejection(it.world, { ...attempt(), value: MIN_VALUE - 1n }, ExitCode.lowMsgValue);
    const result = await deliver(it.world, { ...attempt(), value: MIN_VALUE });
    expect(exitCodeOf(txOf(result, it.proxy.address))).toBe(0);
  });

  test('is checked in the order signature, op, payload, value, state, address, delay', async () => {
    const elsewhere = { contract: it.world.actors.stranger.address };
    const wrongOp = headerOnly(1, 41n);
    const tooLong = withTrailingBit(voucherPayload({ op: Op[op], queryId: 41n, ...elsewhere }));
    await given(it, { unlockTs: it.world.now() + 100 });
    await expectRejection(it.world, attempt(elsewhere), ExitCode.expectedMyAddress);
    await given(it, { state: CocoonState.closed });
    await expectRejection(it.world, attempt(elsewhere), ExitCode.closed);
    const value = MIN_VALUE - 1n;
    await expectRejection(it.world, { ...attempt(elsewhere), value }, ExitCode.lowMsgValue);
    await expectRejection(it.world, { ...attempt({ payload: tooLong }), value }, ExitCode.tvmCellUnderflow);
    await expectRejection(it.world, { ...attempt({ payload: wrongOp }), value }, ExitCode.signedMsgFormatMismatch);
    const forged = attempt({ payload: wrongOp, key: strangerKey });
    await expectRejection(it.world, { ...forged, value }, ExitCode.badSignature);
  });
});
