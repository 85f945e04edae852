import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, Op, packRootData, type RootData } from '../../wrappers';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import { hashOf } from '../support/keys';
import { deliver, expectRejection } from '../support/rejection';
import {
  newAllTerms as allTerms,
  createRootWorld,
  given as givenRoot,
  hex,
  newPrices as prices,
  storageOf,
  newTerms as terms,
} from '../support/root-world';
import { exitCodeOf, reservesOf, sentBy, txOf } from '../support/trace';
import { balanceOf, codeOf, dataOf, startEachTestFrom, type World } from '../support/world';

const VALUE = toNano('0.05');
const ENDPOINT = '10.0.0.1:5222 10.0.0.1:8888';

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const given = (change: Partial<RootData>) => givenRoot({ world, root }, change);

const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

function plus<T>(set: Set<T>, item: T): Set<T> {
  return new Set([...set, item]);
}
function minus<T>(set: Set<T>, item: T): Set<T> {
  return new Set([...set].filter((other) => other !== item));
}

const someCode = beginCell().storeUint(1, 8).endCell();
const otherCode = beginCell().storeUint(2, 8).endCell();
/** Not the layout we know, so that nothing gets by with taking it apart and putting it together again. */
const keyManager = beginCell().storeUint(7, 521).storeRef(beginCell()).endCell();

/** Every operation of the owner that changes the data: what it makes of it. The version always grows by one. */
const operations: { name: string; op: number; body: () => Cell; change: (before: RootData) => Partial<RootData> }[] = [
  {
    name: 'add of a worker image',
    op: Op.rootAddWorkerType,
    body: () => bodies.rootAddWorkerType({ queryId: 51n, hash: hashOf('new') }),
    change: ({ workerHashes }) => ({ workerHashes: plus(workerHashes, hex('new')) }),
  },
  {
    name: 'removal of a worker image',
    op: Op.rootDelWorkerType,
    body: () => bodies.rootDelWorkerType({ queryId: 51n, hash: hashOf('worker 2') }),
    change: ({ workerHashes }) => ({ workerHashes: minus(workerHashes, hex('worker 2')) }),
  },
  {
    name: 'add of a model',
    op: Op.rootAddModelType,
    body: () => bodies.rootAddModelType({ queryId: 51n, hash: hashOf('new') }),
    change: ({ modelHashes }) => ({ modelHashes: plus(modelHashes, hex('new')) }),
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
    change: ({ proxyHashes }) => ({ proxyHashes: plus(proxyHashes, hex('new')) }),
  },
  {
    name: 'removal of a proxy image',
    op: Op.rootDelProxyType,
    body: () => bodies.rootDelProxyType({ queryId: 51n, hash: hashOf('proxy 1') }),
    change: ({ proxyHashes }) => ({ proxyHashes: minus(proxyHashes, hex('proxy 1')) }),
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
    name: 'put of a proxy',
    op: Op.rootPutProxy,
    body: () =>
      bodies.rootPutProxy({ queryId: 51n, seqno: 1_000_000, imageHash: hashOf('proxy 2'), endpoint: ENDPOINT }),
    change: ({ registeredProxies }) => ({ registeredProxies: new Map([...registeredProxies, [1_000_000, ENDPOINT]]) }),
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
    name: 'change of all parameters',
    op: Op.rootChangeParamsFull,
    body: () => bodies.rootChangeParamsFull({ queryId: 51n, ...allTerms }),
    change: ({ params }) => ({ params: { ...params, ...allTerms, paramsVersion: 18 } }),
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
  expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
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

  test('keeps struct version 4 and the key manager as they are', async () => {
    const old = await storage();
    const before = { ...old, params: { ...old.params, structVersion: 4 }, keyManager };
    await given(before);
    const kept = await balanceOf(world, root.address);
    await expectExcesses(await deliver(world, attempt(body())), kept);
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
