import { Address } from '@ton/core';

/**
 * What a deployment left on a network: which contracts it consists of, so that nobody types addresses. Scripts write it to
 * `deployments/<network>.json`; scripts and runners read it. Pure: no I/O here.
 *
 * A field this version does not know is kept when the file is written again, so that a newer one loses nothing.
 */
export interface Manifest {
  version: typeof MANIFEST_VERSION;
  /** Blueprint's name: mainnet, testnet, tetra or custom */
  network: string;
  root?: RootEntry;
  proxies: ProxyEntry[];
  clients: ChildEntry[];
  workers: ChildEntry[];
  wallets: WalletEntry[];
  /** The DAO that owns the root, or is going to: its governor, its treasury, and who lists proxies without a vote. */
  dao?: GovernanceEntry;
  vault?: GovernanceEntry;
  registrar?: GovernanceEntry;
  /** A proposed change of the root's owner that has not been carried out. */
  handover?: HandoverEntry;
}

export const MANIFEST_VERSION = 1;

/** A contract of the DAO; nobody owns those. */
export interface GovernanceEntry {
  /** friendly form, bounceable */
  address: string;
  /** representation hash of the code on chain, 64 hex digits */
  codeHash: string;
}

interface ContractEntry {
  /** friendly form, bounceable */
  address: string;
  /** representation hash of the code on chain, 64 hex digits */
  codeHash: string;
  owner: string;
}

export interface RootEntry extends ContractEntry {
  /** version of the terms (params_version) when this was written */
  paramsVersion?: number;
  uniqueId?: number;
  isTest?: boolean;
}

export interface ProxyEntry extends ContractEntry {
  root: string;
  /** key that signs vouchers, 64 hex digits */
  publicKey: string;
  /** version of the terms the contract was deployed with, for ever */
  paramsVersion: number;
}

/** A client or a worker. */
export interface ChildEntry extends ContractEntry {
  proxy: string;
  paramsVersion: number;
}

export interface WalletEntry extends ContractEntry {
  publicKey: string;
}

export interface HandoverEntry {
  root: string;
  from: string;
  newOwner: string;
  /** the root's version when the change was proposed; part of what the new owner accepts */
  rootVersion: number;
}

/** The manifest says something that it cannot mean. `key` is the path, such as `proxies[0].address`. */
export class ManifestError extends Error {
  readonly code = 'MANIFEST';
  readonly key: string;

  constructor(key: string, detail: string) {
    super(`${key}: ${detail}`);
    this.name = 'ManifestError';
    this.key = key;
  }
}

export function emptyManifest(network: string): Manifest {
  return { version: MANIFEST_VERSION, network, proxies: [], clients: [], workers: [], wallets: [] };
}

/**
 * Checks what `JSON.parse` made of the file. Unknown keys stay in the result. A file without a version was written before
 * there were versions: it has a network and a root, and is read as version 1.
 * @throws ManifestError naming the key
 */
export function parseManifest(input: unknown): Manifest {
  const json = object('(whole file)', input);
  const version = json.version ?? MANIFEST_VERSION;
  if (version !== MANIFEST_VERSION) {
    throw new ManifestError(
      'version',
      `${JSON.stringify(version)} is not ${MANIFEST_VERSION}; is this release too old?`,
    );
  }
  return {
    ...json,
    version: MANIFEST_VERSION,
    network: text('network', json.network),
    ...(json.root === undefined ? {} : { root: rootEntry('root', json.root) }),
    proxies: list('proxies', json.proxies, proxyEntry),
    clients: list('clients', json.clients, childEntry),
    workers: list('workers', json.workers, childEntry),
    wallets: list('wallets', json.wallets, walletEntry),
    ...governance(json),
    ...(json.handover === undefined ? {} : { handover: handoverEntry('handover', json.handover) }),
  };
}

type Json = Record<string, unknown>;

/** `EQ…` and `0:…` name the same contract. */
export function sameAddress(one: string, other: string): boolean {
  return Address.parse(one).equals(Address.parse(other));
}

