import { type Address, beginCell, type Cell, type Slice } from '@ton/core';
import { parsing } from './errors';
import {
  type CocoonState,
  endOf,
  loadState,
  CocoonState as State,
  storeCoins,
  storeHash,
  storeState,
  storeU32,
  storeU64,
} from './fields';
import { type CocoonParams, loadParams, storeParams } from './params';
import { type ClientRecords, loadProxyMore, storeProxyMore } from './proxy-books';
import { packHashSet, packRegisteredProxies, readHashSet, readRegisteredProxies } from './registry';

/**
 * Data cells of the five contracts. A contract's initial data cell is half of its address, so pack* is bit-exact.
 * parse* of client and worker ignores what follows the known fields: a live contract may keep more there.
 * All parse* throw CellFormatError naming the contract.
 */

export interface RootData {
  owner: Address;
  version: number;
  /** SHA-256 hashes of allowed images and models, 64 lower-case hex digits each */
  proxyHashes: Set<string>;
  workerHashes: Set<string>;
  modelHashes: Set<string>;
  /** seqno -> "workers_ip:port[ clients_ip:port]" */
  registeredProxies: Map<number, string>;
  lastProxySeqno: number;
  params: CocoonParams;
  /** Third reference, from struct version 4 on: see parseKeyManager. Null where absent. */
  keyManager: Cell | null;
}

export interface ProxyData {
  owner: Address;
  /** Ed25519, 32 bytes */
  publicKey: Buffer;
  root: Address;
  state: CocoonState;
  /** nanoTON earned by the proxy and not yet paid out to its owner */
  balance: bigint;
  /** nanoTON */
  stake: bigint;
  /** unix seconds; 0 unless closing */
  unlockTs: number;
  params: CocoonParams;
  /**
   * nanoTON charged to clients, as far as the pool has been told, less all that was paid for workers' vouchers; below zero
   * while vouchers were paid in advance, out of the stake
   */
  earned: bigint;
  /** What the pool holds for each client; null until the first top-up. */
  clients: ClientRecords | null;
}

export interface ClientData {
  state: CocoonState;
  /** nanoTON of escrow held by the proxy contract for this client, stake included */
  balance: bigint;
  /** nanoTON of it that only a refund gives back */
  stake: bigint;
  /** adjusted tokens charged so far */
  tokensUsed: bigint;
  /** unix seconds; 0 unless closing */
  unlockTs: number;
  /** 32 bytes; zeros = no secret set */
  secretHash: Buffer;
  owner: Address;
  proxy: Address;
  /** Ed25519 key of the proxy, 32 bytes */
  publicKey: Buffer;
  params: CocoonParams;
  /** Has been closing or closed and was opened again: refund vouchers then need a higher counter than it has. */
  reopened: boolean;
  /** nanoTON of a top-up that came back after they had been charged or asked back; a refund that comes back makes them good */
  debt: bigint;
}

export interface WorkerData {
  owner: Address;
  proxy: Address;
  /** Ed25519 key of the proxy, 32 bytes */
  publicKey: Buffer;
  state: CocoonState;
  /** adjusted tokens paid for so far */
  tokens: bigint;
  params: CocoonParams;
  /** Has been closed and was opened again: last vouchers then need a higher counter than it has. */
  reopened: boolean;
}

export interface WalletData {
  seqno: number;
  subwallet: number;
  /** Ed25519, 32 bytes */
  publicKey: Buffer;
  /** bit 0 = blocked by the owner */
  status: number;
  owner: Address;
}

const ZERO_HASH = Buffer.alloc(32);

export function initialRootData(opts: { owner: Address; params: CocoonParams; version?: number }): RootData {
  return {
    owner: opts.owner,
    version: opts.version ?? 0,
    proxyHashes: new Set(),
    workerHashes: new Set(),
    modelHashes: new Set(),
    registeredProxies: new Map(),
    lastProxySeqno: 0,
    params: opts.params,
    keyManager: null,
  };
}

