import type { Address, Cell, Slice } from '@ton/core';
import { parsing } from './errors';
import { type CocoonState, endOf, loadAnyAddress, loadState } from './fields';
import { Op } from './generated/opcodes';
import type { ClientSnapshot } from './messages';

/**
 * Readers of the messages that runners watch on the proxy contract. Each returns null when the body has another op
 * (or is too short to have one) and throws CellFormatError when the op is right and the rest is not.
 * The contracts carry out requests without a payload from anybody: the caller must compare the sender with the
 * derived address of the child contract before believing a word.
 */

export interface ObservedWorkerRequest {
  queryId: bigint;
  owner: Address;
  state: CocoonState;
  tokens: bigint;
  payload: WorkerPayload | null;
}

export type WorkerPayload =
  | { kind: 'payout'; workerPart: bigint; proxyPart: bigint; excessesTo: Address | null }
  | { kind: 'unknown'; op: number };

export interface ObservedClientRequest extends ClientSnapshot {
  queryId: bigint;
  owner: Address;
  payload: ClientPayload | null;
}

export type ClientPayload =
  /** excessesTo is null where the sender gave no internal address */
  | { kind: 'topUp' | 'refundGranted' | 'refundForce'; amount: bigint; excessesTo: Address | null }
  /** nonce is null for clients built from the public Tolk source, which leaves it out */
  | { kind: 'register'; nonce: bigint | null }
  | { kind: 'unknown'; op: number };

export interface ObservedSaveState {
  queryId: bigint;
  seqno: number;
  /** 32 bytes: the proxy's session hash */
  uniqueHash: Buffer;
}

/** Any op:uint32 query_id:uint64 body; null when the body is shorter than that. */
export function parseHeader(body: Cell): { op: number; queryId: bigint } | null {
  if (body.isExotic || body.bits.length < 96) return null;
  const slice = body.beginParse();
  return { op: slice.loadUint(32), queryId: slice.loadUintBig(64) };
}

export function parseWorkerProxyRequest(body: Cell): ObservedWorkerRequest | null {
  return withOp('worker_proxy_request', Op.workerProxyRequest, body, (slice, queryId) => {
    const owner = slice.loadAddress();
    const state = loadState(slice);
    const tokens = slice.loadUintBig(64);
    const payload = slice.loadMaybeRef();
    endOf(slice);
    return { queryId, owner, state, tokens, payload: payload === null ? null : readWorkerPayload(payload) };
  });
}

export function parseClientProxyRequest(body: Cell): ObservedClientRequest | null {
  return withOp('client_proxy_request', Op.clientProxyRequest, body, (slice, queryId) => {
    const owner = slice.loadAddress();
    // Deliberately no endOf for the snapshot: the live contracts do not check it, newer ones may say more there.
    const snapshot = slice.loadRef().beginParse();
    const payload = slice.loadMaybeRef();
    endOf(slice);
    return {
      queryId,
      owner,
      state: loadState(snapshot),
      balance: snapshot.loadCoins(),
      stake: snapshot.loadCoins(),
      tokensUsed: snapshot.loadUintBig(64),
      secretHash: snapshot.loadBuffer(32),
      payload: payload === null ? null : readClientPayload(payload),
    };
  });
}

/** @returns null also for a do_not_process message that carries something else than a saved state */
export function parseSaveState(body: Cell): ObservedSaveState | null {
  const SAVE_STATE_BITS = 32 + 64 + 32 + 32 + 256;
  return withOp('save_state', Op.doNotProcess, body, (slice, queryId) => {
    if (slice.remainingBits < 32 || slice.loadUint(32) !== Op.proxySaveState) return null;
    if (body.bits.length !== SAVE_STATE_BITS) throw new Error(`${body.bits.length} bits, not ${SAVE_STATE_BITS}`);
    return { queryId, seqno: slice.loadInt(32), uniqueHash: slice.loadBuffer(32) };
  });
}

function withOp<T>(what: string, op: number, body: Cell, read: (slice: Slice, queryId: bigint) => T): T | null {
  const header = parseHeader(body);
  if (header === null || header.op !== op) return null;
  return parsing(what, () => read(body.beginParse().skip(96), header.queryId));
}

function readWorkerPayload(cell: Cell): WorkerPayload {
  const slice = cell.beginParse();
  const op = slice.loadUint(32);
  if (op !== Op.workerProxyPayoutRequest) return { kind: 'unknown', op };
  const workerPart = slice.loadCoins();
  const proxyPart = slice.loadCoins();
  const excessesTo = loadAnyAddress(slice);
  endOf(slice);
  return { kind: 'payout', workerPart, proxyPart, excessesTo };
}

const COINS_PAYLOADS = new Map<number, 'topUp' | 'refundGranted' | 'refundForce'>([
  [Op.clientProxyTopUp, 'topUp'],
  [Op.clientProxyRefundGranted, 'refundGranted'],
  [Op.clientProxyRefundForce, 'refundForce'],
]);

function readClientPayload(cell: Cell): ClientPayload {
  const slice = cell.beginParse();
  const op = slice.loadUint(32);
  if (op === Op.clientProxyRegister) {
    const nonce = slice.remainingBits === 0 ? null : slice.loadUintBig(64);
    endOf(slice);
    return { kind: 'register', nonce };
  }
  const kind = COINS_PAYLOADS.get(op);
  if (kind === undefined) return { kind: 'unknown', op };
  const amount = slice.loadCoins();
  const excessesTo = loadAnyAddress(slice);
  endOf(slice);
  return { kind, amount, excessesTo };
}
