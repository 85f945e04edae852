import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, Op, packRootData } from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import { doNotProcessBodies, headerOnly, UNKNOWN_OP, withTrailingBit, withTrailingRef } from '../support/bodies';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { createRootWorld, storageOf } from '../support/root-world';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import { balanceOf, createWorld, dataOf, deployRoot, emptyBody, startEachTestFrom, type World } from '../support/world';

const VALUE = toNano('0.05');
const ENDPOINT = '10.0.0.1:5222 10.0.0.1:8888';

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const storage = () => storageOf({ world, root });

const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

const someCode = beginCell().storeUint(1, 8).endCell();

/** The rest of the value goes back to whoever sent the message; the root keeps what it had. */
async function expectExcesses(result: Awaited<ReturnType<typeof deliver>>, kept: bigint): Promise<void> {
  const tx = txOf(result, root.address);
  expect(exitCodeOf(tx)).toBe(0);
  const [excesses, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
  expect(excesses?.to.equals(world.actors.rootOwner.address)).toBe(true);
  expect(excesses?.body.equals(bodies.excesses({ queryId: 51n }))).toBe(true);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(world, root.address)).toBe(kept);
}

describe('upgrade', () => {
  async function codeHash(): Promise<string | undefined> {
    const { accountState } = await world.chain.getContract(root.address);
    return accountState?.type === 'active' ? accountState.state.code?.hash().toString('hex') : undefined;
  }

  test('of the code replaces the code alone and returns the rest of the value', async () => {
    const dataBefore = await dataOf(world, root.address);
    const kept = await balanceOf(world, root.address);
    const result = await deliver(world, attempt(bodies.rootUpgrade({ queryId: 51n, code: someCode })));
    await expectExcesses(result, kept);
    expect(await codeHash()).toBe(someCode.hash().toString('hex'));
    expect((await dataOf(world, root.address)).equals(dataBefore)).toBe(true);
  });

  test('of code and data replaces both as given and returns the rest of the value', async () => {
    const kept = await balanceOf(world, root.address);
    const data = beginCell().storeUint(123, 64).endCell();
    const result = await deliver(world, attempt(bodies.rootUpgradeFull({ queryId: 51n, data, code: someCode })));
    await expectExcesses(result, kept);
    expect(await codeHash()).toBe(someCode.hash().toString('hex'));
    expect((await dataOf(world, root.address)).equals(data)).toBe(true);
  });

  test.each([
    { name: 'code', body: () => bodies.rootUpgrade({ queryId: 51n, code: someCode }), op: Op.rootUpgrade },
    {
      name: 'code and data',
      body: () => bodies.rootUpgradeFull({ queryId: 51n, data: emptyBody, code: someCode }),
      op: Op.rootUpgradeFull,
    },
  ])('of $name is refused to strangers and when malformed', async ({ body, op }) => {
    const byStranger = { ...attempt(body()), from: world.actors.stranger };
    await expectRejection(world, byStranger, ExitCode.expectedMessageFromOwner);
    for (const spoiled of [headerOnly(op), withTrailingBit(body()), withTrailingRef(body())]) {
      await expectRejection(world, attempt(spoiled), ExitCode.tvmCellUnderflow);
    }
  });
});

