import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, Op, packRootData, parseRootData, type RootData } from '../../wrappers';
import { expectBounceIgnored, expectSilence } from '../support/acceptance';
import { doNotProcessBodies, headerOnly, UNKNOWN_OP, withTrailingBit, withTrailingRef } from '../support/bodies';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import {
  balanceOf,
  type Checkpoint,
  checkpoint,
  codeOf,
  createWorld,
  dataOf,
  deployRoot,
  emptyBody,
  overwriteData,
  type World,
} from '../support/world';

const VALUE = toNano('0.05');
const ENDPOINT = '10.0.0.1:5222 10.0.0.1:8888';

let world: World;
let root: SandboxContract<CocoonRoot>;
let fresh: Checkpoint;

beforeAll(async () => {
  world = await createWorld();
  root = await deployRoot(world);
  // Every list has content, and different content: an operation that confuses two of them cannot pass.
  await given({
    version: 7,
    proxyHashes: new Set([hex('proxy 1'), hex('proxy 2')]),
    workerHashes: new Set([hex('worker 1'), hex('worker 2'), hex('worker 3')]),
    modelHashes: new Set([hex('model 1')]),
    registeredProxies: new Map([
      [1, '10.0.0.1:1'],
      [3, '10.0.0.3:3 10.0.0.3:4'],
    ]),
    lastProxySeqno: 3,
  });
  fresh = checkpoint(world);
});
beforeEach(() => fresh.restore());

function hex(name: string): string {
  return hashOf(name).toString('hex');
}

async function storage(): Promise<RootData> {
  return parseRootData(await dataOf(world, root.address));
}

async function given(change: Partial<RootData>): Promise<void> {
  await overwriteData(world, root.address, packRootData({ ...(await storage()), ...change }));
}

const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

function with_<T>(set: Set<T>, item: T): Set<T> {
  return new Set([...set, item]);
}
function without<T>(set: Set<T>, item: T): Set<T> {
  return new Set([...set].filter((other) => other !== item));
}

const someCode = beginCell().storeUint(1, 8).endCell();
const otherCode = beginCell().storeUint(2, 8).endCell();
const prices = { pricePerToken: 30n, workerFeePerToken: 28n };
const terms = {
  ...prices,
  proxyDelayBeforeClose: 100,
  clientDelayBeforeClose: 50,
  minProxyStake: toNano('20'),
  minClientStake: toNano('5'),
};

