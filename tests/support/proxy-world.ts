import { type Address, type Cell, toNano } from '@ton/core';
import type { BlockchainTransaction, SandboxContract, SendMessageResult } from '@ton/sandbox';
import {
  bodies,
  type ClientRecord,
  type ClientRecords,
  type CocoonProxy,
  CocoonState,
  clientStateInit,
  type ProxyData,
  packProxyData,
  parseProxyData,
  stateInitAddress,
  workerStateInit,
} from '../../wrappers';
import { hashOf } from './keys';
import { NO_TAIL, packProxy, parseProxy } from './proxy-data';
import { deliver } from './rejection';
import { forwardFeesOf, opOf, reservesOf, sentBy, txOf } from './trace';
import { balanceOf, createWorld, dataOf, deployProxy, overwriteData, proxyKey, type World } from './world';

/**
 * What the tests of the proxy contract share: one proxy with stake and revenue, whose pool keeps no books (no client of it
 * has topped up since this code runs), and one whose clients have topped up.
 */

export const VALUE = toNano('0.7');
export const MIN_VALUE = toNano('0.1');
/** Coins in the account: 15 of stake, 2 of revenue; with books 70 of escrow and 5 charged; the rest is nobody's. */
export const POOL = toNano('100');
export const STAKE = toNano('15');
export const REVENUE = toNano('2');
/** With books: what the pool holds for clientOwner and otherClientOwner, and what it knows to be charged. */
export const ESCROW = toNano('40');
export const OTHER_ESCROW = toNano('30');
export const EARNED = toNano('5');
/** Coins of the pool that neither stake nor revenue lay claim to; without books refunds are paid from them. */
export const UNCLAIMED = POOL - STAKE - REVENUE;
/** With books: the most that a worker's payout may take. */
export const PAYABLE = POOL - ESCROW - OTHER_ESCROW - REVENUE;

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

/** @param it a world that gets books now, for tests of a file that is about both */
export async function createProxyWorldWithBooks(it?: ProxyWorld): Promise<ProxyWorld> {
  it ??= await createProxyWorld();
  const { clientOwner, otherClientOwner } = it.world.actors;
  let clients = recordsWith(it, new Map(), clientOwner.address, { escrow: ESCROW });
  clients = recordsWith(it, clients, otherClientOwner.address, { escrow: OTHER_ESCROW });
  await given(it, { earned: EARNED, clients });
  return it;
}

/** These records with a client's changed, added or (null) removed. */
export function recordsWith(
  it: ProxyWorld,
  records: ClientRecords | null,
  owner: Address,
  change: Partial<Omit<ClientRecord, 'owner'>> | null,
): ClientRecords {
  const changed = new Map(records ?? []);
  const account = clientAddress(it, owner).hash.toString('hex');
  const { escrow = 0n, ahead = 0n } = changed.get(account) ?? {};
  if (change === null) changed.delete(account);
  else changed.set(account, { escrow, ahead, ...change, owner });
  return changed;
}

export async function storageOf({ world, proxy }: ProxyWorld): Promise<ProxyData> {
  return parseProxy(await dataOf(world, proxy.address));
}

/** Rewrites some fields of the proxy's data. */
export async function given(it: ProxyWorld, change: Partial<ProxyData>): Promise<void> {
  await overwriteData(it.world, it.proxy.address, packProxy({ ...(await storageOf(it)), ...change }));
}

/** The data cell must be what it was, but for `change`. */
export async function expectChange(it: ProxyWorld, before: ProxyData, change: Partial<ProxyData>): Promise<void> {
  const data = await dataOf(it.world, it.proxy.address);
  expect(readable(parseProxy(data))).toMatchObject(readable(change));
  expect(data.equals(packProxy({ ...before, ...change }))).toBe(true);
  // And the wrappers, which everybody else reads it with, see the same.
  expect(packProxyData(parseProxyData(data)).equals(data)).toBe(true);
}

/** Addresses as text: two objects of one address are not equal for Jest. */
function readable({ clients, ...fields }: Partial<ProxyData>): object {
  if (!clients) return { ...fields, ...(clients === null && { clients }) };
  const records = [...clients].map(([account, { owner, ...record }]) => [account, { ...record, owner: `${owner}` }]);
  return { ...fields, clients: Object.fromEntries(records) };
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

/** A request as the client contract of clientOwner sends it; `balance` is what its own books say after the operation. */
export function clientRequest(
  it: ProxyWorld,
  payload: Cell | null,
  opts: { owner?: Address; from?: Address; value?: bigint; balance?: bigint } = {},
) {
  const owner = opts.owner ?? it.world.actors.clientOwner.address;
  const balance = opts.balance ?? snapshot.balance;
  const body = bodies.clientProxyRequest({ queryId: 31n, owner, snapshot: { ...snapshot, balance }, payload });
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
  expect(payout).toMatchObject({ op: 'payout', bounce: false, mode: mode === 1 ? 1 + orBounce(tx) : mode });
  // Without mode 1 the recipient pays the forward fee out of what it gets; both messages are as large and cost the same.
  expect(payout?.value).toBe(mode === 1 ? coins : coins - forwardFeesOf(tx) / 2n);
  expect(payout?.to.equals(to)).toBe(true);
  expect(payout?.body.equals(bodies.payout({ queryId }))).toBe(true);
  expectExcessesMessage(excesses, queryId, excessesTo);
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: orBounce(tx) }]);
  expect(await balanceOf(it.world, it.proxy.address)).toBe(kept);
}

/** Mode bit 16 on what a child asked for: it comes back to the child should the coins not do after all (W09, W12). */
function orBounce(tx: BlockchainTransaction): 0 | 16 {
  const op = tx.inMessage === undefined || tx.inMessage === null ? '' : opOf(tx.inMessage.body);
  return op === 'clientProxyRequest' || op === 'workerProxyRequest' ? 16 : 0;
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
  expect(reservesOf(tx)).toEqual([{ coins: expected.kept, mode: orBounce(tx) }]);
  expect(await balanceOf(it.world, it.proxy.address)).toBe(expected.kept);
}

/** The proxy is closed for ever: its owner gets everything but `kept` in one message. */
export async function expectCompletion(
  it: ProxyWorld,
  result: SendMessageResult,
  expected: { before: ProxyData; queryId: bigint; others: bigint },
): Promise<void> {
  const { before, queryId, others } = expected;
  const tx = txOf(result, it.proxy.address);
  const [payout, ...rest] = sentBy(tx);
  expect(rest).toEqual([]);
  expect(payout).toMatchObject({ op: 'payout', bounce: false, mode: 128 });
  expect(payout?.to.equals(it.world.actors.proxyOwner.address)).toBe(true);
  expect(payout?.body.equals(bodies.payout({ queryId }))).toBe(true);
  const kept = toNano('0.01') + others;
  expect(reservesOf(tx)).toEqual([{ coins: kept, mode: 0 }]);
  expect(await balanceOf(it.world, it.proxy.address)).toBe(kept);
  const more = others === 0n ? NO_TAIL : {};
  const change = { state: CocoonState.closed, balance: 0n, stake: 0n, unlockTs: 0, ...more };
  await expectChange(it, before, change);
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
