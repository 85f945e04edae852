import type { Address, TupleReader } from '@ton/core';
import { intToHash } from './fields';
import type { FullParamsChange, ParamsChange } from './messages';

/** What the root's get methods answer, read in stack order. Coins are nanoTON. */

/** get_cocoon_data */
export interface RootInfo {
  version: number;
  lastProxySeqno: number;
  paramsVersion: number;
  uniqueId: number;
  isTest: boolean;
  pricePerToken: bigint;
  workerFeePerToken: bigint;
  minProxyStake: bigint;
  minClientStake: bigint;
  owner: Address;
}

interface ParamsIdentity {
  paramsVersion: number;
  uniqueId: number;
  isTest: boolean;
}

interface CodeHashes {
  /** cell hashes, 32 bytes; zeros where the root has no code */
  proxyCodeHash: Buffer;
  workerCodeHash: Buffer;
  clientCodeHash: Buffer;
}

/** get_cur_params; the prompt and completion multipliers are in get_cur_params_full, which the live network does not have. */
export interface CurrentParams extends ParamsIdentity, ParamsChange, CodeHashes {
  /** 10000 = x1 */
  cachedMultiplier: number;
  reasoningMultiplier: number;
}

/** get_cur_params_full: everything in the parameters but the codes themselves. */
export interface FullParams extends ParamsIdentity, FullParamsChange, CodeHashes {
  structVersion: number;
}

export function readRootInfo(stack: TupleReader): RootInfo {
  return {
    version: stack.readNumber(),
    lastProxySeqno: stack.readNumber(),
    ...readIdentity(stack),
    ...readPrices(stack),
    minProxyStake: stack.readBigNumber(),
    minClientStake: stack.readBigNumber(),
    owner: stack.readAddress(),
  };
}

export function readCurrentParams(stack: TupleReader): CurrentParams {
  return {
    ...readIdentity(stack),
    ...readPrices(stack),
    cachedMultiplier: stack.readNumber(),
    reasoningMultiplier: stack.readNumber(),
    ...readDelaysAndStakes(stack),
    ...readCodeHashes(stack),
  };
}

export function readFullParams(stack: TupleReader): FullParams {
  return {
    structVersion: stack.readNumber(),
    ...readIdentity(stack),
    ...readPrices(stack),
    promptMultiplier: stack.readNumber(),
    cachedMultiplier: stack.readNumber(),
    completionMultiplier: stack.readNumber(),
    reasoningMultiplier: stack.readNumber(),
    ...readDelaysAndStakes(stack),
    ...readCodeHashes(stack),
  };
}

function readIdentity(stack: TupleReader): ParamsIdentity {
  return { paramsVersion: stack.readNumber(), uniqueId: stack.readNumber(), isTest: stack.readNumber() !== 0 };
}

function readPrices(stack: TupleReader) {
  return { pricePerToken: stack.readBigNumber(), workerFeePerToken: stack.readBigNumber() };
}

function readDelaysAndStakes(stack: TupleReader) {
  return {
    proxyDelayBeforeClose: stack.readNumber(),
    clientDelayBeforeClose: stack.readNumber(),
    minProxyStake: stack.readBigNumber(),
    minClientStake: stack.readBigNumber(),
  };
}

function readCodeHashes(stack: TupleReader): CodeHashes {
  return {
    proxyCodeHash: intToHash(stack.readBigNumber()),
    workerCodeHash: intToHash(stack.readBigNumber()),
    clientCodeHash: intToHash(stack.readBigNumber()),
  };
}
