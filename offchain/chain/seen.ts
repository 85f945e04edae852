import type { Address } from '@ton/core';
import { ChainError, type TransactionCursor } from './port';

/** Accounts remembered; the one that was not read for longest is forgotten first. */
const REMEMBERED = 10_000;

/** The newest transaction seen of each account. An account's history only grows: what goes back or contradicts it is not believed. */
export class Seen {
  readonly #newest = new Map<string, TransactionCursor>();

  has(address: Address): boolean {
    return this.#newest.has(address.toRawString());
  }

  /** Remembers it as the newest. @throws ChainError as check() */
  note(address: Address, last: TransactionCursor | undefined, endpoint: string): void {
    this.check(address, last, endpoint);
    if (last === undefined) return;
    const name = address.toRawString();
    this.#newest.delete(name);
    this.#newest.set(name, last);
    if (this.#newest.size > REMEMBERED) this.#newest.delete(this.#newest.keys().next().value as string);
  }

  /** @throws ChainError `stale` when there was a newer one, `disagreement` when there was another one at the same time */
  check(address: Address, last: TransactionCursor | undefined, endpoint: string): void {
    const known = this.#newest.get(address.toRawString());
    if (known === undefined) return;
    if (last === undefined || last.lt < known.lt) {
      throw new ChainError(
        `${endpoint} is behind: it has ${address} at lt ${last?.lt ?? 0n}, and lt ${known.lt} has been seen`,
        { code: 'stale', retryable: true },
      );
    }
    if (last.lt === known.lt && !last.hash.equals(known.hash)) {
      const hashes = [last.hash, known.hash].map((hash) => hash.toString('hex'));
      throw disagreement(
        address,
        `${endpoint} has the transaction ${hashes[0]} at lt ${last.lt}, where ${hashes[1]} has been seen`,
      );
    }
  }
}

export function disagreement(address: Address, what: string): ChainError {
  return new ChainError(
    `chain endpoints disagree about ${address}: ${what}. One of them is wrong: find out which, and take it out of ton_endpoints`,
    { code: 'disagreement', retryable: true },
  );
}
