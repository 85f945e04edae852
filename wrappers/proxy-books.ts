import {
  type Address,
  type Builder,
  beginCell,
  type Cell,
  Dictionary,
  type DictionaryValue,
  type Slice,
} from '@ton/core';
import { CellFormatError, InvalidFieldError, parsing } from './errors';
import { endOf, storeCoins } from './fields';

/** What the pool of a proxy holds for one client, as of the client's last request. */
export interface ClientRecord {
  /** nanoTON that belong to the client and that nobody has charged */
  escrow: bigint;
  /**
   * nanoTON by which the client's own books are ahead of the pool's: top-ups that a closing proxy sent back; below zero:
   * refunds that the client has booked and the pool could not pay yet
   */
  ahead: bigint;
  owner: Address;
}

/** Account id of the client contract (64 lower-case hex digits) -> its record. */
export type ClientRecords = ReadonlyMap<string, ClientRecord>;

const recordValue: DictionaryValue<ClientRecord> = {
  serialize: (record, builder) => {
    storeCoins(builder, 'escrow', record.escrow);
    builder.storeInt(record.ahead, 64).storeAddress(record.owner);
  },
  parse: (slice) => {
    const record = { escrow: slice.loadCoins(), ahead: slice.loadIntBig(64), owner: slice.loadAddress() };
    endOf(slice);
    return record;
  },
};

/** Sum of all records, nanoTON. */
export function totalEscrow(records: ClientRecords): bigint {
  let sum = 0n;
  for (const record of records.values()) sum += record.escrow;
  return sum;
}

/**
 * Trailing fields of a proxy's data: earned:int60 books:^ProxyBooks. Absent, as at birth, while there is nothing to say;
 * readers of the live network stop before them.
 */
export function storeProxyMore(builder: Builder, more: { earned: bigint; clients: ClientRecords | null }): Builder {
  if (more.earned === 0n && more.clients === null) return builder;
  return builder.storeInt(more.earned, 60).storeRef(packBooks(more.clients ?? new Map()));
}

/** What another implementation keeps behind the known fields is not ours to read: it counts as absent. */
export function loadProxyMore(slice: Slice): { earned: bigint; clients: ClientRecords | null } {
  const absent = { earned: 0n, clients: null };
  if (slice.remainingBits !== 60 || slice.remainingRefs !== 1) return absent;
  const earned = slice.loadIntBig(60);
  try {
    return { earned, clients: parseProxyBooks(slice.loadRef()) };
  } catch (error) {
    if (error instanceof CellFormatError) return absent;
    throw error;
  }
}

function packBooks(records: ClientRecords): Cell {
  const dict = Dictionary.empty(Dictionary.Keys.BigUint(256), recordValue);
  for (const [account, record] of records) {
    if (!/^[0-9a-f]{64}$/.test(account)) {
      throw new InvalidFieldError('clients', `"${account}" is not 64 lower-case hex digits`);
    }
    dict.set(BigInt(`0x${account}`), record);
  }
  const builder = storeCoins(beginCell(), 'escrow', totalEscrow(records));
  return builder.storeUint(records.size, 16).storeDict(dict).endCell();
}

/** @throws CellFormatError, also when the totals in the books are not those of the records */
export function parseProxyBooks(cell: Cell): ClientRecords {
  return parsing('proxy books', () => {
    const slice = cell.beginParse();
    const escrow = slice.loadCoins();
    const count = slice.loadUint(16);
    const dict = slice.loadDict(Dictionary.Keys.BigUint(256), recordValue);
    endOf(slice);
    const records = new Map<string, ClientRecord>();
    for (const [account, record] of dict) records.set(account.toString(16).padStart(64, '0'), record);
    if (records.size !== count || totalEscrow(records) !== escrow) {
      throw new CellFormatError('proxy books', 'the totals are not those of the records');
    }
    return records;
  });
}
