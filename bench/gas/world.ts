import { type Address, type Cell, type Message, toNano } from '@ton/core';
import { Blockchain, type BlockchainSnapshot, createShardAccount, internal } from '@ton/sandbox';
import { chainConfig } from '../../offchain/localnet/config';
import { MAINNET_TERMS } from '../../sdk/networks';
import { hashOf, keyOf } from '../../tests/support/keys';
import {
  type ClientData,
  type CocoonParams,
  CocoonState,
  clientStateInit,
  initialClientData,
  initialProxyData,
  initialRootData,
  initialWalletData,
  initialWorkerData,
  type ProxyData,
  packClientData,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
  proxyStateInit,
  type RootData,
  rootStateInit,
  stateInitAddress,
  walletStateInit,
  workerStateInit,
} from '../../wrappers';

export type ContractName = 'root' | 'proxy' | 'client' | 'worker' | 'wallet';
export type ContractCodes = Record<ContractName, Cell>;

/** 2026-06-01: every measurement happens at this second, so no storage fee and no clock is in the numbers. */
export const NOW = 1_780_272_000;

export const proxyKey = keyOf('proxy');
export const walletKey = keyOf('wallet');

export interface GasWorld {
  codes: ContractCodes;
  addresses: Record<ContractName | 'rootOwner' | 'proxyOwner' | 'clientOwner' | 'workerOwner' | 'walletOwner', Address>;
  params: CocoonParams;
  /** Which contract an address is, undefined for plain wallets. */
  nameOf(address: Address): ContractName | undefined;
  /** Replaces one contract's books for the next operation. */
  setProxy(change: Partial<ProxyData>): Promise<void>;
  setClient(change: Partial<ClientData>): Promise<void>;
  setRoot(change: Partial<RootData>): Promise<void>;
  inject(message: Message): ReturnType<Blockchain['sendMessage']>;
  /** Internal message from `from`, as if its wallet had sent it. */
  from(from: Address, to: Address, value: bigint, body: Cell): Message;
  /** Back to the state in which every operation starts. */
  reset(): Promise<void>;
}

/**
 * Hash of an image or model that the root knows. With a newcomer's they give the dictionaries the shape that they had in
 * the comparison: a new image becomes a sibling of all known ones, a new model one of half of them.
 */
export function knownHash(name: string): Buffer {
  const hash = hashOf(name);
  const first = hash[0] ?? 0;
  hash[0] = !name.startsWith('model') ? first & 0x7f : first & 0x80 ? first : first & 0x3f;
  return hash;
}

/** Hash of an image or model that the root does not know yet. */
export function newcomerHash(name: string): Buffer {
  const hash = hashOf(name);
  hash[0] = name.startsWith('model') ? 0x40 : 0x80;
  return hash;
}

const hashes = (what: string, count: number) =>
  new Set(Array.from({ length: count }, (_, i) => knownHash(`${what} ${i}`).toString('hex')));

/**
 * The network of the gas comparison: a root with 16 worker, 16 model and 4 proxy hashes and 8 registered proxies; a proxy
 * with a stake of 10 TON; a client topped up with 100 TON; a worker; a wallet with 100 TON. Worker and client hold 0.2 TON.
 */