/** Replaces the entry of the same address, keeping what this version does not know of it, or adds it. */
export function withEntry<E extends ContractEntry>(entries: readonly E[], entry: E): E[] {
  const index = entries.findIndex(({ address }) => sameAddress(address, entry.address));
  return index < 0 ? [...entries, entry] : entries.with(index, { ...entries[index], ...entry });
}

function governance(json: Json): Pick<Manifest, 'dao' | 'vault' | 'registrar'> {
  const found: Pick<Manifest, 'dao' | 'vault' | 'registrar'> = {};
  for (const key of ['dao', 'vault', 'registrar'] as const) {
    if (json[key] === undefined) continue;
    const entry = object(key, json[key]);
    found[key] = {
      ...entry,
      address: address(`${key}.address`, entry.address),
      codeHash: hash(`${key}.codeHash`, entry.codeHash),
    };
  }
  return found;
}

function contractEntry(key: string, input: unknown): Json & ContractEntry {
  const json = object(key, input);
  return {
    ...json,
    address: address(`${key}.address`, json.address),
    codeHash: hash(`${key}.codeHash`, json.codeHash),
    owner: address(`${key}.owner`, json.owner),
  };
}

function rootEntry(key: string, input: unknown): RootEntry {
  const entry = contractEntry(key, input);
  const { paramsVersion, uniqueId, isTest } = entry;
  if (isTest !== undefined && typeof isTest !== 'boolean')
    throw new ManifestError(`${key}.isTest`, 'must be a boolean');
  return {
    ...entry,
    ...(paramsVersion === undefined ? {} : { paramsVersion: whole(`${key}.paramsVersion`, paramsVersion) }),
    ...(uniqueId === undefined ? {} : { uniqueId: whole(`${key}.uniqueId`, uniqueId) }),
  } as RootEntry;
}

function proxyEntry(key: string, input: unknown): ProxyEntry {
  const entry = contractEntry(key, input);
  return {
    ...entry,
    root: address(`${key}.root`, entry.root),
    publicKey: hash(`${key}.publicKey`, entry.publicKey),
    paramsVersion: whole(`${key}.paramsVersion`, entry.paramsVersion),
  };
}

function childEntry(key: string, input: unknown): ChildEntry {
  const entry = contractEntry(key, input);
  return {
    ...entry,
    proxy: address(`${key}.proxy`, entry.proxy),
    paramsVersion: whole(`${key}.paramsVersion`, entry.paramsVersion),
  };
}

function walletEntry(key: string, input: unknown): WalletEntry {
  const entry = contractEntry(key, input);
  return { ...entry, publicKey: hash(`${key}.publicKey`, entry.publicKey) };
}

function handoverEntry(key: string, input: unknown): HandoverEntry {
  const json = object(key, input);
  return {
    ...json,
    root: address(`${key}.root`, json.root),
    from: address(`${key}.from`, json.from),
    newOwner: address(`${key}.newOwner`, json.newOwner),
    rootVersion: whole(`${key}.rootVersion`, json.rootVersion),
  };
}

function object(key: string, input: unknown): Json {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Json;
  throw new ManifestError(key, 'must be an object');
}

function list<E>(key: string, input: unknown, entry: (key: string, input: unknown) => E): E[] {
  if (input === undefined) return [];
  if (!Array.isArray(input)) throw new ManifestError(key, 'must be a list');
  return input.map((item, index) => entry(`${key}[${index}]`, item));
}

function text(key: string, input: unknown): string {
  if (typeof input === 'string' && input !== '') return input;
  throw new ManifestError(key, input === undefined ? 'is missing' : 'must be a text');
}

function address(key: string, input: unknown): string {
  const value = text(key, input);
  try {
    Address.parse(value);
  } catch {
    throw new ManifestError(key, `"${value}" is no address`);
  }
  return value;
}

function hash(key: string, input: unknown): string {
  const value = text(key, input);
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw new ManifestError(key, `"${value}" is not 64 lower-case hex digits`);
}

function whole(key: string, input: unknown): number {
  if (Number.isSafeInteger(input) && (input as number) >= 0) return input as number;
  throw new ManifestError(key, input === undefined ? 'is missing' : 'must be a whole number');
}
