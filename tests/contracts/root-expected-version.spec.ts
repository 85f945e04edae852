import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { bodies, type CocoonRoot, ExitCode, packRootData, type RootData, storeParams } from '../../wrappers';
import { withTrailingBit, withTrailingRef } from '../support/bodies';
import { deliver, expectRejection } from '../support/rejection';
import {
  newAllTerms as allTerms,
  createRootWorld,
  given as givenRoot,
  newPrices as prices,
  storageOf,
  newTerms as terms,
} from '../support/root-world';
import { exitCodeOf, txOf } from '../support/trace';
import { codeOf, dataOf, startEachTestFrom, type World } from '../support/world';

/** Messages that overwrite what their author has read may name the version they were written for (compare-and-set). */

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const given = (change: Partial<RootData>) => givenRoot({ world, root }, change);
const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: toNano('0.05'), body });

const codes = {
  proxyCode: beginCell().storeUint(1, 8).endCell(),
  workerCode: beginCell().storeUint(2, 8).endCell(),
  clientCode: beginCell().storeUint(3, 8).endCell(),
};

/** The parameters of the world are of params_version 17. */
const paramsChanges: { name: string; body: (expectedParamsVersion?: number) => Cell }[] = [
  {
    name: 'change_price',
    body: (expectedParamsVersion) => bodies.rootChangePrice({ queryId: 1n, ...prices, expectedParamsVersion }),
  },
  {
    name: 'change_params',
    body: (expectedParamsVersion) => bodies.rootChangeParams({ queryId: 1n, ...terms, expectedParamsVersion }),
  },
  {
    name: 'change_params_full',
    body: (expectedParamsVersion) => bodies.rootChangeParamsFull({ queryId: 1n, ...allTerms, expectedParamsVersion }),
  },
  {
    name: 'upgrade_contracts',
    body: (expectedParamsVersion) => bodies.rootUpgradeContracts({ queryId: 1n, ...codes, expectedParamsVersion }),
  },
];

async function accepted(body: Cell): Promise<Cell> {
  const result = await deliver(world, attempt(body));
  expect(exitCodeOf(txOf(result, root.address))).toBe(0);
  return dataOf(world, root.address);
}

describe.each(paramsChanges)('$name', ({ body }) => {
  test.each([3, 4])(
    'of struct version %i does the same with the version that is there as without one',
    async (version) => {
      const { params } = await storage();
      await given({ params: { ...params, structVersion: version } });
      const before = await dataOf(world, root.address);
      const without = await accepted(body());
      await given({ ...(await storage()), version: 7, params: { ...params, structVersion: version } });
      expect((await dataOf(world, root.address)).equals(before)).toBe(true);
      expect((await accepted(body(17))).equals(without)).toBe(true);
    },
  );

  test.each([0, 16, 18, 2 ** 32 - 1])('is refused with the version %i of other parameters', async (version) => {
    await expectRejection(world, attempt(body(version)), ExitCode.staleParams);
  });

  test('is refused the second time: the first has raised the version', async () => {
    await accepted(body(17));
    await expectRejection(world, attempt(body(17)), ExitCode.staleParams);
    await accepted(body(18));
  });

  test('is refused with a version that is too short or too long, and to anybody else', async () => {
    const short = beginCell().storeSlice(body().beginParse()).storeUint(17, 31).endCell();
    for (const spoiled of [short, withTrailingBit(body(17)), withTrailingRef(body(17))]) {
      await expectRejection(world, attempt(spoiled), ExitCode.tvmCellUnderflow);
    }
    const { stranger } = world.actors;
    await expectRejection(world, { ...attempt(body(16)), from: stranger }, ExitCode.expectedMessageFromOwner);
  });
});

test.each([0, 1, 2])('change_params_full compares the version of struct version %i, too', async (structVersion) => {
  const { params } = await storage();
  await given({ params: { ...params, structVersion } });
  const body = (expectedParamsVersion: number) =>
    bodies.rootChangeParamsFull({ queryId: 1n, ...allTerms, expectedParamsVersion });
  await expectRejection(world, attempt(body(18)), ExitCode.staleParams);
  await accepted(body(17));
});

describe('upgrade_full', () => {
  const body = (expectedVersion?: number) =>
    bodies.rootUpgradeFull({ queryId: 1n, code: codeOf('root'), data: successor, expectedVersion });
  let successor: Cell;
  beforeEach(async () => {
    successor = packRootData({ ...(await storage()), version: 8 });
  });

  test("compares the root's own version, which is 7 here", async () => {
    expect((await accepted(body(7))).equals(successor)).toBe(true);
    await expectRejection(world, attempt(body(7)), ExitCode.staleParams);
    await accepted(body(8));
  });

  test.each([0, 6, 8, 17])('is refused with the version %i', async (version) => {
    await expectRejection(world, attempt(body(version)), ExitCode.staleParams);
  });

  test('is taken without a version whatever the version is', async () => {
    await accepted(body());
    await accepted(body());
  });

  test('is refused with a version that is too short or too long, and to anybody else', async () => {
    for (const spoiled of [withTrailingBit(body()), withTrailingBit(body(7)), withTrailingRef(body(7))]) {
      await expectRejection(world, attempt(spoiled), ExitCode.tvmCellUnderflow);
    }
    const { stranger } = world.actors;
    await expectRejection(world, { ...attempt(body(7)), from: stranger }, ExitCode.expectedMessageFromOwner);
  });
});

test('codes that come with a version are stored without it', async () => {
  await accepted(bodies.rootUpgradeContracts({ queryId: 1n, ...codes, expectedParamsVersion: 17 }));
  const { params } = await storage();
  const expected = storeParams({ ...params, ...codes }, 'all');
  expect(storeParams(params, 'all').equals(expected)).toBe(true);
});
