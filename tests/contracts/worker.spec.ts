import { beginCell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, CocoonState, type CocoonWorker, ExitCode, Op, packWorkerData, type WorkerData } from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import {
  doNotProcessBodies,
  headerOnly,
  UNKNOWN_OP,
  unpayable,
  withExcessesTo,
  withTrailingBit,
  withTrailingRef,
} from '../support/bodies';
import { addr, int, methodId, stackOf } from '../support/getters';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import { createWorkerWorld, given as givenWorker, storageOf } from '../support/worker-world';
import { type Actor, balanceOf, dataOf, emptyBody, proxyKey, startEachTestFrom, type World } from '../support/world';

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

describe('a new worker', () => {
  test('holds the data its address was derived from', async () => {
    const data = await storage();
    expect(data).toMatchObject({ state: CocoonState.normal, tokens: 0n });
    expect(data.owner.equals(world.actors.workerOwner.address)).toBe(true);
    expect(data.proxy.equals(world.actors.proxyStandIn.address)).toBe(true);
    expect((await dataOf(world, worker.address)).equals(worker.init!.data)).toBe(true);
  });

  test('answers get_cocoon_worker_data (106427) with owner, proxy, key, state, tokens', async () => {
    expect(methodId('get_cocoon_worker_data')).toBe(106427);
    await given({ tokens: 77n, state: CocoonState.closed });
    expect(await stackOf(world, worker.address, 106427)).toEqual([
      addr(world.actors.workerOwner.address),
      addr(world.actors.proxyStandIn.address),
      int(proxyKey.publicKey),
      int(2),
      int(77),
    ]);
    expect(await worker.getData()).toMatchObject({ state: 2, tokens: 77n });
  });
});

describe('register', () => {
  const body = () => bodies.ownerWorkerRegister({ queryId: 5n, excessesTo: world.actors.carrier.address });

  test('tells the proxy who the worker is and returns the rest', async () => {
    const dataBefore = await dataOf(world, worker.address);
    const balanceBefore = await balanceOf(world, worker.address);
    const result = await worker.sendRegister(world.actors.workerOwner.getSender(), {
      queryId: 5n,
      excessesTo: world.actors.carrier.address,
    });
    const tx = txOf(result, worker.address);
    const [info, excesses, ...rest] = sentBy(tx);
    expect(rest).toEqual([]);
    expect(info).toMatchObject({ op: 'workerProxyRequest', value: 1n, bounce: true, mode: 1 });
    expect(info?.to.equals(world.actors.proxyStandIn.address)).toBe(true);
    const report = { owner: world.actors.workerOwner.address, state: CocoonState.normal, tokens: 0n, payload: null };
    expect(info?.body.equals(bodies.workerProxyRequest({ queryId: 5n, ...report }))).toBe(true);
    expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
    expect(excesses?.to.equals(world.actors.carrier.address)).toBe(true);
    expect(excesses?.body.equals(bodies.excesses({ queryId: 5n }))).toBe(true);
    expect(reservesOf(tx)).toEqual([{ coins: balanceBefore, mode: 0 }]);
    expect(await balanceOf(world, worker.address)).toBe(balanceBefore);
    expect((await dataOf(world, worker.address)).equals(dataBefore)).toBe(true);
  });

  test('keeps 0.11 TON of the value where the account had less', async () => {
    (await world.chain.getContract(worker.address)).balance = toNano('0.02');
    const { workerOwner } = world.actors;
    const result = await deliver(world, { from: workerOwner, to: worker.address, value: VALUE, body: body() });
    expect(reservesOf(txOf(result, worker.address))).toEqual([{ coins: toNano('0.11'), mode: 0 }]);
    expect(await balanceOf(world, worker.address)).toBe(toNano('0.11'));
  });

  test('is refused to everybody but the owner', async () => {
    for (const from of [world.actors.stranger, world.actors.proxyOwner, world.actors.proxyStandIn]) {
      const attempt = { from, to: worker.address, value: VALUE, body: body() };
      await expectRejection(world, attempt, ExitCode.expectedMessageFromOwner);
    }
  });

  test('is refused with 0.1 TON and accepted with one nanoTON more', async () => {
    const from = world.actors.workerOwner;
    const attempt = { from, to: worker.address, body: body() };
    await expectRejection(world, { ...attempt, value: TOO_LITTLE }, ExitCode.lowMsgValue);
    const result = await deliver(world, { ...attempt, value: ENOUGH });
    expect(exitCodeOf(txOf(result, worker.address))).toBe(0);
  });

  test('is refused once the worker is closed', async () => {
    await given({ state: CocoonState.closed });
    const attempt = { from: world.actors.workerOwner, to: worker.address, value: VALUE, body: body() };
    await expectRejection(world, attempt, ExitCode.closed);
  });

  test('is refused with anything before or after the address', async () => {
    const attempt = { from: world.actors.workerOwner, to: worker.address, value: VALUE };
    for (const spoiled of [withTrailingBit(body()), withTrailingRef(body()), headerOnly(Op.ownerWorkerRegister)]) {
      await expectRejection(world, { ...attempt, body: spoiled }, ExitCode.tvmCellUnderflow);
    }
  });

  test('checks closed, value, owner and form in this order', async () => {
    const { stranger, workerOwner } = world.actors;
    const malformed = withTrailingBit(body());
    const to = worker.address;
    await expectRejection(world, { from: workerOwner, to, value: TOO_LITTLE, body: malformed }, ExitCode.lowMsgValue);
    await expectRejection(world, { from: stranger, to, value: TOO_LITTLE, body: body() }, ExitCode.lowMsgValue);
    const byStranger = { from: stranger, to, value: VALUE, body: malformed };
    await expectRejection(world, byStranger, ExitCode.expectedMessageFromOwner);
    await given({ state: CocoonState.closed });
    await expectRejection(world, { from: stranger, to, value: TOO_LITTLE, body: malformed }, ExitCode.closed);
  });
});

