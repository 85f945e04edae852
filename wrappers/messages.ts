import { type Address, type Builder, beginCell, type Cell } from '@ton/core';
import {
  type CocoonState,
  storeBytes,
  storeCoins,
  storeHash,
  storeProxyInfo,
  storeState,
  storeU32,
  storeU64,
} from './fields';
import { Op } from './generated/opcodes';
import { type PublicKey, storePublicKey } from './key-manager';
import { MOST_PUT_CHARACTERS } from './values';

export * from './observed';

/**
 * Bodies of every message of the contracts, one pure builder per operation, named as the operation.
 * Every body is op:uint32 query_id:uint64 and then the fields in the order of the builder; texts and payloads have no
 * query_id. Units: bigint amounts are nanoTON, token counters are adjusted tokens.
 * A value that does not fit throws InvalidFieldError naming the field.
 */

interface Query {
  /** Free number of the sender; comes back in the answers of the contracts. */
  queryId: bigint;
}

interface WithExcesses extends Query {
  /** Who gets what is left of the attached value. */
  excessesTo: Address;
}

interface Voucher extends WithExcesses {
  /** Ed25519 signature of the proxy key over the payload cell's hash, 64 bytes */
  signature: Buffer;
  /** See voucherPayload in ./vouchers */
  payload: Cell;
}

/** State of a client contract as it tells it to the proxy. */
export interface ClientSnapshot {
  state: CocoonState;
  balance: bigint;
  stake: bigint;
  tokensUsed: bigint;
  /** 32 bytes */
  secretHash: Buffer;
}

function start(op: number, queryId: bigint): Builder {
  return storeU64(beginCell().storeUint(op, 32), 'queryId', queryId);
}

function withHash(op: number) {
  return ({ queryId, hash }: Query & { hash: Buffer }): Cell => storeHash(start(op, queryId), 'hash', hash).endCell();
}

function withExcesses(op: number) {
  return ({ queryId, excessesTo }: WithExcesses): Cell => start(op, queryId).storeAddress(excessesTo).endCell();
}

function withCoins(op: number) {
  return ({ queryId, amount, excessesTo }: WithExcesses & { amount: bigint }): Cell =>
    storeCoins(start(op, queryId), 'amount', amount).storeAddress(excessesTo).endCell();
}

function signed(op: number) {
  return ({ queryId, excessesTo, signature, payload }: Voucher): Cell =>
    storeBytes(start(op, queryId).storeAddress(excessesTo), 'signature', signature, 64).storeRef(payload).endCell();
}

function storeExpected(builder: Builder, field: string, version: number | undefined): Builder {
  return version === undefined ? builder : storeU32(builder, field, version);
}

function storeExpectedParams(builder: Builder, { expectedParamsVersion }: ForParams): Builder {
  return storeExpected(builder, 'expectedParamsVersion', expectedParamsVersion);
}

function coinsPayload(op: number) {
  return ({ amount, excessesTo }: { amount: bigint; excessesTo: Address }): Cell =>
    storeCoins(beginCell().storeUint(op, 32), 'amount', amount).storeAddress(excessesTo).endCell();
}

function plain(op: number) {
  return ({ queryId }: Query): Cell => start(op, queryId).endCell();
}

/** Text commands: op 0 and one character. c / w: proxy close, withdraw; w / b / u: wallet withdraw, block, unblock. */
export type TextCommand = 'c' | 'w' | 'b' | 'u';

