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
import { endOf, loadProxyInfo, storeCoins, storeHash, storeProxyInfo, storeU32 } from './fields';
import { FIRST_PUT_SEQNO, MOST_PUT_CHARACTERS } from './values';

/** What the registrar keeps: the DAO's terms, and a record for each proxy that was listed without a vote. */

export interface RegistrarTerms {
  /** least stake of a new listing, nanoTON */
  minStake: bigint;
  /** for one period, nanoTON */
  rent: bigint;
  /** seconds */
  period: number;
  /** seconds from the end of a listing until its stake can be taken */
  closeDelay: number;
  /** at most 256 */
  maxListings: number;
  /** no new listings, no changes of old ones */
  paused: boolean;
}

const DAY = 86_400;

/** What the first registrar of a network is meant to be deployed with; the close delay is the proxies' on the live network. */
export const DEFAULT_REGISTRAR_TERMS: RegistrarTerms = {
  minStake: 15_000_000_000n,
  rent: 1_000_000_000n,
  period: 30 * DAY,
  closeDelay: DAY,
  maxListings: 256,
  paused: false,
};

/** Refused: the root or the Vault did not take the first listing. Closing: unlisted, evicted, or its image lost its permission. */
export const ListingStatus = { requested: 0, listed: 1, refused: 2, closing: 3, revoked: 4 } as const;
export type ListingStatus = (typeof ListingStatus)[keyof typeof ListingStatus];

export interface Listing {
  /** who listed the proxy; the stake goes there */
  owner: Address;
  /** nanoTON */
  stake: bigint;
  /** seconds, fixed when the listing was made */
  closeDelay: number;
  /** unix seconds */
  paidUntil: number;
  status: ListingStatus;
  /** from when on the stake can be taken, unix seconds; 0 until the listing ends, and for a refused one */
  unlockAt: number;
  /** 32 bytes */
  imageHash: Buffer;
  endpoint: string;
}

export interface RegistrarData {
  vault: Address;
  /** sum of all stakes, nanoTON */
  held: bigint;
  /** number of the next listing */
  next: number;
  count: number;
  terms: RegistrarTerms;
  /** by number */
  listings: ReadonlyMap<number, Listing>;
}

/** Data of a registrar as it is deployed. */
export function initialRegistrarData(opts: { vault: Address; terms?: RegistrarTerms }): RegistrarData {
  const terms = opts.terms ?? DEFAULT_REGISTRAR_TERMS;
  return { vault: opts.vault, held: 0n, next: FIRST_PUT_SEQNO, count: 0, terms, listings: new Map() };
}

export function packRegistrarTerms(terms: RegistrarTerms): Cell {
  const builder = storeCoins(beginCell(), 'minStake', terms.minStake);
  storeCoins(builder, 'rent', terms.rent);
  storeU32(builder, 'period', terms.period);
  storeU32(builder, 'closeDelay', terms.closeDelay);
  if (!Number.isInteger(terms.maxListings) || terms.maxListings < 0 || terms.maxListings > 0xffff) {
    throw new InvalidFieldError('maxListings', `${terms.maxListings} is not an unsigned 16-bit integer`);
  }
  return builder.storeUint(terms.maxListings, 16).storeBit(terms.paused).endCell();
}

/** @throws CellFormatError */
export function parseRegistrarTerms(cell: Cell): RegistrarTerms {
  return parsing('registrar terms', () => {
    const slice = cell.beginParse();
    const terms = {
      minStake: slice.loadCoins(),
      rent: slice.loadCoins(),
      period: slice.loadUint(32),
      closeDelay: slice.loadUint(32),
      maxListings: slice.loadUint(16),
      paused: slice.loadBit(),
    };
    endOf(slice);
    return terms;
  });
}

/** The text of a listing in a cell of its own. @throws InvalidFieldError unless it is one that the registrar takes */
export function packEndpoint(endpoint: string): Cell {
  const part = '[!-9;-~]+:([1-9][0-9]{0,4})';
  const match = new RegExp(`^${part}(?: ${part})?$`).exec(endpoint);
  const ports = (match ?? []).slice(1).filter((port) => port !== undefined);
  if (match === null || ports.some((port) => Number(port) > 65_535)) {
    throw new InvalidFieldError('endpoint', `"${endpoint}" is not "host:port" or "host:port host:port"`);
  }
  return storeProxyInfo(beginCell(), 'endpoint', endpoint, MOST_PUT_CHARACTERS).endCell();
}

/** @throws CellFormatError */
export function parseEndpointCell(cell: Cell): string {
  return parsing('endpoint', () => {
    const slice = cell.beginParse();
    const text = loadProxyInfo(slice);
    if (text === undefined) throw new Error('is of another kind than text');
    endOf(slice);
    return text;
  });
}

const listingValue: DictionaryValue<Listing> = {
  serialize(listing: Listing, builder: Builder) {
    storeCoins(builder.storeAddress(listing.owner), 'stake', listing.stake);
    storeU32(builder, 'closeDelay', listing.closeDelay);
    storeU32(builder, 'paidUntil', listing.paidUntil).storeUint(listing.status, 3);
    storeU32(builder, 'unlockAt', listing.unlockAt);
    storeHash(builder, 'imageHash', listing.imageHash);
    builder.storeRef(storeProxyInfo(beginCell(), 'endpoint', listing.endpoint));
  },
  parse(slice: Slice): Listing {
    const listing = {
      owner: slice.loadAddress(),
      stake: slice.loadCoins(),
      closeDelay: slice.loadUint(32),
      paidUntil: slice.loadUint(32),
      status: toListingStatus(slice.loadUint(3)),
      unlockAt: slice.loadUint(32),
      imageHash: slice.loadBuffer(32),
      endpoint: parseEndpointCell(slice.loadRef()),
    };
    endOf(slice);
    return listing;
  },
};

export function toListingStatus(status: number): ListingStatus {
  if (status > 4) throw new CellFormatError('listing', `status ${status} does not exist`);
  return status as ListingStatus;
}

export function packRegistrarData(data: RegistrarData): Cell {
  const listings = Dictionary.empty(Dictionary.Keys.Uint(32), listingValue);
  for (const [seqno, listing] of data.listings) listings.set(seqno, listing);
  const builder = storeCoins(beginCell().storeAddress(data.vault), 'held', data.held);
  storeU32(builder, 'next', data.next).storeUint(data.count, 16);
  return builder.storeRef(packRegistrarTerms(data.terms)).storeDict(listings).endCell();
}

/** @throws CellFormatError */
export function parseRegistrarData(cell: Cell): RegistrarData {
  return parsing('registrar data', () => {
    const slice = cell.beginParse();
    const [vault, held, next, count] = [slice.loadAddress(), slice.loadCoins(), slice.loadUint(32), slice.loadUint(16)];
    const terms = parseRegistrarTerms(slice.loadRef());
    const listings = new Map(slice.loadDict(Dictionary.Keys.Uint(32), listingValue));
    endOf(slice);
    return { vault, held, next, count, terms, listings };
  });
}
