import { Address, beginCell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import {
  bodies,
  CocoonState,
  type CocoonWorker,
  ExitCode,
  Op,
  packWorkerData,
  voucherPayload,
  type WorkerData,
} from '../../wrappers';
import {
  headerOnly,
  otherWorkchain,
  unpayable,
  withExcessesTo,
  withTrailingBit,
  withTrailingRef,
} from '../support/bodies';
import { hashOf } from '../support/keys';
import { expectOwnCoins, LEAST_OWN, OWN_RESERVE } from '../support/own-coins';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, reservesOf, sentBy, txOf, txsOf } from '../support/trace';
import { type VoucherOp, voucher, voucherBody } from '../support/vouchers';
import { createWorkerWorld, given as givenWorker, storageOf } from '../support/worker-world';
import {
  balanceOf,
  dataOf,
  deployWorker,
  overwriteStructVersion,
  startEachTestFrom,
  strangerKey,
  type World,
} from '../support/world';

const FEE = 19n;
const COMMISSION = 1n;
const VALUE = toNano('0.5');
/** The contract asks for more than 0.1 TON. */
const TOO_LITTLE = toNano('0.1');
const ENOUGH = toNano('0.1') + 1n;

let world: World;
let worker: SandboxContract<CocoonWorker>;

startEachTestFrom(async () => {
  ({ world, worker } = await createWorkerWorld());
  return world;
});

const storage = () => storageOf({ world, worker });
const given = (change: Partial<WorkerData>) => givenWorker({ world, worker }, change);

function payoutBody(opts: Partial<Parameters<typeof voucherBody>[0]> = {}) {
  return voucherBody({
    op: 'extWorkerPayoutRequestSigned',
    queryId: 11n,
    tokens: 1_000n,
    contract: worker.address,
    excessesTo: world.actors.carrier.address,
    ...opts,
  });
}