export async function createGasWorld(codes: ContractCodes): Promise<GasWorld> {
  const chain = await Blockchain.create({ config: chainConfig('current') });
  chain.now = NOW;
  chain.verbosity = { ...chain.verbosity, print: false, vmLogs: (process.env.GAS_VM_LOGS as 'none') ?? 'none' };

  const params: CocoonParams = {
    structVersion: 3,
    paramsVersion: 17,
    ...MAINNET_TERMS,
    isTest: false,
    proxyCode: codes.proxy,
    workerCode: codes.worker,
    clientCode: codes.client,
  };
  const person = async (name: string) => (await chain.treasury(name)).address;
  const rootOwner = await person('rootOwner');
  const proxyOwner = await person('proxyOwner');
  const clientOwner = await person('clientOwner');
  const workerOwner = await person('workerOwner');
  const walletOwner = await person('walletOwner');

  const root = stateInitAddress(rootStateInit({ owner: rootOwner, params, rootCode: codes.root }));
  const proxyTerms = { owner: proxyOwner, publicKey: proxyKey.publicKey, root, params };
  const proxy = stateInitAddress(proxyStateInit({ ...proxyTerms, proxyCode: codes.proxy }));
  const clientTerms = { owner: clientOwner, proxy, publicKey: proxyKey.publicKey, params };
  const workerTerms = { owner: workerOwner, proxy, publicKey: proxyKey.publicKey, params };
  const client = stateInitAddress(clientStateInit(clientTerms));
  const worker = stateInitAddress(workerStateInit(workerTerms));
  const walletTerms = { publicKey: walletKey.publicKey, owner: walletOwner };
  const wallet = stateInitAddress(walletStateInit({ ...walletTerms, code: codes.wallet }));

  const rootBooks: RootData = {
    ...initialRootData({ owner: rootOwner, params, version: 50 }),
    proxyHashes: hashes('proxy image', 4),
    workerHashes: hashes('worker image', 16),
    modelHashes: hashes('model', 16),
    registeredProxies: new Map(
      Array.from({ length: 8 }, (_, i) => [i + 1, `10.0.0.${i + 1}:5222 10.0.0.${i + 1}:5223`]),
    ),
    lastProxySeqno: 8,
  };
  const record = { escrow: toNano('100'), ahead: 0n, owner: clientOwner };
  const proxyBooks: ProxyData = {
    ...initialProxyData(proxyTerms),
    stake: toNano('10'),
    balance: toNano('1'),
    clients: new Map([[client.hash.toString('hex'), record]]),
  };
  const clientBooks: ClientData = { ...initialClientData(clientTerms), balance: toNano('100') };

  const addresses = {
    root,
    proxy,
    client,
    worker,
    wallet,
    rootOwner,
    proxyOwner,
    clientOwner,
    workerOwner,
    walletOwner,
  };
  const put = async (name: ContractName, data: Cell, balance: bigint) => {
    const account = createShardAccount({ address: addresses[name], code: codes[name], data, balance });
    const storage = account.account?.storageStats;
    if (!storage) throw new Error(`${name}: the emulator made no account`);
    // The emulator counts zero cells for an account made by hand and then rejects some reserves; any plausible size will do.
    storage.used = { cells: 20n, bits: 6000n };
    storage.lastPaid = NOW;
    await chain.setShardAccount(addresses[name], account);
  };
  const putProxy = (change: Partial<ProxyData>) =>
    put('proxy', packProxyData({ ...proxyBooks, ...change }), toNano('111'));
  const putClient = (change: Partial<ClientData>) =>
    put('client', packClientData({ ...clientBooks, ...change }), toNano('0.2'));
  const putRoot = (change: Partial<RootData>) => put('root', packRootData({ ...rootBooks, ...change }), toNano('1'));

  await putRoot({});
  await putProxy({});
  await putClient({});
  await put('worker', packWorkerData(initialWorkerData(workerTerms)), toNano('0.2'));
  await put('wallet', packWalletData({ ...initialWalletData(walletTerms), seqno: 7 }), toNano('100'));
  const start: BlockchainSnapshot = chain.snapshot();

  const names = (['root', 'proxy', 'client', 'worker', 'wallet'] as const).map((name): [string, ContractName] => [
    addresses[name].toRawString(),
    name,
  ]);
  const byAddress = new Map(names);
  return {
    codes,
    addresses,
    params,
    nameOf: (address) => byAddress.get(address.toRawString()),
    setProxy: putProxy,
    setClient: putClient,
    setRoot: putRoot,
    inject: (message) => chain.sendMessage(message),
    from: (from, to, value, body) => internal({ from, to, value, body, bounce: true }),
    reset: () => chain.loadFrom(start),
  };
}

export { CocoonState };
