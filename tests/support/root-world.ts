import { toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { type CocoonRoot, packRootData, parseRootData, type RootData } from '../../wrappers';
import { hashOf } from './keys';
import { createWorld, dataOf, deployRoot, overwriteData, type World } from './world';

/** What the tests of the root contract share: one root that has been in use. */
export interface RootWorld {
  world: World;
  root: SandboxContract<CocoonRoot>;
}

export async function createRootWorld(): Promise<RootWorld> {
  const world = await createWorld();
  const it = { world, root: await deployRoot(world) };
  // Every list has content, and different content: an operation that confuses two of them cannot pass.
  await given(it, {
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
  return it;
}

/** The hash of a name as the root's lists are read: hex digits. */
export function hex(name: string): string {
  return hashOf(name).toString('hex');
}

export async function storageOf({ world, root }: RootWorld): Promise<RootData> {
  return parseRootData(await dataOf(world, root.address));
}

/** Rewrites some fields of the root's data. */
export async function given(it: RootWorld, change: Partial<RootData>): Promise<void> {
  await overwriteData(it.world, it.root.address, packRootData({ ...(await storageOf(it)), ...change }));
}

/** Terms that differ from those of the world in every field. */
export const newPrices = { pricePerToken: 30n, workerFeePerToken: 28n };
export const newTerms = {
  ...newPrices,
  proxyDelayBeforeClose: 100,
  clientDelayBeforeClose: 50,
  minProxyStake: toNano('20'),
  minClientStake: toNano('5'),
};
export const newAllTerms = {
  ...newTerms,
  promptMultiplier: 1,
  cachedMultiplier: 2,
  completionMultiplier: 3,
  reasoningMultiplier: 4,
};
