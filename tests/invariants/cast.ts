import { createHash } from 'node:crypto';
import { Address } from '@ton/core';
import {
  type ContractInit,
  clientStateInit,
  initialRootData,
  packRootData,
  proxyStateInit,
  stateInitAddress,
  workerStateInit,
} from '../../wrappers';
import { codeOf, mainnetParams, proxyKey } from '../support/world';

/**
 * Everybody who takes part, the same in every run: one network on mainnet's terms with one proxy, three clients and two
 * workers, each with an owner, and people who bring other people's messages. Nobody is deployed yet.
 */

export const params = mainnetParams();
export const PRICE = params.pricePerToken;
export const WORKER_FEE = params.workerFeePerToken;
export const CLIENT_DELAY = params.clientDelayBeforeClose;
export const PROXY_DELAY = params.proxyDelayBeforeClose;

/** A person: an address in the basechain where no code lives. */
export function person(name: string): Address {
  return new Address(0, createHash('sha256').update(`person: ${name}`).digest());
}

export const people = {
  rootOwner: person('rootOwner'),
  proxyOwner: person('proxyOwner'),
  alice: person('alice'),
  bob: person('bob'),
  mallory: person('mallory'),
  wanda: person('wanda'),
  sybil: person('sybil'),
  carrier: person('carrier'),
  otherCarrier: person('otherCarrier'),
  /** has no rights anywhere and tries everything */
  stranger: person('stranger'),
} as const;
export type PersonName = keyof typeof people;

export interface Contract {
  readonly name: string;
  readonly kind: 'root' | 'proxy' | 'client' | 'worker';
  readonly owner: Address;
  readonly address: Address;
  readonly init: ContractInit;
}

function contract(kind: Contract['kind'], name: string, owner: Address, init: ContractInit): Contract {
  return { kind, name: name === '' ? kind : `${kind} ${name}`, owner, init, address: stateInitAddress(init) };
}

const { publicKey } = proxyKey;
const rootData = packRootData(initialRootData({ owner: people.rootOwner, params }));
export const root = contract('root', '', people.rootOwner, { code: codeOf('root'), data: rootData });
const proxyTerms = { owner: people.proxyOwner, publicKey, root: root.address, params, proxyCode: codeOf('proxy') };
export const proxy = contract('proxy', '', people.proxyOwner, proxyStateInit(proxyTerms));

const clientOf = (name: 'alice' | 'bob' | 'mallory') =>
  contract(
    'client',
    name,
    people[name],
    clientStateInit({ owner: people[name], proxy: proxy.address, publicKey, params }),
  );
const workerOf = (name: 'wanda' | 'sybil') =>
  contract(
    'worker',
    name,
    people[name],
    workerStateInit({ owner: people[name], proxy: proxy.address, publicKey, params }),
  );

/** alice is honest and active, bob paid in and lost interest, mallory is hostile. */
export const clients = { alice: clientOf('alice'), bob: clientOf('bob'), mallory: clientOf('mallory') } as const;
export type ClientName = keyof typeof clients;
export const CLIENTS = Object.keys(clients) as ClientName[];

/** wanda works; sybil belongs to whoever has the proxy's key where that is stolen, and works like wanda where it is not. */
export const workers = { wanda: workerOf('wanda'), sybil: workerOf('sybil') } as const;
export type WorkerName = keyof typeof workers;
export const WORKERS = Object.keys(workers) as WorkerName[];

export const contracts: readonly Contract[] = [root, proxy, ...Object.values(clients), ...Object.values(workers)];

const names = new Map<string, string>();
for (const [name, address] of Object.entries(people)) names.set(address.toRawString(), name);
for (const { name, address } of contracts) names.set(address.toRawString(), name);

export function nameOf(address: Address | null | undefined): string {
  if (!address) return 'nobody';
  return names.get(address.toRawString()) ?? `${address.workChain}:${address.hash.toString('hex').slice(0, 8)}…`;
}

export function contractAt(address: Address): Contract | undefined {
  return contracts.find((each) => each.address.equals(address));
}

export function clientAt(address: Address): ClientName | undefined {
  return CLIENTS.find((name) => clients[name].address.equals(address));
}

export function workerAt(address: Address): WorkerName | undefined {
  return WORKERS.find((name) => workers[name].address.equals(address));
}