describe('registry', () => {
  test('a number is never given twice, not even after a reset', async () => {
    await deliver(world, attempt(bodies.rootReset({ queryId: 1n })));
    await deliver(world, attempt(bodies.rootRegisterProxy({ queryId: 1n, endpoint: ENDPOINT })));
    expect([...(await storage()).registeredProxies]).toEqual([[4, ENDPOINT]]);
    expect(await root.getLastProxySeqno()).toBe(4);
  });

  test('an update of a number that is not registered is refused', async () => {
    const body = bodies.rootUpdateProxy({ queryId: 1n, seqno: 2, endpoint: ENDPOINT });
    await expectRejection(world, attempt(body), ExitCode.unknownProxyType);
  });

  test('removals of what is not there are accepted', async () => {
    const before = await storage();
    await deliver(world, attempt(bodies.rootUnregisterProxy({ queryId: 1n, seqno: 2 })));
    await deliver(world, attempt(bodies.rootDelModelType({ queryId: 1n, hash: hashOf('worker 1') })));
    const expected = packRootData({ ...before, version: 9 });
    expect((await dataOf(world, root.address)).equals(expected)).toBe(true);
  });

  test('an endpoint of another kind than text is refused', async () => {
    const info = beginCell().storeBit(true).storeUint(4, 7).storeStringTail('abcd').asSlice();
    const register = beginCell().storeUint(Op.rootRegisterProxy, 32).storeUint(1, 64).storeSlice(info).endCell();
    await expectRejection(world, attempt(register), ExitCode.msgFormatMismatch);
    const update = beginCell().storeUint(Op.rootUpdateProxy, 32).storeUint(1, 64).storeUint(3, 32);
    await expectRejection(world, attempt(update.storeSlice(info).endCell()), ExitCode.msgFormatMismatch);
  });

  test('an endpoint shorter than its length says is refused', async () => {
    const body = beginCell()
      .storeUint(Op.rootRegisterProxy, 32)
      .storeUint(1, 64)
      .storeUint(9, 8)
      .storeStringTail('12345678');
    await expectRejection(world, attempt(body.endCell()), ExitCode.tvmCellUnderflow);
  });

  test('the shortest and the longest endpoint that fit a message are kept', async () => {
    for (const endpoint of ['', 'x'.repeat(83)]) {
      await deliver(world, attempt(bodies.rootRegisterProxy({ queryId: 1n, endpoint })));
    }
    expect((await storage()).registeredProxies.get(4)).toBe('');
    expect((await storage()).registeredProxies.get(5)).toBe('x'.repeat(83));
  });
});

describe('anything else', () => {
  test('a new root holds the data its address was derived from', async () => {
    const other = await createWorld({ params: { paramsVersion: 1 } });
    const fresh = await deployRoot(other);
    expect((await dataOf(other, fresh.address)).equals(fresh.init!.data)).toBe(true);
  });

  test('an empty message and do_not_process keep their coins and change nothing', async () => {
    for (const body of [emptyBody, ...doNotProcessBodies]) {
      await expectSilence(world, { ...attempt(body), from: world.actors.stranger });
    }
  });

  test('a bounced message is taken and ignored', async () => {
    const from = world.actors.rootOwner.address;
    await expectBounceIgnored(world, { from, to: root.address, op: Op.excesses });
  });

  test('an unknown operation is refused by name', async () => {
    for (const op of [UNKNOWN_OP, Op.ownerClientWithdraw]) {
      await expectRejection(world, attempt(headerOnly(op)), ExitCode.unknownOp);
    }
  });

  test('the sender is checked before the operation and its form', async () => {
    const from = world.actors.stranger;
    const malformed = withTrailingBit(bodies.rootReset({ queryId: 1n }));
    for (const body of [headerOnly(UNKNOWN_OP), malformed]) {
      await expectRejection(world, { ...attempt(body), from }, ExitCode.expectedMessageFromOwner);
    }
  });

  test('the old owner has no say after a change of the owner', async () => {
    const newOwner = world.actors.stranger.address;
    await deliver(world, attempt(bodies.rootChangeOwner({ queryId: 1n, newOwner })));
    const reset = bodies.rootReset({ queryId: 1n });
    await expectRejection(world, attempt(reset), ExitCode.expectedMessageFromOwner);
    const result = await deliver(world, { ...attempt(reset), from: world.actors.stranger });
    expect(exitCodeOf(txOf(result, root.address))).toBe(0);
  });

  test('nobody becomes the owner who could not send a message (W29)', async () => {
    const change = (owner: Cell) =>
      beginCell().storeUint(Op.rootChangeOwner, 32).storeUint(1, 64).storeSlice(owner.beginParse()).endCell();
    const inWorkchain = (workchain: number) =>
      beginCell().storeUint(4, 3).storeInt(workchain, 8).storeBuffer(hashOf('someone'), 32).endCell();
    const nobody = beginCell().storeUint(0, 2).endCell();
    // As long as an internal one, and one that starts like the basechain.
    const external = beginCell().storeUint(1, 2).storeUint(256, 9).storeBuffer(hashOf('someone'), 32).endCell();
    for (const owner of [nobody, external, ...[1, 5, -2, 127, -128].map(inWorkchain)]) {
      await expectRejection(world, attempt(change(owner)), ExitCode.badAddress);
    }
    const result = await deliver(world, attempt(change(inWorkchain(-1))));
    expect(exitCodeOf(txOf(result, root.address))).toBe(0);
    expect((await storage()).owner.workChain).toBe(-1);
  });
});