describe.each<{ op: VoucherOp; name: string; after: 0 | 2 }>([
  { op: 'extWorkerPayoutRequestSigned', name: 'payout', after: 0 },
  { op: 'extWorkerLastPayoutRequestSigned', name: 'last payout', after: 2 },
])('$name voucher', ({ op, after }) => {
  const attempt = (opts: Partial<Parameters<typeof voucherBody>[0]> = {}) => ({
    from: world.actors.carrier,
    to: worker.address,
    value: VALUE,
    body: payoutBody({ op, ...opts }),
  });

  test('asks the proxy for exactly the unpaid tokens, at the worker fee and the commission', async () => {
    await given({ tokens: 400n });
    const balanceBefore = await balanceOf(world, worker.address);
    const result = await deliver(world, attempt({ tokens: 1_000_400n }));
    const tx = txOf(result, worker.address);
    expect(exitCodeOf(tx)).toBe(0);
    const sent = sentBy(tx);
    // The last payout also gives the owner what the account had of its own (W13).
    if (after === CocoonState.closed) {
      const own = { queryId: 11n, owner: world.actors.workerOwner.address, coins: balanceBefore - OWN_RESERVE };
      expectOwnCoins(sent.shift(), own);
    }
    const [request, ...rest] = sent;
    expect(rest).toEqual([]);
    // Should it bounce, all of it comes back (W14).
    expect(request).toMatchObject({ op: 'workerProxyRequest', bounce: true, mode: 128, flags: 3n });
    expect(request?.to.equals(world.actors.proxyStandIn.address)).toBe(true);
    const payload = bodies.workerProxyPayoutRequest({
      workerPart: 1_000_000n * FEE,
      proxyPart: 1_000_000n * COMMISSION,
      excessesTo: world.actors.carrier.address,
    });
    const report = { owner: world.actors.workerOwner.address, state: after, tokens: 1_000_400n, payload };
    expect(request?.body.equals(bodies.workerProxyRequest({ queryId: 11n, ...report }))).toBe(true);
    const kept = after === CocoonState.normal ? balanceBefore : toNano('0.01');
    expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
    expect(await balanceOf(world, worker.address)).toBe(kept);
  });

  test('moves the counter and the state, nothing else', async () => {
    const before = await storage();
    await deliver(world, attempt({ tokens: 1_000n }));
    const expected = packWorkerData({ ...before, tokens: 1_000n, state: after });
    expect((await dataOf(world, worker.address)).equals(expected)).toBe(true);
    expect(await worker.getData()).toMatchObject({ tokens: 1_000n, state: after });
  });

  test('goes through whoever carries it, with one nanoTON above 0.1 TON', async () => {
    const { stranger } = world.actors;
    const result = await deliver(world, { ...attempt(), from: stranger, value: ENOUGH });
    expect(exitCodeOf(txOf(result, worker.address))).toBe(0);
  });

  test('pays nothing twice: a second delivery is refused', async () => {
    await deliver(world, attempt());
    await expectRejection(world, attempt(), after === 0 ? ExitCode.oldMessage : ExitCode.closed);
  });

  test('with a counter below the paid one is refused', async () => {
    await given({ tokens: 1_000n });
    await expectRejection(world, attempt({ tokens: 999n }), ExitCode.oldMessage);
  });

  test('signed by another key is refused', async () => {
    await expectRejection(world, attempt({ key: strangerKey }), ExitCode.badSignature);
  });

  test('whose payload was changed after signing is refused', async () => {
    const { signature } = voucher({ op, queryId: 11n, tokens: 1_000n, contract: worker.address });
    const payload = voucherPayload({ op: Op[op], queryId: 11n, tokens: 9_999n, contract: worker.address });
    await expectRejection(world, attempt({ payload, signature }), ExitCode.badSignature);
  });

  test('signed for another query or another operation is refused', async () => {
    await expectRejection(world, attempt({ outerQueryId: 12n }), ExitCode.signedMsgFormatMismatch);
    const other = Op.extClientChargeSigned;
    const payload = voucherPayload({ op: other, queryId: 11n, tokens: 1_000n, contract: worker.address });
    await expectRejection(world, attempt({ payload }), ExitCode.signedMsgFormatMismatch);
  });

  test('signed for another contract is refused', async () => {
    const contract = world.actors.stranger.address;
    await expectRejection(world, attempt({ contract }), ExitCode.expectedMyAddress);
  });

  test('whose signed payload is too short or too long is refused', async () => {
    const good = voucherPayload({ op: Op[op], queryId: 11n, tokens: 1_000n, contract: worker.address });
    const short = headerOnly(Op[op], 11n);
    for (const payload of [short, withTrailingBit(good), withTrailingRef(good)]) {
      await expectRejection(world, attempt({ payload }), ExitCode.tvmCellUnderflow);
    }
  });

  test('whose envelope is too short or too long is refused', async () => {
    const good = payoutBody({ op });
    for (const body of [headerOnly(Op[op]), withTrailingBit(good), withTrailingRef(good)]) {
      await expectRejection(world, { ...attempt(), body }, ExitCode.tvmCellUnderflow);
    }
  });

  test('is refused where nothing can be sent to the address for the excesses (W11, W12)', async () => {
    for (const to of unpayable) {
      const body = withExcessesTo(payoutBody({ op }), to);
      await expectRejection(world, { ...attempt(), body }, ExitCode.badAddress);
    }
    const result = await deliver(world, attempt({ excessesTo: otherWorkchain }));
    expect(exitCodeOf(txOf(result, worker.address))).toBe(0);
  });

  test('that the proxy cannot take is as good as not brought: tokens and state are what they were (W14, W21)', async () => {
    const lonely = await deployWorker(world, new Address(0, hashOf('no contract lives here')));
    await givenWorker({ world, worker: lonely }, { tokens: 400n });
    const before = await dataOf(world, lonely.address);
    const { carrier } = world.actors;
    const voucherFor = { ...attempt({ contract: lonely.address, tokens: 1_400n }), to: lonely.address };
    const result = await deliver(world, voucherFor);
    const [asked, undone, ...more] = txsOf(result, lonely.address);
    expect(more).toEqual([]);
    expect([exitCodeOf(asked!), exitCodeOf(undone!)]).toEqual([0, 0]);
    expect((await dataOf(world, lonely.address)).equals(before)).toBe(true);
    const [excesses, ...rest] = sentBy(undone!);
    expect(rest).toEqual([]);
    expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
    expect(excesses?.to.equals(carrier.address)).toBe(true);
    expect(excesses?.body.equals(bodies.excesses({ queryId: 11n }))).toBe(true);
  });

  test('with only 0.1 TON attached is refused', async () => {
    await expectRejection(world, { ...attempt(), value: TOO_LITTLE }, ExitCode.lowMsgValue);
  });

  test('is refused once the worker is closed', async () => {
    await given({ state: CocoonState.closed });
    await expectRejection(world, attempt(), ExitCode.closed);
  });

  test('is taken under struct version 4 and refused under any other but 3', async () => {
    for (const version of [0, 1, 2, 5, 255]) {
      await overwriteStructVersion(world, worker.address, 0, version);
      await expectRejection(world, attempt(), ExitCode.storedDataDamaged);
    }
    await overwriteStructVersion(world, worker.address, 0, 4);
    const result = await deliver(world, attempt());
    expect(exitCodeOf(txOf(result, worker.address))).toBe(0);
  });

  test('is refused when the worker fee exceeds the price', async () => {
    const { params } = await storage();
    await given({ params: { ...params, workerFeePerToken: 21n } });
    await expectRejection(world, attempt(), ExitCode.tvmRange);
  });

  test('is checked in the order closed, signature, op, payload, value, address, counter', async () => {
    const elsewhere = world.actors.stranger.address;
    const wrongOp = voucherPayload({ op: 1, queryId: 11n, tokens: 0n, contract: elsewhere });
    const tooLong = withTrailingBit(voucherPayload({ op: Op[op], queryId: 11n, tokens: 0n, contract: elsewhere }));
    const low = { value: TOO_LITTLE };
    await given({ tokens: 5_000n });
    const bySigner = { ...attempt({ payload: wrongOp, key: strangerKey }), ...low };
    await expectRejection(world, bySigner, ExitCode.badSignature);
    const byOp = { ...attempt({ payload: beginCell().storeUint(1, 32).storeUint(11, 64).endCell() }), ...low };
    await expectRejection(world, byOp, ExitCode.signedMsgFormatMismatch);
    await expectRejection(world, { ...attempt({ payload: tooLong }), ...low }, ExitCode.tvmCellUnderflow);
    await expectRejection(world, { ...attempt({ contract: elsewhere, tokens: 0n }), ...low }, ExitCode.lowMsgValue);
    await expectRejection(world, attempt({ contract: elsewhere, tokens: 0n }), ExitCode.expectedMyAddress);
    await given({ state: CocoonState.closed });
    await expectRejection(world, { ...attempt({ key: strangerKey }), ...low }, ExitCode.closed);
  });
});

