import { type Address, beginCell, Cell } from '@ton/core';
import {
  Blockchain,
  type BlockchainSnapshot,
  createShardAccount,
  type SandboxContract,
  type TreasuryContract,
} from '@ton/sandbox';
import { contractCode } from '../../sdk/generated/code';
import { MAINNET_TERMS } from '../../sdk/networks';
import {
  CocoonClient,
  type CocoonParams,
  CocoonProxy,
  CocoonRoot,
  CocoonWallet,
  CocoonWorker,
  type ContractInit,
  clientStateInit,
  DeployValue,
  initialClientData,
  initialProxyData,
  initialRootData,
  initialWalletData,
  initialWorkerData,
} from '../../wrappers';
import { keyOf } from './keys';
import { configAt, type Prices } from './price-sets';

/**
 * The world contract tests live in: the network with its mainnet parameters on an emulated chain, with everybody named
 * by role, keys seeded by role and a clock that moves only when a test moves it. Code comes compiled from the SDK.
 */

export type ContractName = keyof typeof contractCode;

export function codeOf(name: ContractName): Cell {
  return Cell.fromBase64(contractCode[name].boc);
}

/** 2026-06-01, after the price change. */
export const START = 1_780_272_000;

export const proxyKey = keyOf('proxy');
export const walletKey = keyOf('wallet');
/** Signs nothing that any contract should accept. */
export const strangerKey = keyOf('stranger');

export function mainnetParams(): CocoonParams {
  return {
    structVersion: 3,
    paramsVersion: 17,
    ...MAINNET_TERMS,
    isTest: false,
    proxyCode: codeOf('proxy'),
    workerCode: codeOf('worker'),
    clientCode: codeOf('client'),
  };
}

const ROLES = [
  'rootOwner',
  'proxyOwner',
  'clientOwner',
  'otherClientOwner',
  'workerOwner',
  'walletOwner',
  'carrier',
  'stranger',
  'proxyStandIn',
] as const;
export type Role = (typeof ROLES)[number];
export type Actor = SandboxContract<TreasuryContract>;

export interface World {
  chain: Blockchain;
  /**
   * `carrier` brings other people's vouchers; `stranger` has no rights anywhere; `proxyStandIn` takes every message and
   * answers none, where a test is about what a client or worker says to its proxy.
   */
  actors: Record<Role, Actor>;
  params: CocoonParams;
  /** Moves the clock. */
  advance(seconds: number): void;
  now(): number;
}

export async function createWorld(opts: { prices?: Prices; params?: Partial<CocoonParams> } = {}): Promise<World> {
  const chain = await Blockchain.create({ config: configAt(opts.prices ?? 'current') });
  chain.now = START;
  const entries: [Role, Actor][] = [];
  for (const role of ROLES) entries.push([role, await chain.treasury(role)]);
  return {
    chain,
    actors: Object.fromEntries(entries) as Record<Role, Actor>,
    params: { ...mainnetParams(), ...opts.params },
    now: () => chain.now!,
    advance: (seconds) => {
      chain.now = chain.now! + seconds;
    },
  };
}

export async function deployRoot(world: World): Promise<SandboxContract<CocoonRoot>> {
  const data = initialRootData({ owner: world.actors.rootOwner.address, params: world.params });
  const root = world.chain.openContract(CocoonRoot.createFromConfig(data, codeOf('root')));
  await root.sendDeploy(world.actors.rootOwner.getSender());
  return root;
}

/** A fresh proxy without any stake; its root is an address nobody needs to live at. */
export async function deployProxy(world: World): Promise<SandboxContract<CocoonProxy>> {
  const { proxyOwner } = world.actors;
  const root = rootAddress(world);
  const data = initialProxyData({
    owner: proxyOwner.address,
    publicKey: proxyKey.publicKey,
    root,
    params: world.params,
  });
  const proxy = world.chain.openContract(CocoonProxy.createFromConfig(data, codeOf('proxy')));
  await proxy.sendDeploy(proxyOwner.getSender());
  return proxy;
}

/** A proxy with the stake that the parameters ask for. */
export async function deployStakedProxy(world: World): Promise<SandboxContract<CocoonProxy>> {
  const proxy = await deployProxy(world);
  const { proxyOwner } = world.actors;
  const opts = { amount: world.params.minProxyStake, excessesTo: proxyOwner.address };
  await proxy.sendIncreaseStake(proxyOwner.getSender(), opts);
  return proxy;
}

export function rootAddress(world: World): Address {
  const data = initialRootData({ owner: world.actors.rootOwner.address, params: world.params });
  return CocoonRoot.createFromConfig(data, codeOf('root')).address;
}

