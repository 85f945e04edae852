import { toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { type CocoonRoot, hashToInt, type RootData } from '../../wrappers';
import { addr, int, methodId, stackOf } from '../support/getters';
import { hashOf } from '../support/keys';
import { createRootWorld, given as givenRoot, storageOf } from '../support/root-world';
import { codeOf, overwriteStructVersion, startEachTestFrom, type World } from '../support/world';

let world: World;
let root: SandboxContract<CocoonRoot>;

startEachTestFrom(async () => {
  ({ world, root } = await createRootWorld());
  return world;
});

const storage = () => storageOf({ world, root });
const given = (change: Partial<RootData>) => givenRoot({ world, root }, change);

describe('get methods', () => {
  test('have the numbers of the live network', () => {
    const numbers = {
      last_proxy_seqno: 65647,
      get_cocoon_data: 96613,
      get_cur_params: 89457,
      proxy_hash_is_valid: 129381,
      worker_hash_is_valid: 95753,
      model_hash_is_valid: 72587,
    };
    for (const [name, number] of Object.entries(numbers)) expect(methodId(name)).toBe(number);
  });

  test.each([2, 5, 255])(
    'answer nothing about parameters of struct version %i, which they cannot read',
    async (version) => {
      await overwriteStructVersion(world, root.address, 1, version);
      for (const method of ['get_cocoon_data', 'get_cur_params', 'get_cur_params_full']) {
        await expect(stackOf(world, root.address, methodId(method))).rejects.toMatchObject({ exitCode: 1008 });
      }
    },
  );

  test('last_proxy_seqno', async () => {
    expect(await stackOf(world, root.address, 65647)).toEqual([int(3)]);
  });

  test.each([false, true])('get_cocoon_data has ten fields, is_test = %s as a number', async (isTest) => {
    const { params } = await storage();
    await given({ params: { ...params, isTest } });
    const numbers = [7, 3, 17, 239, isTest ? 1 : 0, 20, 19, toNano('15'), toNano('15')];
    const expected = [...numbers.map(int), addr(world.actors.rootOwner.address)];
    expect(await stackOf(world, root.address, 96613)).toEqual(expected);
    expect(await root.getCocoonData()).toMatchObject({ isTest, version: 7, paramsVersion: 17 });
  });

  test('get_cur_params has fourteen fields, hashes of codes last', async () => {
    const numbers = [17, 239, 0, 20, 19, 1_000, 80_000, 86_400, 43_200, toNano('15'), toNano('15')];
    const hashes = [codeOf('proxy'), codeOf('worker'), codeOf('client')].map((code) => int(code.hash()));
    expect(await stackOf(world, root.address, 89457)).toEqual([...numbers.map(int), ...hashes]);
    expect((await root.getCurParams()).proxyCodeHash).toEqual(codeOf('proxy').hash());
  });

  test('get_cur_params has zeros for codes that are not there', async () => {
    const { params } = await storage();
    await given({ params: { ...params, proxyCode: null, workerCode: null, clientCode: null } });
    expect((await stackOf(world, root.address, 89457)).slice(-3)).toEqual([int(0), int(0), int(0)]);
    expect((await root.getCurParams()).clientCodeHash).toEqual(Buffer.alloc(32));
  });

  test.each([
    { kind: 'proxy', number: 129381 },
    { kind: 'worker', number: 95753 },
    { kind: 'model', number: 72587 },
  ] as const)('$kind_hash_is_valid knows its own list only', async ({ kind, number }) => {
    for (const name of ['proxy 1', 'worker 1', 'model 1', 'nothing']) {
      const listed = name.startsWith(kind);
      const args = [{ type: 'int' as const, value: hashToInt(hashOf(name)) }];
      expect(await stackOf(world, root.address, number, args)).toEqual([int(listed ? -1 : 0)]);
      expect(await root.getIsAllowed(kind, hashOf(name))).toBe(listed);
    }
  });
});
