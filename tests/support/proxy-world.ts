import { type Address, type Cell, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import {
  bodies,
  type CocoonProxy,
  clientStateInit,
  type ProxyData,
  packProxyData,
  parseProxyData,
  stateInitAddress,
  workerStateInit,
} from '../../wrappers';
import { hashOf } from './keys';
import { deliver } from './rejection';
import { reservesOf, sentBy, txOf } from './trace';
import { balanceOf, createWorld, dataOf, deployProxy, overwriteData, proxyKey, type World } from './world';

/** What the tests of the proxy contract share: one proxy with stake, revenue and its clients' escrow. */

export const VALUE = toNano('0.7');
export const MIN_VALUE = toNano('0.1');
/** Coins in the account: 15 of stake, 2 of revenue, the rest escrow. */
export const POOL = toNano('100');
export const STAKE = toNano('15');
export const REVENUE = toNano('2');

export interface ProxyWorld {
  world: World;
  proxy: SandboxContract<CocoonProxy>;
}

export async function createProxyWorld(): Promise<ProxyWorld> {
  const world = await createWorld();
  const it = { world, proxy: await deployProxy(world) };
  await given(it, { balance: REVENUE, stake: STAKE });
  (await world.chain.getContract(it.proxy.address)).balance = POOL;
  return it;
}

export async function storageOf({ world, proxy }: ProxyWorld): Promise<ProxyData> {
  return parseProxyData(await dataOf(world, proxy.address));
}

/** Rewrites some fields of the proxy's data. */
export async function given(it: ProxyWorld, change: Partial<ProxyData>): Promise<void> {
  await overwriteData(it.world, it.proxy.address, packProxyData({ ...(await storageOf(it)), ...change }));
}

/** The data cell must be what it was, but for `change`. */
export async function expectChange(it: ProxyWorld, before: ProxyData, change: Partial<ProxyData>): Promise<void> {
  const data = await dataOf(it.world, it.proxy.address);
  expect(parseProxyData(data)).toMatchObject(change);
  expect(data.equals(packProxyData({ ...before, ...change }))).toBe(true);
}

/** Address of this proxy's client or worker contract for an owner; nothing needs to be deployed there to speak as it. */
export function clientAddress({ world, proxy }: ProxyWorld, owner: Address): Address {
  const key = proxyKey.publicKey;
  return stateInitAddress(clientStateInit({ owner, proxy: proxy.address, publicKey: key, params: world.params }));
}

export function workerAddress({ world, proxy }: ProxyWorld, owner: Address): Address {
  const key = proxyKey.publicKey;
  return stateInitAddress(workerStateInit({ owner, proxy: proxy.address, publicKey: key, params: world.params }));
}

export const snapshot = {
  state: 0,
  balance: toNano('40'),
  stake: toNano('15'),
  tokensUsed: 5n,
  secretHash: hashOf('secret'),
} as const;

/** A request as the client contract of clientOwner sends it. */
export function clientRequest(
  it: ProxyWorld,
  payload: Cell | null,
  opts: { owner?: Address; from?: Address; value?: bigint } = {},
) {
  const owner = opts.owner ?? it.world.actors.clientOwner.address;
  const body = bodies.clientProxyRequest({ queryId: 31n, owner, snapshot, payload });
  return { from: opts.from ?? clientAddress(it, owner), to: it.proxy.address, value: opts.value ?? VALUE, body };
}

/** A request as the worker contract of workerOwner sends it. */
export function workerRequest(
  it: ProxyWorld,
  payload: Cell | null,
  opts: { owner?: Address; from?: Address; value?: bigint } = {},
) {
  const owner = opts.owner ?? it.world.actors.workerOwner.address;
  const body = bodies.workerProxyRequest({ queryId: 32n, owner, state: 0, tokens: 9n, payload });
  return { from: opts.from ?? workerAddress(it, owner), to: it.proxy.address, value: opts.value ?? VALUE, body };
}

/** The proxy pays `coins` to `to`, gives the rest of the value to `excessesTo` and keeps `kept`. */
export async function expectPayout(
  it: ProxyWorld,
  result: SendMessageResult,
  expected: { queryId: bigint; to: Address; coins: bigint; excessesTo: Address; kept: bigint; mode?: number },
): Promise<void> {
  const { queryId, to, coins, excessesTo, kept, mode = 1 } = expected;
  const tx = txOf(result, it.proxy.address);
  const [payout, excesses, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expect(payout).toMatchObject({ op: 'payout', bounce: false, mode });
  // With mode 0 the recipient pays the forward fee out of what it gets.
  if (mode === 1) expect(payout?.value).toBe(coins);
  expect(payout?.to.equals(to)).toBe(true);
  expect(payout?.body.equals(bodies.payout({ queryId }))).toBe(true);
  expectExcessesMessage(excesses, queryId, excessesTo);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(it.world, it.proxy.address)).toBe(kept);
}

/** The proxy only gives the rest of the value to `excessesTo` and keeps `kept`. */
export async function expectExcesses(
  it: ProxyWorld,
  result: SendMessageResult,
  expected: { queryId: bigint; excessesTo: Address; kept: bigint },
): Promise<void> {
  const tx = txOf(result, it.proxy.address);
  const [excesses, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expectExcessesMessage(excesses, expected.queryId, expected.excessesTo);
  expect(reservesOf(tx)).toEqual([{ coins: expected.kept, mode: 0 }]);
  expect(await balanceOf(it.world, it.proxy.address)).toBe(expected.kept);
}

function expectExcessesMessage(
  message: ReturnType<typeof sentBy>[number] | undefined,
  queryId: bigint,
  to: Address,
): void {
  expect(message).toMatchObject({ op: 'excesses', bounce: false, mode: 130 });
  expect(message?.to.equals(to)).toBe(true);
  expect(message?.body.equals(bodies.excesses({ queryId }))).toBe(true);
}

/** Delivers a message and returns its trace with the pool's balance before it. */
export async function delivered(it: ProxyWorld, attempt: Parameters<typeof deliver>[1]) {
  const before = await storageOf(it);
  const pool = await balanceOf(it.world, it.proxy.address);
  return { before, pool, result: await deliver(it.world, attempt) };
}
