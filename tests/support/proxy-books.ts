import { type Address, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { CellFormatError, type ProxyData, parseProxyData } from '../../wrappers';

/**
 * What a proxy keeps after the fields that the live network knows:
 *
 *     record#_ escrow:Coins ahead:int64 owner:MsgAddressInt = ClientRecord;
 *     books#_ escrow:Coins count:uint16 clients:(HashmapE 256 ClientRecord) = ProxyBooks;
 *     more#_ earned:int60 books:^ProxyBooks              absent at birth
 *
 * Written out here a second time on purpose: tests must not read the contract's state with the contract's own eyes.
 */

export interface ClientRecord {
  /** nanoTON that the pool holds for the client, as of its last request */
  escrow: bigint;
  /**
   * nanoTON by which the client contract's books are ahead of the pool's: top-ups that went back although it had credited
   * them; below zero: refunds that it has booked and the pool could not pay yet
   */
  ahead: bigint;
  owner: Address;
}

export interface ProxyBooks {
  /** nanoTON charged and not yet paid to workers or revenue; negative: paid in advance */
  earned: bigint;
  /** false while no client has topped up, or in a proxy without books */
  kept: boolean;
  /** nanoTON, the sum over all records */
  escrow: bigint;
  count: number;
  /** by account id of the client contract, 64 hex digits */
  clients: ReadonlyMap<string, ClientRecord>;
}

const NO_BOOKS: ProxyBooks = { earned: 0n, kept: false, escrow: 0n, count: 0, clients: new Map() };

const recordValue: DictionaryValue<ClientRecord> = {
  serialize: () => {
    throw new Error('tests only read the books');
  },
  parse: (slice) => {
    const record = { escrow: slice.loadCoins(), ahead: slice.loadIntBig(64), owner: slice.loadAddress() };
    end(slice);
    return record;
  },
};

/** @throws CellFormatError when the data, trailing state included, is not exactly of this layout */
export function parseProxyState(data: Cell): ProxyData & { books: ProxyBooks } {
  const known = parseProxyData(data);
  try {
    return { ...known, books: readTail(afterKnownFields(data)) };
  } catch (error) {
    throw new CellFormatError('proxy books', error instanceof Error ? error.message : String(error), error);
  }
}

function afterKnownFields(data: Cell): Slice {
  const slice = data.beginParse();
  slice.loadAddress();
  slice.skip(256);
  slice.loadAddress();
  slice.skip(2);
  slice.loadCoins();
  slice.loadCoins();
  slice.skip(32);
  slice.loadRef();
  return slice;
}

function readTail(tail: Slice): ProxyBooks {
  if (tail.remainingBits === 0 && tail.remainingRefs === 0) return NO_BOOKS;
  const earned = tail.loadIntBig(60);
  const cell = tail.loadRef();
  end(tail);
  const slice = cell.beginParse();
  const escrow = slice.loadCoins();
  const count = slice.loadUint(16);
  const records = slice.loadDict(Dictionary.Keys.BigUint(256), recordValue);
  end(slice);
  const clients = new Map<string, ClientRecord>();
  for (const [id, record] of records) clients.set(id.toString(16).padStart(64, '0'), record);
  return { earned, kept: true, escrow, count, clients };
}

function end(slice: Slice): void {
  if (slice.remainingBits > 0 || slice.remainingRefs > 0) {
    throw new Error(`${slice.remainingBits} bits and ${slice.remainingRefs} references left over`);
  }
}