export function initialProxyData(opts: Pick<ProxyData, 'owner' | 'publicKey' | 'root' | 'params'>): ProxyData {
  const { owner, publicKey, root, params } = opts;
  const zeros = { state: State.normal, balance: 0n, stake: 0n, unlockTs: 0, earned: 0n };
  return { owner, publicKey, root, params, ...zeros, clients: null };
}

export function initialClientData(opts: Pick<ClientData, 'owner' | 'proxy' | 'publicKey' | 'params'>): ClientData {
  const { owner, proxy, publicKey, params } = opts;
  return {
    state: State.normal,
    balance: 0n,
    stake: params.minClientStake,
    tokensUsed: 0n,
    unlockTs: 0,
    secretHash: ZERO_HASH,
    owner,
    proxy,
    publicKey,
    params,
    reopened: false,
    debt: 0n,
  };
}

export function initialWorkerData(opts: Pick<WorkerData, 'owner' | 'proxy' | 'publicKey' | 'params'>): WorkerData {
  const { owner, proxy, publicKey, params } = opts;
  return { owner, proxy, publicKey, params, state: State.normal, tokens: 0n, reopened: false };
}

export function initialWalletData(opts: Pick<WalletData, 'owner' | 'publicKey'>): WalletData {
  return { seqno: 0, subwallet: 0, publicKey: opts.publicKey, status: 0, owner: opts.owner };
}

export function packRootData(data: RootData): Cell {
  const registry = beginCell().storeDict(packHashSet('proxyHashes', data.proxyHashes));
  registry.storeDict(packRegisteredProxies(data.registeredProxies));
  storeU32(registry, 'lastProxySeqno', data.lastProxySeqno);
  registry.storeDict(packHashSet('workerHashes', data.workerHashes));
  registry.storeDict(packHashSet('modelHashes', data.modelHashes));
  const builder = beginCell().storeAddress(data.owner);
  storeU32(builder, 'version', data.version);
  builder.storeRef(registry).storeRef(storeParams(data.params, 'all'));
  if (data.keyManager !== null) builder.storeRef(data.keyManager);
  return builder.endCell();
}

export function parseRootData(cell: Cell): RootData {
  return parsing('root data', () => {
    const slice = cell.beginParse();
    const owner = slice.loadAddress();
    const version = slice.loadUint(32);
    const registry = slice.loadRef().beginParse();
    const params = loadParams(slice.loadRef());
    const keyManager = slice.remainingRefs > 0 ? slice.loadRef() : null;
    endOf(slice);
    const proxyHashes = readHashSet(registry);
    const registeredProxies = readRegisteredProxies(registry);
    const lastProxySeqno = registry.loadUint(32);
    const workerHashes = readHashSet(registry);
    const modelHashes = readHashSet(registry);
    endOf(registry);
    const hashes = { proxyHashes, workerHashes, modelHashes };
    return { owner, version, ...hashes, registeredProxies, lastProxySeqno, params, keyManager };
  });
}

export function packProxyData(data: ProxyData): Cell {
  const builder = beginCell().storeAddress(data.owner);
  storeHash(builder, 'publicKey', data.publicKey).storeAddress(data.root);
  storeState(builder, data.state);
  storeCoins(builder, 'balance', data.balance);
  storeCoins(builder, 'stake', data.stake);
  storeU32(builder, 'unlockTs', data.unlockTs);
  builder.storeRef(storeParams(data.params, 'children'));
  return storeProxyMore(builder, data).endCell();
}

export function parseProxyData(cell: Cell): ProxyData {
  return parsing('proxy data', () => {
    const slice = cell.beginParse();
    return {
      owner: slice.loadAddress(),
      publicKey: slice.loadBuffer(32),
      root: slice.loadAddress(),
      state: loadState(slice),
      balance: slice.loadCoins(),
      stake: slice.loadCoins(),
      unlockTs: slice.loadUint(32),
      params: loadParams(slice.loadRef()),
      ...loadProxyMore(slice),
    };
  });
}

