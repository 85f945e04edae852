import { type Builder, beginCell, type Cell } from '@ton/core';
import { InvalidFieldError } from './errors';
import { storeCoins, storeHash, storeU8, storeU32, storeU64 } from './fields';
import { Op } from './generated/opcodes';
import { packEndpoint, packRegistrarTerms, type RegistrarTerms } from './registrar-data';

/** Bodies of the registrar's messages, one pure builder per operation, named as the operation. */

interface Query {
  queryId: bigint;
}
type Numbered = Query & { seqno: number };

/** What a listing says about its proxy. */
export interface ListedProxy {
  /** of the image that the proxy runs, 32 bytes; the root must allow it */
  imageHash: Buffer;
  /** "workers_ip:port[ clients_ip:port]", at most 78 characters */
  endpoint: string;
}

function start(op: number, queryId: bigint): Builder {
  return storeU64(beginCell().storeUint(op, 32), 'queryId', queryId);
}

function numbered(op: number) {
  return ({ queryId, seqno }: Numbered): Cell => storeU32(start(op, queryId), 'seqno', seqno).endCell();
}

function storePeriods(builder: Builder, periods: number): Builder {
  if (periods === 0) throw new InvalidFieldError('periods', '0 periods pay for nothing');
  return storeU8(builder, 'periods', periods);
}

export const registrarBodies = {
  registrarList({ queryId, stake, periods, ...proxy }: Query & ListedProxy & { stake: bigint; periods: number }): Cell {
    const builder = storePeriods(storeCoins(start(Op.registrarList, queryId), 'stake', stake), periods);
    return storeHash(builder, 'imageHash', proxy.imageHash).storeRef(packEndpoint(proxy.endpoint)).endCell();
  },
  registrarUpdate({ queryId, seqno, imageHash, endpoint }: Numbered & ListedProxy): Cell {
    const builder = storeU32(start(Op.registrarUpdate, queryId), 'seqno', seqno);
    return storeHash(builder, 'imageHash', imageHash).storeRef(packEndpoint(endpoint)).endCell();
  },
  registrarPayRent: ({ queryId, seqno, periods }: Numbered & { periods: number }): Cell =>
    storePeriods(storeU32(start(Op.registrarPayRent, queryId), 'seqno', seqno), periods).endCell(),
  registrarUnlist: numbered(Op.registrarUnlist),
  registrarEvict: numbered(Op.registrarEvict),
  registrarRecheck: numbered(Op.registrarRecheck),
  registrarWithdraw: numbered(Op.registrarWithdraw),
  /** From the Vault: the body of a proposal's action. */
  registrarSetTerms: ({ queryId, terms }: Query & { terms: RegistrarTerms }): Cell =>
    start(Op.registrarSetTerms, queryId).storeRef(packRegistrarTerms(terms)).endCell(),

  listingRequested: numbered(Op.listingRequested),
  /** What the Vault tells the registrar. */
  registryFailed: ({ queryId, seqno, listing }: Numbered & { listing: boolean }): Cell =>
    storeU32(start(Op.registryFailed, queryId), 'seqno', seqno).storeBit(listing).endCell(),
  registryRevoked: numbered(Op.registryRevoked),
} as const;