/** Every operation of the owner that changes the data: what it makes of it. The version always grows by one. */
const operations: { name: string; op: number; body: () => Cell; change: (before: RootData) => Partial<RootData> }[] = [
  {
    name: 'add of a worker image',
    op: Op.rootAddWorkerType,
    body: () => bodies.rootAddWorkerType({ queryId: 51n, hash: hashOf('new') }),
    change: ({ workerHashes }) => ({ workerHashes: with_(workerHashes, hex('new')) }),
  },
  {
    name: 'removal of a worker image',
    op: Op.rootDelWorkerType,
    body: () => bodies.rootDelWorkerType({ queryId: 51n, hash: hashOf('worker 2') }),
    change: ({ workerHashes }) => ({ workerHashes: without(workerHashes, hex('worker 2')) }),
  },
  {
    name: 'add of a model',
    op: Op.rootAddModelType,
    body: () => bodies.rootAddModelType({ queryId: 51n, hash: hashOf('new') }),
    change: ({ modelHashes }) => ({ modelHashes: with_(modelHashes, hex('new')) }),
  },
  {
    name: 'removal of the last model',
    op: Op.rootDelModelType,
    body: () => bodies.rootDelModelType({ queryId: 51n, hash: hashOf('model 1') }),
    change: () => ({ modelHashes: new Set() }),
  },
  {
    name: 'add of a proxy image',
    op: Op.rootAddProxyType,
    body: () => bodies.rootAddProxyType({ queryId: 51n, hash: hashOf('new') }),
    change: ({ proxyHashes }) => ({ proxyHashes: with_(proxyHashes, hex('new')) }),
  },
  {
    name: 'removal of a proxy image',
    op: Op.rootDelProxyType,
    body: () => bodies.rootDelProxyType({ queryId: 51n, hash: hashOf('proxy 1') }),
    change: ({ proxyHashes }) => ({ proxyHashes: without(proxyHashes, hex('proxy 1')) }),
  },
  {
    name: 'registration of a proxy',
    op: Op.rootRegisterProxy,
    body: () => bodies.rootRegisterProxy({ queryId: 51n, endpoint: ENDPOINT }),
    change: ({ registeredProxies }) => ({
      registeredProxies: new Map([...registeredProxies, [4, ENDPOINT]]),
      lastProxySeqno: 4,
    }),
  },
  {
    name: 'removal of a registered proxy',
    op: Op.rootUnregisterProxy,
    body: () => bodies.rootUnregisterProxy({ queryId: 51n, seqno: 1 }),
    change: () => ({ registeredProxies: new Map([[3, '10.0.0.3:3 10.0.0.3:4']]) }),
  },
  {
    name: 'update of a registered proxy',
    op: Op.rootUpdateProxy,
    body: () => bodies.rootUpdateProxy({ queryId: 51n, seqno: 3, endpoint: ENDPOINT }),
    change: () => ({
      registeredProxies: new Map([
        [1, '10.0.0.1:1'],
        [3, ENDPOINT],
      ]),
    }),
  },
  {
    name: 'change of the price',
    op: Op.rootChangePrice,
    body: () => bodies.rootChangePrice({ queryId: 51n, ...prices }),
    change: ({ params }) => ({ params: { ...params, ...prices, paramsVersion: 18 } }),
  },
  {
    name: 'change of the parameters',
    op: Op.rootChangeParams,
    body: () => bodies.rootChangeParams({ queryId: 51n, ...terms }),
    change: ({ params }) => ({ params: { ...params, ...terms, paramsVersion: 18 } }),
  },
  {
    name: "change of the children's codes",
    op: Op.rootUpgradeContracts,
    body: () =>
      bodies.rootUpgradeContracts({
        queryId: 51n,
        proxyCode: someCode,
        workerCode: otherCode,
        clientCode: codeOf('wallet'),
      }),
    change: ({ params }) => ({
      params: {
        ...params,
        proxyCode: someCode,
        workerCode: otherCode,
        clientCode: codeOf('wallet'),
        paramsVersion: 18,
      },
    }),
  },
  {
    name: 'reset',
    op: Op.rootReset,
    body: () => bodies.rootReset({ queryId: 51n }),
    change: () => ({
      proxyHashes: new Set(),
      workerHashes: new Set(),
      modelHashes: new Set(),
      registeredProxies: new Map(),
    }),
  },
  {
    name: 'change of the owner',
    op: Op.rootChangeOwner,
    body: () => bodies.rootChangeOwner({ queryId: 51n, newOwner: world.actors.stranger.address }),
    change: () => ({ owner: world.actors.stranger.address }),
  },
];

/** The rest of the value goes back to whoever sent the message; the root keeps what it had. */
async function expectExcesses(result: Awaited<ReturnType<typeof deliver>>, kept: bigint): Promise<void> {
  const tx = txOf(result, root.address);
  expect(exitCodeOf(tx)).toBe(0);
  const [excesses, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 128 });
  expect(excesses?.to.equals(world.actors.rootOwner.address)).toBe(true);
  expect(excesses?.body.equals(bodies.excesses({ queryId: 51n }))).toBe(true);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(world, root.address)).toBe(kept);
}

describe.each(operations)('$name', ({ op, body, change }) => {
  test('changes exactly what it says and the version, and returns the rest of the value', async () => {
    const before = await storage();
    const kept = await balanceOf(world, root.address);
    const result = await deliver(world, attempt(body()));
    await expectExcesses(result, kept);
    const expected = packRootData({ ...before, ...change(before), version: 8 });
    expect((await dataOf(world, root.address)).equals(expected)).toBe(true);
  });

  test('is refused to everybody but the owner', async () => {
    const { stranger, proxyOwner } = world.actors;
    for (const from of [stranger, proxyOwner]) {
      await expectRejection(world, { ...attempt(body()), from }, ExitCode.expectedMessageFromOwner);
    }
  });

  test('is refused with a body too short or too long', async () => {
    const tooShort = op === Op.rootReset ? [] : [headerOnly(op)];
    for (const spoiled of [...tooShort, withTrailingBit(body()), withTrailingRef(body())]) {
      await expectRejection(world, attempt(spoiled), ExitCode.tvmCellUnderflow);
    }
  });
});

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

describe('parameters of another struct version', () => {
  test.each([2, 4])('%i cannot be changed', async (structVersion) => {
    const { params } = await storage();
    await given({ params: { ...params, structVersion } });
    const price = bodies.rootChangePrice({ queryId: 1n, ...prices });
    await expectRejection(world, attempt(price), ExitCode.storedDataDamaged);
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

  test('an unknown operation, and change_params_full which nobody implements, are refused by name', async () => {
    for (const op of [UNKNOWN_OP, Op.rootChangeParamsFull, Op.ownerClientWithdraw]) {
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
});
