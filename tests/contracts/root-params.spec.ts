import { beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import {
  bodies,
  type CocoonRoot,
  ExitCode,
  loadParams,
  packRootData,
  type RootData,
  storeParams,
} from '../../wrappers';
import { addr, int, methodId, stackOf } from '../support/getters';
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
import { codeOf, dataOf, overwriteStructVersion, startEachTestFrom, type World } from '../support/world';

const VALUE = toNano('0.05');

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const given = (change: Partial<RootData>) => givenRoot({ world, root }, change);
const attempt = (body: Cell) => ({ from: world.actors.rootOwner, to: root.address, value: VALUE, body });

const someCode = beginCell().storeUint(1, 8).endCell();
const codes = { proxyCode: someCode, workerCode: someCode, clientCode: someCode };

const changePrice = (change = {}) => bodies.rootChangePrice({ queryId: 1n, ...prices, ...change });
const changeParams = (change = {}) => bodies.rootChangeParams({ queryId: 1n, ...terms, ...change });
const changeParamsFull = (change = {}) => bodies.rootChangeParamsFull({ queryId: 1n, ...allTerms, ...change });
const upgradeContracts = () => bodies.rootUpgradeContracts({ queryId: 1n, ...codes });

async function givenStructVersion(structVersion: number): Promise<void> {
  const { params } = await storage();
  await given({ params: { ...params, structVersion } });
}

async function expectAccepted(body: Cell): Promise<void> {
  const result = await deliver(world, attempt(body));
  expect(exitCodeOf(txOf(result, root.address))).toBe(0);
}

describe('parameters of an old struct version', () => {
  test.each([0, 1, 2])(
    '%i become those of version 3 when all terms are set, and are the network they were (W39)',
    async (structVersion) => {
      const before = await storage();
      await given({ params: { ...before.params, isTest: true, structVersion } });
      await expectAccepted(changeParamsFull());
      const params = { ...before.params, ...allTerms, isTest: true, structVersion: 3, paramsVersion: 18 };
      expect((await dataOf(world, root.address)).equals(packRootData({ ...before, params, version: 8 }))).toBe(true);
      await expectAccepted(changePrice());
    },
  );

  test.each([0, 1, 2])('%i without any code stay without', async (structVersion) => {
    const { params } = await storage();
    await given({ params: { ...params, proxyCode: null, workerCode: null, clientCode: null, structVersion } });
    await expectAccepted(changeParamsFull());
    const after = await storage();
    expect(after.params).toMatchObject({ proxyCode: null, workerCode: null, clientCode: null, uniqueId: 239 });
  });

  test.each([0, 1, 2])('%i cannot be changed in part', async (structVersion) => {
    await givenStructVersion(structVersion);
    for (const body of [changePrice(), changeParams(), upgradeContracts()]) {
      await expectRejection(world, attempt(body), ExitCode.storedDataDamaged);
    }
  });
});

test.each([5, 255])('parameters of the unknown struct version %i cannot be changed at all', async (structVersion) => {
  await overwriteStructVersion(world, root.address, 1, structVersion);
  for (const body of [changePrice(), changeParams(), changeParamsFull(), upgradeContracts()]) {
    await expectRejection(world, attempt(body), ExitCode.storedDataDamaged);
  }
});

describe.each([3, 4])('parameters of struct version %i', (structVersion) => {
  beforeEach(() => givenStructVersion(structVersion));

  test('a fee above the price is refused, an equal one is not (W19)', async () => {
    for (const change of [changePrice, changeParams, changeParamsFull]) {
      const above = change({ pricePerToken: 28n, workerFeePerToken: 29n });
      await expectRejection(world, attempt(above), ExitCode.badParams);
      await expectAccepted(change({ pricePerToken: 28n, workerFeePerToken: 28n }));
    }
  });

  test('a proxy that could close before its clients got their refund is refused, equal delays are not (W22)', async () => {
    for (const change of [changeParams, changeParamsFull]) {
      const early = change({ proxyDelayBeforeClose: 49, clientDelayBeforeClose: 50 });
      await expectRejection(world, attempt(early), ExitCode.badParams);
      await expectAccepted(change({ proxyDelayBeforeClose: 50, clientDelayBeforeClose: 50 }));
    }
  });

  test('a change of the price does not look at delays that are wrong already', async () => {
    const { params } = await storage();
    await given({ params: { ...params, proxyDelayBeforeClose: 1, clientDelayBeforeClose: 2 } });
    await expectAccepted(changePrice());
  });

  test('the multipliers change with change_params_full only (W40)', async () => {
    const before = (await storage()).params;
    await expectAccepted(changeParams());
    const { promptMultiplier, completionMultiplier } = (await storage()).params;
    expect([promptMultiplier, completionMultiplier]).toEqual([before.promptMultiplier, before.completionMultiplier]);
    await expectAccepted(changeParamsFull());
    expect((await storage()).params).toMatchObject({
      ...allTerms,
      structVersion,
      paramsVersion: before.paramsVersion + 2,
    });
  });

  test('a params_version at its end is refused and never runs into the struct version', async () => {
    const { params } = await storage();
    await given({ params: { ...params, paramsVersion: 2 ** 32 - 1 } });
    for (const body of [changePrice(), changeParams(), changeParamsFull(), upgradeContracts()]) {
      await expectRejection(world, attempt(body), ExitCode.tvmRange);
    }
  });

  test('get_cur_params_full answers all seventeen fields in the order of the cell (W40)', async () => {
    const { params } = await storage();
    await given({ params: { ...params, ...allTerms, isTest: true } });
    const numbers = [structVersion, 17, 239, 1, 30, 28, 1, 2, 3, 4, 100, 50, toNano('20'), toNano('5')];
    const hashes = [codeOf('proxy'), codeOf('worker'), codeOf('client')].map((code) => int(code.hash()));
    const stack = await stackOf(world, root.address, methodId('get_cur_params_full'));
    expect(stack).toEqual([...numbers.map(int), ...hashes]);
    const read = await root.getCurParamsFull();
    expect(read).toMatchObject({ ...allTerms, structVersion, isTest: true, paramsVersion: 17, uniqueId: 239 });
    expect(read.clientCodeHash).toEqual(codeOf('client').hash());
  });

  test('the get methods of the live network answer', async () => {
    expect((await stackOf(world, root.address, 96613)).at(-1)).toEqual(addr(world.actors.rootOwner.address));
    expect((await stackOf(world, root.address, 89457)).slice(0, 2)).toEqual([int(17), int(239)]);
  });

  test('codes replace codes, also where there were none', async () => {
    const { params } = await storage();
    await given({ params: { ...params, proxyCode: null, clientCode: null } });
    await expectAccepted(upgradeContracts());
    const after = (await storage()).params;
    const expected = storeParams({ ...params, ...codes, structVersion, paramsVersion: 18 }, 'all');
    expect(storeParams(after, 'all').equals(expected)).toBe(true);
    expect(loadParams(expected).structVersion).toBe(structVersion);
  });
});
