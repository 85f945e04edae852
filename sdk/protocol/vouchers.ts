import { type KeyObject, sign, verify } from 'node:crypto';
import { type Address, Cell } from '@ton/core';
import { parseSignedEnvelope, type SignedEnvelope, signedEnvelope, voucherPayload } from '../../wrappers/vouchers';
import { publicKeyFromRaw } from './keys';

/**
 * Signed payments: a cumulative counter that a proxy signs and anybody may carry to the contract. The bytes are the
 * `data` of `proxy.signedPayment`: the BoC of the envelope (see wrappers/vouchers for its layout).
 */

/** An honest envelope takes about 230 bytes; anything much larger is refused before it is parsed. */
const MAX_BOC_BYTES = 1024;

export type VoucherProblem = 'format' | 'operation' | 'contract' | 'tokens' | 'signature';

/** A voucher that must not be relied on. `problem` says what is wrong with it. */
export class VoucherError extends Error {
  readonly code = 'VOUCHER';
  readonly problem: VoucherProblem;

  constructor(problem: VoucherProblem, detail: string, cause?: unknown) {
    super(`voucher refused (${problem}): ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'VoucherError';
    this.problem = problem;
  }
}

/** A voucher whose signature, addressee and layout have been checked. */
export interface VerifiedVoucher {
  readonly op: number;
  readonly queryId: bigint;
  /** cumulative adjusted tokens */
  readonly tokens: bigint;
  readonly envelope: SignedEnvelope;
  /** the message body to send to the contract */
  readonly body: Cell;
}

/**
 * @param opts.tokens cumulative adjusted tokens; leave out for a proxy's closing vouchers
 * @param opts.excessesTo where unspent coins of the message go; not signed, the carrier may replace it
 * @param opts.key Ed25519 private key of the proxy
 * @returns BoC of the envelope
 * @throws InvalidFieldError naming a field that does not fit
 */
export function signVoucher(opts: {
  op: number;
  queryId: bigint;
  tokens?: bigint;
  contract: Address;
  excessesTo: Address;
  key: KeyObject;
}): Buffer {
  const { op, queryId, tokens, contract, excessesTo, key } = opts;
  const payload = voucherPayload({ op, queryId, contract, ...(tokens === undefined ? {} : { tokens }) });
  const signature = sign(null, payload.hash(), key);
  return toBytes(signedEnvelope({ op, queryId, excessesTo, signature, payload }));
}

/**
 * Checks everything a receiver relies on: one BoC root, every bit and reference used, op and query id equal inside and
 * outside, one of the wanted operations, the expected contract (workchain and hash), a token counter, the signature.
 * @param opts.publicKey the proxy's key, 32 bytes
 * @param opts.contract the receiver's own contract
 * @param opts.ops operations that are acceptable here
 * @throws VoucherError and nothing else
 */
export function verifyVoucher(
  data: Buffer,
  opts: { publicKey: Buffer; contract: Address; ops: readonly number[] },
): VerifiedVoucher {
  const { envelope, body } = readVoucher(data);
  const { op, queryId, payload, payloadCell, signature } = envelope;
  if (!opts.ops.includes(op)) throw new VoucherError('operation', `0x${op.toString(16)} is not expected here`);
  if (!payload.contract.equals(opts.contract)) {
    throw new VoucherError('contract', `is for ${payload.contract.toRawString()}, not ${opts.contract.toRawString()}`);
  }
  if (payload.tokens === undefined) throw new VoucherError('tokens', 'carries no token counter');
  if (!verify(null, payloadCell.hash(), publicKeyFromRaw(opts.publicKey), signature)) {
    throw new VoucherError('signature', "was not made with the proxy's key");
  }
  return { op, queryId, tokens: payload.tokens, envelope, body };
}

/**
 * The same voucher with another excess address: the carrier pays for the message and gets the change.
 * Does not check the signature. @throws VoucherError when the bytes are not an envelope
 */
export function repackVoucher(data: Buffer, excessesTo: Address): Buffer {
  const { op, queryId, signature, payloadCell } = readVoucher(data).envelope;
  return toBytes(signedEnvelope({ op, queryId, excessesTo, signature, payload: payloadCell }));
}

/** Layout only, no signature. @throws VoucherError */
export function readVoucher(data: Buffer): { envelope: SignedEnvelope; body: Cell } {
  if (data.length > MAX_BOC_BYTES) throw new VoucherError('format', `${data.length} bytes, at most ${MAX_BOC_BYTES}`);
  try {
    const roots = Cell.fromBoc(data);
    const [body] = roots;
    if (roots.length !== 1 || !body) throw new Error(`the BoC has ${roots.length} roots instead of one`);
    if (body.isExotic || body.refs.some((ref) => ref.isExotic)) throw new Error('an exotic cell');
    return { envelope: parseSignedEnvelope(body), body };
  } catch (error) {
    throw new VoucherError('format', error instanceof Error ? error.message : String(error), error);
  }
}

/** The BoC form the live network's runners exchange: no index, no checksum. */
function toBytes(cell: Cell): Buffer {
  return cell.toBoc({ idx: false, crc32: false });
}