export const bodies = {
  text: (command: TextCommand): Cell => beginCell().storeUint(0, 32).storeStringTail(command).endCell(),

  /** Keeps the attached coins and does nothing else. */
  doNotProcess: plain(Op.doNotProcess),
  /** State commit of a proxy runner: do_not_process to its own contract, so that the chain orders it. */
  saveState({ queryId, seqno, uniqueHash }: Query & { seqno: number; uniqueHash: Buffer }): Cell {
    const builder = start(Op.doNotProcess, queryId).storeUint(Op.proxySaveState, 32).storeInt(seqno, 32);
    return storeHash(builder, 'uniqueHash', uniqueHash).endCell();
  },

  excesses: plain(Op.excesses),
  payout: plain(Op.payout),

  workerProxyRequest({ queryId, owner, state, tokens, payload }: Query & WorkerReport): Cell {
    const builder = storeState(start(Op.workerProxyRequest, queryId).storeAddress(owner), state);
    return storeU64(builder, 'tokens', tokens).storeMaybeRef(payload).endCell();
  },
  /** Payload of workerProxyRequest. */
  workerProxyPayoutRequest(opts: { workerPart: bigint; proxyPart: bigint; excessesTo: Address }): Cell {
    const builder = storeCoins(beginCell().storeUint(Op.workerProxyPayoutRequest, 32), 'workerPart', opts.workerPart);
    return storeCoins(builder, 'proxyPart', opts.proxyPart).storeAddress(opts.excessesTo).endCell();
  },

  clientProxyRequest({ queryId, owner, snapshot, payload }: Query & ClientReport): Cell {
    const state = storeState(beginCell(), snapshot.state);
    storeCoins(state, 'balance', snapshot.balance);
    storeCoins(state, 'stake', snapshot.stake);
    storeU64(state, 'tokensUsed', snapshot.tokensUsed);
    storeHash(state, 'secretHash', snapshot.secretHash);
    return start(Op.clientProxyRequest, queryId).storeAddress(owner).storeRef(state).storeMaybeRef(payload).endCell();
  },
  /** Payloads of clientProxyRequest. */
  clientProxyTopUp: coinsPayload(Op.clientProxyTopUp),
  clientProxyRefundGranted: coinsPayload(Op.clientProxyRefundGranted),
  clientProxyRefundForce: coinsPayload(Op.clientProxyRefundForce),
  clientProxyRegister: ({ nonce }: { nonce: bigint }): Cell =>
    storeU64(beginCell().storeUint(Op.clientProxyRegister, 32), 'nonce', nonce).endCell(),

  extProxyPayoutRequest: withExcesses(Op.extProxyPayoutRequest),
  extProxyIncreaseStake: withCoins(Op.extProxyIncreaseStake),
  ownerProxyClose: withExcesses(Op.ownerProxyClose),
  extProxyCloseRequestSigned: signed(Op.extProxyCloseRequestSigned),
  extProxyCloseCompleteRequestSigned: signed(Op.extProxyCloseCompleteRequestSigned),

  extClientTopUp: withCoins(Op.extClientTopUp),
  ownerClientChangeSecretHashAndTopUp(opts: WithExcesses & { amount: bigint; secretHash: Buffer }): Cell {
    const builder = start(Op.ownerClientChangeSecretHashAndTopUp, opts.queryId);
    storeCoins(builder, 'amount', opts.amount);
    return storeHash(builder, 'secretHash', opts.secretHash).storeAddress(opts.excessesTo).endCell();
  },
  ownerClientRegister: ({ queryId, nonce, excessesTo }: WithExcesses & { nonce: bigint }): Cell =>
    storeU64(start(Op.ownerClientRegister, queryId), 'nonce', nonce).storeAddress(excessesTo).endCell(),
  ownerClientChangeSecretHash(opts: WithExcesses & { secretHash: Buffer }): Cell {
    const builder = start(Op.ownerClientChangeSecretHash, opts.queryId);
    return storeHash(builder, 'secretHash', opts.secretHash).storeAddress(opts.excessesTo).endCell();
  },
  /** @param newStake absolute, not a difference */
  ownerClientIncreaseStake: ({ queryId, newStake, excessesTo }: WithExcesses & { newStake: bigint }): Cell =>
    storeCoins(start(Op.ownerClientIncreaseStake, queryId), 'newStake', newStake).storeAddress(excessesTo).endCell(),
  ownerClientWithdraw: withExcesses(Op.ownerClientWithdraw),
  ownerClientRequestRefund: withExcesses(Op.ownerClientRequestRefund),
  ownerClientTopUpReopen: withCoins(Op.ownerClientTopUpReopen),
  extClientChargeSigned: signed(Op.extClientChargeSigned),
  extClientGrantRefundSigned: signed(Op.extClientGrantRefundSigned),

  ownerWorkerRegister: withExcesses(Op.ownerWorkerRegister),
  ownerWorkerReopen: withExcesses(Op.ownerWorkerReopen),
  extWorkerPayoutRequestSigned: signed(Op.extWorkerPayoutRequestSigned),
  extWorkerLastPayoutRequestSigned: signed(Op.extWorkerLastPayoutRequestSigned),

  /** @param mode send mode, uint8; @param message a whole relaxed message cell */
  ownerWalletSendMessage: ({ queryId, mode, message }: Query & { mode: number; message: Cell }): Cell =>
    start(Op.ownerWalletSendMessage, queryId).storeUint(mode, 8).storeRef(message).endCell(),

  rootAddWorkerType: withHash(Op.rootAddWorkerType),
  rootDelWorkerType: withHash(Op.rootDelWorkerType),
  rootAddModelType: withHash(Op.rootAddModelType),
  rootDelModelType: withHash(Op.rootDelModelType),
  rootAddProxyType: withHash(Op.rootAddProxyType),
  rootDelProxyType: withHash(Op.rootDelProxyType),
  /** @param endpoint "workers_ip:port[ clients_ip:port]", at most 127 characters */
  rootRegisterProxy: ({ queryId, endpoint }: Query & { endpoint: string }): Cell =>
    storeProxyInfo(start(Op.rootRegisterProxy, queryId), 'endpoint', endpoint).endCell(),
  rootUnregisterProxy: ({ queryId, seqno }: Query & { seqno: number }): Cell =>
    storeU32(start(Op.rootUnregisterProxy, queryId), 'seqno', seqno).endCell(),
  rootUpdateProxy({ queryId, seqno, endpoint }: Query & { seqno: number; endpoint: string }): Cell {
    return storeProxyInfo(storeU32(start(Op.rootUpdateProxy, queryId), 'seqno', seqno), 'endpoint', endpoint).endCell();
  },
  /**
   * Not on the live network. @param seqno from 1000000 on @param imageHash 32 bytes, must be an allowed proxy image
   * @param endpoint as for rootRegisterProxy, at most 78 characters
   */
  rootPutProxy({ queryId, seqno, imageHash, endpoint }: Query & PutProxy): Cell {
    const builder = storeHash(storeU32(start(Op.rootPutProxy, queryId), 'seqno', seqno), 'imageHash', imageHash);
    return storeProxyInfo(builder, 'endpoint', endpoint, MOST_PUT_CHARACTERS).endCell();
  },
  rootChangePrice({ queryId, pricePerToken, workerFeePerToken, ...expected }: Query & PriceChange & ForParams): Cell {
    const builder = storeCoins(start(Op.rootChangePrice, queryId), 'pricePerToken', pricePerToken);
    storeCoins(builder, 'workerFeePerToken', workerFeePerToken);
    return storeExpectedParams(builder, expected).endCell();
  },
  rootChangeParams({ queryId, ...change }: Query & ParamsChange & ForParams): Cell {
    const builder = storeCoins(start(Op.rootChangeParams, queryId), 'pricePerToken', change.pricePerToken);
    storeCoins(builder, 'workerFeePerToken', change.workerFeePerToken);
    storeU32(builder, 'proxyDelayBeforeClose', change.proxyDelayBeforeClose);
    storeU32(builder, 'clientDelayBeforeClose', change.clientDelayBeforeClose);
    storeCoins(builder, 'minProxyStake', change.minProxyStake);
    storeCoins(builder, 'minClientStake', change.minClientStake);
    return storeExpectedParams(builder, change).endCell();
  },
  /** Also makes struct version 3 of parameters of an older one. */
  rootChangeParamsFull({ queryId, ...change }: Query & FullParamsChange & ForParams): Cell {
    const builder = storeCoins(start(Op.rootChangeParamsFull, queryId), 'pricePerToken', change.pricePerToken);
    storeCoins(builder, 'workerFeePerToken', change.workerFeePerToken);
    storeU32(builder, 'promptMultiplier', change.promptMultiplier);
    storeU32(builder, 'cachedMultiplier', change.cachedMultiplier);
    storeU32(builder, 'completionMultiplier', change.completionMultiplier);
    storeU32(builder, 'reasoningMultiplier', change.reasoningMultiplier);
    storeU32(builder, 'proxyDelayBeforeClose', change.proxyDelayBeforeClose);
    storeU32(builder, 'clientDelayBeforeClose', change.clientDelayBeforeClose);
    storeCoins(builder, 'minProxyStake', change.minProxyStake);
    storeCoins(builder, 'minClientStake', change.minClientStake);
    return storeExpectedParams(builder, change).endCell();
  },
  rootUpgradeContracts(opts: Query & { proxyCode: Cell; workerCode: Cell; clientCode: Cell } & ForParams): Cell {
    const builder = start(Op.rootUpgradeContracts, opts.queryId).storeRef(opts.proxyCode);
    return storeExpectedParams(builder.storeRef(opts.workerCode).storeRef(opts.clientCode), opts).endCell();
  },
  rootUpgrade: ({ queryId, code }: Query & { code: Cell }): Cell =>
    start(Op.rootUpgrade, queryId).storeRef(code).endCell(),
  rootReset: plain(Op.rootReset),
  rootUpgradeFull({ queryId, data, code, expectedVersion }: Query & { data: Cell; code: Cell } & ForVersion): Cell {
    const builder = start(Op.rootUpgradeFull, queryId).storeRef(data).storeRef(code);
    return storeExpected(builder, 'expectedVersion', expectedVersion).endCell();
  },
  rootChangeOwner: ({ queryId, newOwner }: Query & { newOwner: Address }): Cell =>
    start(Op.rootChangeOwner, queryId).storeAddress(newOwner).endCell(),

  rootAddPublicKey: ({ queryId, ...key }: Query & PublicKey): Cell =>
    storePublicKey(start(Op.rootAddPublicKey, queryId), key).endCell(),
  /** @param payload see publicKeyVoucher in ./key-manager; signed by the key manager */
  rootAddPublicKeySigned: signed(Op.rootAddPublicKeySigned),
  /** @param managerPublicKey Ed25519, 32 bytes; zeros: only the owner adds keys. @param netAddress at most 127 characters */
  rootChangeKeyManager(opts: Query & { managerPublicKey: Buffer; netAddress: string }): Cell {
    const builder = start(Op.rootChangeKeyManager, opts.queryId);
    storeHash(builder, 'managerPublicKey', opts.managerPublicKey);
    return storeProxyInfo(builder, 'netAddress', opts.netAddress).endCell();
  },
} as const;

