import { type Address, type Cell, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import {
  bodies,
  type ClientData,
  type ClientSnapshot,
  type CocoonClient,
  packClientData,
  parseClientData,
} from '../../wrappers';
import { hashOf } from './keys';
import { expectOwnCoins } from './own-coins';
import { reservesOf, sentBy, txOf } from './trace';
import { balanceOf, createWorld, dataOf, deployClient, overwriteData, type World } from './world';

/** What the tests of the client contract share: one open client whose proxy takes everything and answers nothing. */

export const VALUE = toNano('0.7');
/** The least that pays for an operation. */
export const MIN_VALUE = toNano('0.1');
export const FLOOR = toNano('0.11');

export interface ClientWorld {
  world: World;
  client: SandboxContract<CocoonClient>;
}

/** @returns a client with 40 TON of escrow, 15 of them staked, 1000 tokens charged and a secret set */
export async function createClientWorld(opts: Parameters<typeof createWorld>[0] = {}): Promise<ClientWorld> {
  const world = await createWorld(opts);
  const client = await deployClient(world, world.actors.proxyStandIn.address);
  const opened = { balance: toNano('40'), tokensUsed: 1_000n, secretHash: hashOf('secret') };
  await given({ world, client }, opened);
  return { world, client };
}

export async function storageOf({ world, client }: ClientWorld): Promise<ClientData> {
  return parseClientData(await dataOf(world, client.address));
}

/** Rewrites some fields of the client's data. */
export async function given(it: ClientWorld, change: Partial<ClientData>): Promise<void> {
  await overwriteData(it.world, it.client.address, packClientData({ ...(await storageOf(it)), ...change }));
}

/** The data cell must be what it was, but for `change`. */
export async function expectChange(it: ClientWorld, before: ClientData, change: Partial<ClientData>): Promise<void> {
  const data = await dataOf(it.world, it.client.address);
  expect(parseClientData(data)).toMatchObject(change);
  expect(data.equals(packClientData({ ...before, ...change }))).toBe(true);
}

/** The client tells its proxy `snapshot` with one nanoTON, and the carrier gets the rest. */
export async function expectInfo(
  it: ClientWorld,
  result: SendMessageResult,
  report: { queryId: bigint; snapshot: ClientSnapshot; payload: Cell | null; excessesTo: Address; kept: bigint },
): Promise<void> {
  const { queryId, snapshot, payload, excessesTo, kept } = report;
  const { clientOwner, proxyStandIn } = it.world.actors;
  const tx = txOf(result, it.client.address);
  const [info, excesses, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expect(info).toMatchObject({ op: 'clientProxyRequest', value: 1n, bounce: true, mode: 1, flags: 0n });
  expect(info?.to.equals(proxyStandIn.address)).toBe(true);
  const body = bodies.clientProxyRequest({ queryId, owner: clientOwner.address, snapshot, payload });
  expect(info?.body.equals(body)).toBe(true);
  expect(excesses).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
  expect(excesses?.to.equals(excessesTo)).toBe(true);
  expect(excesses?.body.equals(bodies.excesses({ queryId }))).toBe(true);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(it.world, it.client.address)).toBe(kept);
}

/**
 * The client asks its proxy for something and sends all its coins but `kept` along; before that it gives its owner `own`,
 * what it had of its own. Should the request bounce, all of it comes back.
 */
export async function expectRequest(
  it: ClientWorld,
  result: SendMessageResult,
  report: { queryId: bigint; snapshot: ClientSnapshot; payload: Cell; kept: bigint; own?: bigint },
): Promise<void> {
  const { queryId, snapshot, payload, kept, own = 0n } = report;
  const { clientOwner, proxyStandIn } = it.world.actors;
  const tx = txOf(result, it.client.address);
  const sent = sentBy(tx);
  if (own > 0n) expectOwnCoins(sent.shift(), { queryId, owner: clientOwner.address, coins: own });
  const [request, ...rest] = sent;
  expect(rest).toEqual([]);
  expect(request).toMatchObject({ op: 'clientProxyRequest', bounce: true, mode: 128, flags: 3n });
  expect(request?.to.equals(proxyStandIn.address)).toBe(true);
  const body = bodies.clientProxyRequest({ queryId, owner: clientOwner.address, snapshot, payload });
  expect(request?.body.equals(body)).toBe(true);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(it.world, it.client.address)).toBe(kept);
}
