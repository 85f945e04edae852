import type { SandboxContract } from '@ton/sandbox';
import { type CocoonWorker, packWorkerData, parseWorkerData, type WorkerData } from '../../wrappers';
import { createWorld, dataOf, deployWorker, overwriteData, type World } from './world';

/** What the tests of the worker contract share: one new worker whose proxy takes everything and answers nothing. */
export interface WorkerWorld {
  world: World;
  worker: SandboxContract<CocoonWorker>;
}

export async function createWorkerWorld(): Promise<WorkerWorld> {
  const world = await createWorld();
  return { world, worker: await deployWorker(world, world.actors.proxyStandIn.address) };
}

export async function storageOf({ world, worker }: WorkerWorld): Promise<WorkerData> {
  return parseWorkerData(await dataOf(world, worker.address));
}

/** Rewrites some fields of the worker's data. */
export async function given(it: WorkerWorld, change: Partial<WorkerData>): Promise<void> {
  await overwriteData(it.world, it.worker.address, packWorkerData({ ...(await storageOf(it)), ...change }));
}
