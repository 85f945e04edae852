import { beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { type ClientRecord, type ClientRecords, type ProxyData, packProxyData, parseProxyData } from '../../wrappers';

/**
 * Data of a proxy with what it keeps after the fields that the live network knows:
 *
 *     client_record$_ escrow:Coins ahead:int64 owner:MsgAddress = ClientRecord;
 *     proxy_books$_ escrow:Coins count:uint16 clients:(HashmapE 256 ClientRecord) = ProxyBooks;
 *     tail: nothing (at birth), or earned:int60 books:^ProxyBooks
 *
 * Written out here a second time on purpose: tests must not read what a contract keeps with anybody else's eyes.
 */

const recordValue: DictionaryValue<ClientRecord> = {
  serialize: ({ escrow, ahead, owner }, builder) => {
    builder.storeCoins(escrow).storeInt(ahead, 64).storeAddress(owner);
  },
  parse: (slice) => {
    const record = { escrow: slice.loadCoins(), ahead: slice.loadIntBig(64), owner: slice.loadAddress() };
    slice.endParse();
    return record;
  },
};

/** What stands between the known fields and the end: nothing, or revenue and books. */
export type ProxyTail = Pick<ProxyData, 'earned' | 'clients'>;
export const NO_TAIL: ProxyTail = { earned: 0n, clients: null };

/** The fields that the live network knows, and no others. */
export function packKnownFields(data: ProxyData): Cell {
  return packProxyData({ ...data, ...NO_TAIL });
}

/** @param count what the books say of how many records they have */
export function packProxy(data: ProxyData, count = data.clients?.size ?? 0): Cell {
  const known = packKnownFields(data);
  if (data.earned === 0n && data.clients === null) return known;
  const builder = beginCell().storeSlice(known.beginParse()).storeInt(data.earned, 60);
  return builder.storeRef(packBooks(data.clients ?? new Map(), count)).endCell();
}

/** @throws when the tail is not exactly of the layout above, or its totals are not those of its records */
export function parseProxy(cell: Cell): ProxyData {
  return { ...parseProxyData(cell), ...parseTail(cell) };
}

export function parseTail(cell: Cell): ProxyTail {
  const slice = cell.beginParse();
  slice.loadAddress();
  slice.skip(256);
  slice.loadAddress();
  slice.skip(2);
  slice.loadCoins();
  slice.loadCoins();
  slice.skip(32);
  slice.loadRef();
  if (slice.remainingBits === 0 && slice.remainingRefs === 0) return NO_TAIL;
  const earned = slice.loadIntBig(60);
  const clients = parseBooks(slice.loadRef().beginParse());
  slice.endParse();
  return { earned, clients };
}

function packBooks(records: ClientRecords, count: number): Cell {
  const dict = Dictionary.empty(Dictionary.Keys.BigUint(256), recordValue);
  for (const [account, record] of records) dict.set(BigInt(`0x${account}`), record);
  return beginCell().storeCoins(sumOf(records)).storeUint(count, 16).storeDict(dict).endCell();
}

function parseBooks(slice: Slice): ClientRecords {
  const escrow = slice.loadCoins();
  const count = slice.loadUint(16);
  const dict = slice.loadDict(Dictionary.Keys.BigUint(256), recordValue);
  slice.endParse();
  const records = new Map<string, ClientRecord>();
  for (const [account, record] of dict) records.set(account.toString(16).padStart(64, '0'), record);
  if (records.size !== count || sumOf(records) !== escrow) {
    throw new Error(`books say ${count} clients and ${escrow} nanoTON, records ${records.size} and ${sumOf(records)}`);
  }
  return records;
}

function sumOf(records: ClientRecords): bigint {
  let sum = 0n;
  for (const { escrow } of records.values()) sum += escrow;
  return sum;
}
