import { Address, beginCell, type Cell, storeStateInit } from '@ton/core';
import { requireCode } from './fields';
import type { CocoonParams } from './params';
import {
  initialClientData,
  initialProxyData,
  initialRootData,
  initialWalletData,
  initialWorkerData,
  packClientData,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
} from './storage';

/** Code and initial data of a contract: together its address. */
export interface ContractInit {
  code: Cell;
  data: Cell;
}

/** The address that a StateInit has in the basechain, where all contracts of the network live. */
export function stateInitAddress(init: ContractInit): Address {
  return new Address(0, beginCell().store(storeStateInit(init)).endCell().hash());
}

export function rootStateInit(opts: {
  owner: Address;
  params: CocoonParams;
  rootCode: Cell;
  version?: number;
}): ContractInit {
  return { code: opts.rootCode, data: packRootData(initialRootData(opts)) };
}

/** @param opts.proxyCode the root's current proxy code (a proxy's own parameters do not carry it) */
export function proxyStateInit(opts: {
  owner: Address;
  /** Ed25519 key that signs vouchers, 32 bytes */
  publicKey: Buffer;
  root: Address;
  params: CocoonParams;
  proxyCode: Cell;
}): ContractInit {
  return { code: opts.proxyCode, data: packProxyData(initialProxyData(opts)) };
}

/**
 * @param opts.params the parameters of the proxy (or of the root, when they are the same version); must carry clientCode
 * @throws InvalidFieldError when the parameters carry no client code
 */
export function clientStateInit(opts: ChildOptions): ContractInit {
  return {
    code: requireCode('params.clientCode', opts.params.clientCode),
    data: packClientData(initialClientData(opts)),
  };
}

/** As clientStateInit, with workerCode. */
export function workerStateInit(opts: ChildOptions): ContractInit {
  return {
    code: requireCode('params.workerCode', opts.params.workerCode),
    data: packWorkerData(initialWorkerData(opts)),
  };
}

export interface ChildOptions {
  owner: Address;
  /** address of the proxy contract */
  proxy: Address;
  /** the proxy's key, 32 bytes */
  publicKey: Buffer;
  params: CocoonParams;
}

export function walletStateInit(opts: { publicKey: Buffer; owner: Address; code: Cell }): ContractInit {
  return { code: opts.code, data: packWalletData(initialWalletData(opts)) };
}