test('a payout voucher with the counter already paid is refused', async () => {
  await given({ tokens: 1_000n });
  const attempt = {
    from: world.actors.carrier,
    to: worker.address,
    value: VALUE,
    body: payoutBody({ tokens: 1_000n }),
  };
  await expectRejection(world, attempt, ExitCode.oldMessage);
});

test.each([
  { held: OWN_RESERVE + LEAST_OWN, own: LEAST_OWN },
  { held: OWN_RESERVE + LEAST_OWN - 1n, own: 0n },
  { held: OWN_RESERVE, own: 0n },
])('a last payout of an account with $held nanoTON of its own gives its owner $own (W13)', async ({ held, own }) => {
  (await world.chain.getContract(worker.address)).balance = held;
  const body = payoutBody({ op: 'extWorkerLastPayoutRequestSigned' });
  const result = await deliver(world, { from: world.actors.carrier, to: worker.address, value: VALUE, body });
  const sent = sentBy(txOf(result, worker.address));
  if (own > 0n) {
    expectOwnCoins(sent.shift(), { queryId: 11n, owner: world.actors.workerOwner.address, coins: own });
  }
  expect(sent.map(({ op }) => op)).toEqual(['workerProxyRequest']);
  expect(await balanceOf(world, worker.address)).toBe(toNano('0.01'));
});

test('a last payout voucher with the counter already paid closes the worker and pays nothing', async () => {
  await given({ tokens: 1_000n });
  const before = await balanceOf(world, worker.address);
  const body = payoutBody({ op: 'extWorkerLastPayoutRequestSigned', tokens: 1_000n });
  const result = await deliver(world, { from: world.actors.carrier, to: worker.address, value: VALUE, body });
  const [own, request, ...rest] = sentBy(txOf(result, worker.address));
  expect(rest).toEqual([]);
  const coins = before - OWN_RESERVE;
  expectOwnCoins(own, { queryId: 11n, owner: world.actors.workerOwner.address, coins });
  const nothing = { workerPart: 0n, proxyPart: 0n, excessesTo: world.actors.carrier.address };
  const payload = bodies.workerProxyPayoutRequest(nothing);
  const report = { owner: world.actors.workerOwner.address, state: CocoonState.closed, tokens: 1_000n, payload };
  expect(request?.body.equals(bodies.workerProxyRequest({ queryId: 11n, ...report }))).toBe(true);
  expect((await storage()).state).toBe(CocoonState.closed);
});