describe('reopening', () => {
  const body = () => bodies.ownerWorkerReopen({ queryId: 6n, excessesTo: world.actors.carrier.address });
  const by = (from: Actor, value = VALUE) => ({ from, to: worker.address, value, body: body() });

  test.each([CocoonState.closed, CocoonState.normal])(
    'makes an account in state %i a normal one with its counter, and returns the rest (W24)',
    async (state) => {
      await given({ state, tokens: 77n });
      const before = await storage();
      const balanceBefore = await balanceOf(world, worker.address);
      const result = await deliver(world, by(world.actors.workerOwner));
      const tx = txOf(result, worker.address);
      const [excesses, ...rest] = sentBy(tx);
      expect(rest).toEqual([]);
      expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
      expect(excesses?.to.equals(world.actors.carrier.address)).toBe(true);
      expect(excesses?.body.equals(bodies.excesses({ queryId: 6n }))).toBe(true);
      expect(reservesOf(tx)).toEqual([{ coins: balanceBefore, mode: 0 }]);
      expect(await balanceOf(world, worker.address)).toBe(balanceBefore);
      const expected = packWorkerData({ ...before, state: CocoonState.normal, reopened: true });
      expect((await dataOf(world, worker.address)).equals(expected)).toBe(true);
    },
  );

  test('is refused to everybody but the owner, with 0.1 TON, and malformed', async () => {
    await given({ state: CocoonState.closed });
    const { workerOwner, stranger, proxyStandIn } = world.actors;
    for (const from of [stranger, proxyStandIn]) {
      await expectRejection(world, by(from), ExitCode.expectedMessageFromOwner);
    }
    await expectRejection(world, by(workerOwner, TOO_LITTLE), ExitCode.lowMsgValue);
    // A closed account holds 0.01 TON: a value that cannot fill its reserve as well comes back, and is not kept.
    (await world.chain.getContract(worker.address)).balance = toNano('0.01');
    await expectRejection(world, by(workerOwner, TOO_LITTLE + 1n), ExitCode.lowSmcBalance);
    await expectRejection(world, by(workerOwner, toNano('0.2')), ExitCode.lowSmcBalance);
    for (const spoiled of [withTrailingBit(body()), withTrailingRef(body()), headerOnly(Op.ownerWorkerReopen)]) {
      await expectRejection(world, { ...by(workerOwner), body: spoiled }, ExitCode.tvmCellUnderflow);
    }
  });
});

test.each([
  { name: 'register', build: bodies.ownerWorkerRegister },
  { name: 'reopening', build: bodies.ownerWorkerReopen },
])('$name is refused where nothing can be sent to the address for the excesses (W11)', async ({ build }) => {
  const { workerOwner } = world.actors;
  const good = build({ queryId: 1n, excessesTo: workerOwner.address });
  for (const to of unpayable) {
    const attempt = { from: workerOwner, to: worker.address, value: VALUE, body: withExcessesTo(good, to) };
    await expectRejection(world, attempt, ExitCode.badAddress);
  }
});

describe('anything else', () => {
  test('an empty message and do_not_process keep their coins and change nothing', async () => {
    const attempt = { from: world.actors.stranger, to: worker.address, value: toNano('0.05') };
    await expectSilence(world, { ...attempt, body: emptyBody });
    for (const body of doNotProcessBodies) await expectSilence(world, { ...attempt, body });
  });

  test('a bounced message that does not say what failed is taken and ignored', async () => {
    const from = world.actors.proxyStandIn.address;
    await expectBounceIgnored(world, { from, to: worker.address, op: Op.workerProxyRequest });
  });

  test('an unknown operation is refused by name, a text and a truncated header too', async () => {
    const attempt = { from: world.actors.workerOwner, to: worker.address, value: VALUE };
    await expectRejection(world, { ...attempt, body: headerOnly(UNKNOWN_OP) }, ExitCode.unknownOp);
    await expectRejection(world, { ...attempt, body: headerOnly(Op.extClientChargeSigned) }, ExitCode.unknownOp);
    const truncated = beginCell().storeUint(UNKNOWN_OP, 32).storeUint(0, 63).endCell();
    await expectRejection(world, { ...attempt, body: truncated }, ExitCode.tvmCellUnderflow);
    await expectRejection(world, { ...attempt, body: bodies.text('w') }, ExitCode.tvmCellUnderflow);
    await given({ state: CocoonState.closed });
    await expectRejection(world, { ...attempt, body: headerOnly(UNKNOWN_OP) }, ExitCode.closed);
  });
});