export function packClientData(data: ClientData): Cell {
  const builder = storeState(beginCell(), data.state);
  storeCoins(builder, 'balance', data.balance);
  storeCoins(builder, 'stake', data.stake);
  storeU64(builder, 'tokensUsed', data.tokensUsed);
  storeU32(builder, 'unlockTs', data.unlockTs);
  storeHash(builder, 'secretHash', data.secretHash);
  const constants = beginCell().storeAddress(data.owner).storeAddress(data.proxy);
  storeHash(constants, 'publicKey', data.publicKey);
  if (data.reopened || data.debt > 0n) storeCoins(builder.storeBit(data.reopened), 'debt', data.debt);
  return builder.storeRef(constants).storeRef(storeParams(data.params, 'none')).endCell();
}

export function parseClientData(cell: Cell): ClientData {
  return parsing('client data', () => {
    const slice = cell.beginParse();
    const constants = slice.loadRef().beginParse();
    return {
      state: loadState(slice),
      balance: slice.loadCoins(),
      stake: slice.loadCoins(),
      tokensUsed: slice.loadUintBig(64),
      unlockTs: slice.loadUint(32),
      secretHash: slice.loadBuffer(32),
      owner: constants.loadAddress(),
      proxy: constants.loadAddress(),
      publicKey: constants.loadBuffer(32),
      params: loadParams(slice.loadRef()),
      ...loadClientMore(slice),
    };
  });
}

/** Trailing fields of a client's data, absent at birth. What another implementation keeps there counts as absent. */
function loadClientMore(slice: Slice): Pick<ClientData, 'reopened' | 'debt'> {
  const ours = slice.remainingRefs === 0 && slice.remainingBits >= 5;
  const coinsBytes = ours ? slice.preloadUint(5) & 15 : 0;
  if (!ours || slice.remainingBits !== 5 + 8 * coinsBytes) return { reopened: false, debt: 0n };
  return { reopened: slice.loadBit(), debt: slice.loadCoins() };
}

export function packWorkerData(data: WorkerData): Cell {
  const builder = beginCell().storeAddress(data.owner).storeAddress(data.proxy);
  storeHash(builder, 'publicKey', data.publicKey);
  storeState(builder, data.state);
  storeU64(builder, 'tokens', data.tokens);
  if (data.reopened) builder.storeBit(true);
  return builder.storeRef(storeParams(data.params, 'none')).endCell();
}

export function parseWorkerData(cell: Cell): WorkerData {
  return parsing('worker data', () => {
    const slice = cell.beginParse();
    return {
      owner: slice.loadAddress(),
      proxy: slice.loadAddress(),
      publicKey: slice.loadBuffer(32),
      state: loadState(slice),
      tokens: slice.loadUintBig(64),
      params: loadParams(slice.loadRef()),
      reopened: slice.remainingBits === 1 && slice.remainingRefs === 0 && slice.loadBit(),
    };
  });
}

export function packWalletData(data: WalletData): Cell {
  const builder = storeU32(beginCell(), 'seqno', data.seqno);
  storeU32(builder, 'subwallet', data.subwallet);
  storeHash(builder, 'publicKey', data.publicKey);
  storeU32(builder, 'status', data.status);
  return builder.storeAddress(data.owner).endCell();
}

export function parseWalletData(cell: Cell): WalletData {
  return parsing('wallet data', () => {
    const slice = cell.beginParse();
    const data = {
      seqno: slice.loadUint(32),
      subwallet: slice.loadUint(32),
      publicKey: slice.loadBuffer(32),
      status: slice.loadUint(32),
      owner: slice.loadAddress(),
    };
    endOf(slice);
    return data;
  });
}
