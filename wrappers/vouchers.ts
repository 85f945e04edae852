import { type Address, beginCell, type Cell } from '@ton/core';
import { InvalidFieldError, parsing } from './errors';
import { endOf, loadAnyAddress, storeBytes, storeU64 } from './fields';

/**
 * Vouchers: what a proxy signs so that somebody else can carry it to a contract.
 *
 *     payload#_  op:uint32 query_id:uint64 [tokens:uint64] contract:MsgAddressInt
 *     envelope#_ op:uint32 query_id:uint64 excesses_to:MsgAddress signature:bits512 payload:^payload
 *
 * The signature is Ed25519 over the payload cell's hash. Everything outside the payload is NOT signed: whoever carries
 * the envelope may replace excesses_to. Op and query_id must be equal inside and outside.
 */
export interface VoucherPayload {
  op: number;
  queryId: bigint;
  /** Cumulative adjusted tokens; absent in the closing vouchers of a proxy. */
  tokens?: bigint;
  /** The contract the voucher is for. */
  contract: Address;
}

export interface SignedEnvelope {
  op: number;
  queryId: bigint;
  /** null where it is not an internal address; a contract would accept that and the coins would be lost */
  excessesTo: Address | null;
  /** 64 bytes */
  signature: Buffer;
  payload: VoucherPayload;
  /** The very cell that was signed: verify against payloadCell.hash(). */
  payloadCell: Cell;
}

/** Top 16 bits of a query id that carries an expiry, see expiringQueryId. */
const EXPIRY_MARK = 0xe591n;

/**
 * Query id of a voucher that ends something (refund, close): our contracts refuse it after `validUntil`, unix seconds.
 * To contracts of the live network it is a query id like any other. Vouchers that pay never expire.
 * @throws InvalidFieldError when the time does not fit 48 bits
 */
export function expiringQueryId(validUntil: number): bigint {
  if (!Number.isInteger(validUntil) || validUntil < 0 || validUntil >= 2 ** 48) {
    throw new InvalidFieldError('validUntil', `${validUntil} is no time in unix seconds`);
  }
  return (EXPIRY_MARK << 48n) | BigInt(validUntil);
}

const ADDRESS_BITS = 267;
const HEADER_BITS = 32 + 64;

/** @throws InvalidFieldError naming the field that does not fit */
export function voucherPayload({ op, queryId, tokens, contract }: VoucherPayload): Cell {
  const builder = storeU64(storeOp(op), 'queryId', queryId);
  if (tokens !== undefined) storeU64(builder, 'tokens', tokens);
  return builder.storeAddress(contract).endCell();
}

/** @throws InvalidFieldError naming the field that does not fit */
export function signedEnvelope(opts: {
  op: number;
  queryId: bigint;
  excessesTo: Address;
  signature: Buffer;
  payload: Cell;
}): Cell {
  const builder = storeU64(storeOp(opts.op), 'queryId', opts.queryId).storeAddress(opts.excessesTo);
  return storeBytes(builder, 'signature', opts.signature, 64).storeRef(opts.payload).endCell();
}

/**
 * Reads an envelope without checking the signature (see sdk/protocol/vouchers).
 * @throws CellFormatError when bits are missing or left over, or op or query_id differ inside and outside
 */
export function parseSignedEnvelope(cell: Cell): SignedEnvelope {
  return parsing('signed voucher', () => {
    const slice = cell.beginParse();
    const op = slice.loadUint(32);
    const queryId = slice.loadUintBig(64);
    const excessesTo = loadAnyAddress(slice);
    const signature = slice.loadBuffer(64);
    const payloadCell = slice.loadRef();
    endOf(slice);
    const payload = parseVoucherPayload(payloadCell);
    if (payload.op !== op) throw new Error(`op ${hex(payload.op)} is signed, ${hex(op)} is on the envelope`);
    if (payload.queryId !== queryId) {
      throw new Error(`query id ${payload.queryId} is signed, ${queryId} is on the envelope`);
    }
    return { op, queryId, excessesTo, signature, payload, payloadCell };
  });
}

/** @throws CellFormatError when the cell is not exactly one of the two payload layouts */
export function parseVoucherPayload(cell: Cell): VoucherPayload {
  return parsing('voucher payload', () => {
    const slice = cell.beginParse();
    const op = slice.loadUint(32);
    const queryId = slice.loadUintBig(64);
    const withTokens = cell.bits.length !== HEADER_BITS + ADDRESS_BITS;
    const tokens = withTokens ? { tokens: slice.loadUintBig(64) } : {};
    const contract = slice.loadAddress();
    endOf(slice);
    return { op, queryId, ...tokens, contract };
  });
}

function storeOp(op: number) {
  if (!Number.isInteger(op) || op < 0 || op > 0xffffffff) {
    throw new InvalidFieldError('op', `${op} is not an unsigned 32-bit integer`);
  }
  return beginCell().storeUint(op, 32);
}

function hex(op: number): string {
  return `0x${op.toString(16).padStart(8, '0')}`;
}