export async function deployClient(
  world: World,
  proxy: Address,
  owner: Actor = world.actors.clientOwner,
): Promise<SandboxContract<CocoonClient>> {
  const data = initialClientData({ owner: owner.address, proxy, publicKey: proxyKey.publicKey, params: world.params });
  const client = world.chain.openContract(CocoonClient.createFromConfig(data, codeOf('client')));
  await client.sendDeploy(owner.getSender());
  return client;
}

/** @param escrow nanoTON topped up after deployment; must include the stake for the channel to be of use */
export async function deployFundedClient(
  world: World,
  proxy: Address,
  escrow: bigint,
  owner: Actor = world.actors.clientOwner,
): Promise<SandboxContract<CocoonClient>> {
  const client = await deployClient(world, proxy, owner);
  await client.sendTopUp(owner.getSender(), { amount: escrow, excessesTo: owner.address });
  return client;
}

export async function deployWorker(world: World, proxy: Address): Promise<SandboxContract<CocoonWorker>> {
  const { workerOwner } = world.actors;
  const key = proxyKey.publicKey;
  const data = initialWorkerData({ owner: workerOwner.address, proxy, publicKey: key, params: world.params });
  const worker = world.chain.openContract(CocoonWorker.createFromConfig(data, codeOf('worker')));
  await worker.sendDeploy(workerOwner.getSender());
  return worker;
}

/** @param value nanoTON the wallet starts with; below 2 TON its key is not obeyed */
export async function deployWallet(
  world: World,
  value: bigint = DeployValue.wallet,
): Promise<SandboxContract<CocoonWallet>> {
  const { walletOwner } = world.actors;
  const data = initialWalletData({ owner: walletOwner.address, publicKey: walletKey.publicKey });
  const wallet = world.chain.openContract(CocoonWallet.createFromConfig(data, codeOf('wallet')));
  await wallet.sendDeploy(walletOwner.getSender(), { value });
  return wallet;
}

/** Where a client of this proxy would live. */
export function clientInit(world: World, proxy: Address, owner: Address): ContractInit {
  return clientStateInit({ owner, proxy, publicKey: proxyKey.publicKey, params: world.params });
}

/** A state of the chain to come back to. */
export interface Checkpoint {
  restore(): Promise<void>;
}

export function checkpoint(world: World): Checkpoint {
  const snapshot: BlockchainSnapshot = world.chain.snapshot();
  return { restore: () => world.chain.loadFrom(snapshot) };
}

/** Every test of the file starts from the same state: `build` makes it once, and returns its world. */
export function startEachTestFrom(build: () => Promise<World>): void {
  let fresh: Checkpoint;
  beforeAll(async () => {
    fresh = checkpoint(await build());
  });
  beforeEach(() => fresh.restore());
}

/** The data cell as it lies on chain. */
export async function dataOf(world: World, address: Address): Promise<Cell> {
  const { accountState } = await world.chain.getContract(address);
  if (accountState?.type !== 'active' || !accountState.state.data) throw new Error(`no contract at ${address}`);
  return accountState.state.data;
}

export async function balanceOf(world: World, address: Address): Promise<bigint> {
  return (await world.chain.getContract(address)).balance;
}

/** Puts a contract on chain as it is, for states that no sequence of messages reaches quickly. */
export async function putContract(
  world: World,
  opts: ContractInit & { address: Address; balance: bigint },
): Promise<void> {
  const account = createShardAccount(opts);
  // The emulator aborts in some action phases when an account claims to occupy nothing.
  account.account!.storageStats.used = { cells: 20n, bits: 6000n };
  account.account!.storageStats.lastPaid = world.now();
  await world.chain.setShardAccount(opts.address, account);
}

/** Gives the parameters in a contract's data, reference `at`, another struct version; the wrappers write known ones only. */
export async function overwriteStructVersion(
  world: World,
  address: Address,
  at: number,
  version: number,
): Promise<void> {
  const data = await dataOf(world, address);
  const builder = beginCell().storeBits(data.bits);
  for (const [index, ref] of data.refs.entries()) {
    const other = () => beginCell().storeUint(version, 8).storeSlice(ref.beginParse().skip(8)).endCell();
    builder.storeRef(index === at ? other() : ref);
  }
  await overwriteData(world, address, builder.endCell());
}

/** Replaces the data of a live contract and keeps code, address and balance. */
export async function overwriteData(world: World, address: Address, data: Cell): Promise<void> {
  const { accountState, balance } = await world.chain.getContract(address);
  if (accountState?.type !== 'active' || !accountState.state.code) throw new Error(`no contract at ${address}`);
  await putContract(world, { address, code: accountState.state.code, data, balance });
}

export const emptyBody = beginCell().endCell();