/** What a worker contract tells the proxy contract. */
export interface WorkerReport {
  owner: Address;
  state: CocoonState;
  tokens: bigint;
  payload: Cell | null;
}

/** What a client contract tells the proxy contract. */
export interface ClientReport {
  owner: Address;
  snapshot: ClientSnapshot;
  payload: Cell | null;
}

/** Compare-and-set: the root refuses the message (1020) once its version is another. Absent: never. Not on the live network. */
export interface ForVersion {
  /** version of the root that the message was written for */
  expectedVersion?: number;
}
export interface ForParams {
  /** params_version that the message was written for */
  expectedParamsVersion?: number;
}

/** A proxy that nobody voted on, under a number of the registrar. */
export interface PutProxy {
  seqno: number;
  imageHash: Buffer;
  endpoint: string;
}

export interface PriceChange {
  pricePerToken: bigint;
  workerFeePerToken: bigint;
}

export interface ParamsChange extends PriceChange {
  /** seconds */
  proxyDelayBeforeClose: number;
  /** seconds */
  clientDelayBeforeClose: number;
  minProxyStake: bigint;
  minClientStake: bigint;
}

/** Every number of the parameters. */
export interface FullParamsChange extends ParamsChange {
  /** Multipliers: 10000 = x1. */
  promptMultiplier: number;
  cachedMultiplier: number;
  completionMultiplier: number;
  reasoningMultiplier: number;
}
