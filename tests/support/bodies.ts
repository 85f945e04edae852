import { Address, beginCell, type Cell, ExternalAddress } from '@ton/core';
import { bodies } from '../../wrappers';

/** Bodies that are wrong in one way. */

/** A good body and one bit more. */
export function withTrailingBit(body: Cell): Cell {
  return beginCell().storeSlice(body.beginParse()).storeBit(true).endCell();
}

/** A good body and one reference more. */
export function withTrailingRef(body: Cell): Cell {
  return beginCell().storeSlice(body.beginParse()).storeRef(beginCell()).endCell();
}

/** Only an operation and a query id: shorter than any operation with fields. */
export function headerOnly(op: number, queryId = 7n): Cell {
  return beginCell().storeUint(op, 32).storeUint(queryId, 64).endCell();
}

/** do_not_process as strangers send it: the op alone, and the op with anything behind it. */
export const doNotProcessBodies: readonly Cell[] = [
  beginCell().storeUint(0x9a1247c0, 32).endCell(),
  bodies.doNotProcess({ queryId: 1n }),
  bodies.saveState({ queryId: 1n, seqno: 5, uniqueHash: Buffer.alloc(32, 1) }),
  beginCell().storeUint(0x9a1247c0, 32).storeUint(1, 3).storeRef(beginCell()).endCell(),
];

export const UNKNOWN_OP = 0x12345678;

/** Addresses of which no message can leave for: none at all, and one outside the chain. */
export const unpayable: readonly (ExternalAddress | null)[] = [null, new ExternalAddress(5n, 8)];
/** Standard, but in a workchain that does not exist: excesses sent there are lost to the carrier, and nobody else. */
export const otherWorkchain = new Address(5, Buffer.alloc(32, 1));

/** A voucher's envelope, or a body that ends with the address for the excesses, with another such address in it. */
export function withExcessesTo(body: Cell, to: Address | ExternalAddress | null): Cell {
  const signed = body.refs.length > 0;
  const source = body.beginParse();
  const before = source.remainingBits - 267 - (signed ? 512 : 0);
  const builder = beginCell().storeBits(source.loadBits(before));
  source.loadAddress();
  return builder.storeAddress(to).storeSlice(source).endCell();
}
