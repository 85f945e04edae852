import { type Address, beginCell, type Cell } from '@ton/core';
import { Op, voucherPayload } from '../../wrappers';
import type { VoucherOp } from '../support/vouchers';
import { proxyKey } from '../support/world';
import type { Contract } from './cast';

/** A voucher as its holder keeps it: signed once, delivered by anybody, as often and as badly as they like. */
export interface Voucher {
  op: VoucherOp;
  contract: Contract;
  payload: Cell;
  signature: Buffer;
  /** for the story */
  says: string;
}

export function sign(op: VoucherOp, contract: Contract, tokens?: bigint): Voucher {
  const payload = voucherPayload({
    op: Op[op],
    queryId: 0n,
    contract: contract.address,
    ...(tokens === undefined ? {} : { tokens }),
  });
  const says = `${op} of ${tokens === undefined ? '' : `${tokens} tokens of `}${contract.name}`;
  return { op, contract, payload, signature: proxyKey.sign(payload.hash()), says };
}

/** The message body; unlike the SDK's builder it lets a carrier name no address at all. */
export function envelope({ op, payload, signature }: Voucher, excessesTo: Address | null): Cell {
  return beginCell()
    .storeUint(Op[op], 32)
    .storeUint(0, 64)
    .storeAddress(excessesTo)
    .storeBuffer(signature)
    .storeRef(payload)
    .endCell();
}
