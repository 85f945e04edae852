import type { Address, Cell } from '@ton/core';
import { Op, signedEnvelope, voucherPayload } from '../../wrappers';
import type { TestKey } from './keys';
import { proxyKey } from './world';

/** Operations that a voucher of the proxy key authorises. */
export type VoucherOp =
  | 'extClientChargeSigned'
  | 'extClientGrantRefundSigned'
  | 'extWorkerPayoutRequestSigned'
  | 'extWorkerLastPayoutRequestSigned'
  | 'extProxyCloseRequestSigned'
  | 'extProxyCloseCompleteRequestSigned';

export interface VoucherRequest {
  op: VoucherOp;
  queryId?: bigint;
  /** cumulative; leave out for the proxy's closing vouchers */
  tokens?: bigint;
  /** the contract it is for */
  contract: Address;
  /** default: the key the contracts know */
  key?: TestKey;
}

export function voucher(request: VoucherRequest): { queryId: bigint; signature: Buffer; payload: Cell } {
  const { op, queryId = 0n, tokens, contract, key = proxyKey } = request;
  const payload = voucherPayload({ op: Op[op], queryId, tokens, contract });
  return { queryId, payload, signature: key.sign(payload.hash()) };
}

/** A voucher as a message body; `payload` and `signature` may be replaced to spoil it. */
export function voucherBody(
  request: VoucherRequest & { excessesTo: Address; outerQueryId?: bigint; payload?: Cell; signature?: Buffer },
): Cell {
  const made = voucher(request);
  const payload = request.payload ?? made.payload;
  const signature = request.signature ?? (request.key ?? proxyKey).sign(payload.hash());
  const queryId = request.outerQueryId ?? made.queryId;
  return signedEnvelope({ op: Op[request.op], queryId, excessesTo: request.excessesTo, signature, payload });
}
