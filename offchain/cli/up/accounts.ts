import {
  type CocoonParams,
  type ContractInit,
  clientStateInit,
  contractCode,
  proxyStateInit,
  rootStateInit,
  stateInitAddress,
  walletStateInit,
  workerStateInit,
} from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { type Address, Cell } from '@ton/core';
import { OwnerWallet } from './owner-wallet';
import type { NetworkKeys } from './state-dir';

/** Every account of a local network; all follow from its keys and terms. */
export interface Accounts {
  root: Address;
  deployer: Address;
  proxyOwner: Address;
  workerOwner: Address;
  proxyNode: Address;
  workerNode: Address;
  clientNode: Address;
  proxyContract: Address;
  clientContract: Address;
  workerContract: Address;
}

/** Derives the addresses before anything is deployed, the way every peer derives them. */
export async function deriveAccounts(keys: NetworkKeys, params: CocoonParams): Promise<Accounts> {
  const deployer = (await OwnerWallet.fromMnemonic(keys.deployer)).address;
  const proxyOwner = (await OwnerWallet.fromMnemonic(keys.proxyOwner)).address;
  const workerOwner = (await OwnerWallet.fromMnemonic(keys.workerOwner)).address;
  const node = (seed: string, owner: Address) =>
    stateInitAddress(walletStateInit({ publicKey: publicKey(seed), owner, code: releaseCode('wallet') }));
  const clientNode = node(keys.clientNode, deployer);
  const root = stateInitAddress(rootInit(deployer, params));
  const proxyKey = publicKey(keys.proxyMachine);
  const proxyContract = stateInitAddress(
    proxyStateInit({ owner: proxyOwner, publicKey: proxyKey, root, params, proxyCode: releaseCode('proxy') }),
  );
  const channel = { proxy: proxyContract, publicKey: proxyKey, params };
  return {
    root,
    deployer,
    proxyOwner,
    workerOwner,
    proxyNode: node(keys.proxyNode, proxyOwner),
    workerNode: node(keys.workerNode, workerOwner),
    clientNode,
    proxyContract,
    clientContract: stateInitAddress(clientStateInit({ owner: clientNode, ...channel })),
    workerContract: stateInitAddress(workerStateInit({ owner: workerOwner, ...channel })),
  };
}

/** Code and initial data of the root: its address follows from them. */
export function rootInit(owner: Address, params: CocoonParams): ContractInit {
  return rootStateInit({ owner, params, rootCode: releaseCode('root'), version: 1 });
}

/** Code cell of a contract in this release. */
export function releaseCode(contract: keyof typeof contractCode): Cell {
  return Cell.fromBase64(contractCode[contract].boc);
}

/** The form in which nodes write addresses. */
export function addressText(address: Address): string {
  return address.toString({ bounceable: false });
}

function publicKey(seed: string): Buffer {
  return rawPublicKey(privateKeyFromSeed(Buffer.from(seed, 'base64')));
}
