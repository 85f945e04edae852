import type { Address, Transaction } from '@ton/core';
import { type Chain, ChainError } from './port';
import { type Sleep, sleepFor, throwUnlessAborted } from './sleep';

const PAGE = 50;
const MAX_BACKOFF_MS = 30_000;

export interface FollowOptions {
  /** The last transaction already dealt with; everything after it is delivered. From the account's beginning when absent. */
  from?: { lt: bigint };
  pollMs: number;
  /** Ends the following; the promise then resolves. */
  signal: AbortSignal;
  /** Called for one transaction at a time. When it rejects, the same transaction is delivered again after a pause. */
  onTransaction(transaction: Transaction): Promise<void>;
  /** What went wrong on the way; the following goes on. */
  onError?(error: unknown): void;
  sleep?: Sleep;
}

/**
 * Delivers every transaction of an account, oldest first, in the order of lt, each exactly once as long as `onTransaction`
 * resolves. A gap is noticed by the links between transactions and never skipped.
 *
 * @returns when `signal` ends it
 * @throws ChainError `not-found` when the endpoint has forgotten transactions that were not delivered yet
 */
export async function followTransactions(chain: Chain, address: Address, options: FollowOptions): Promise<void> {
  const { pollMs, signal } = options;
  const sleep = options.sleep ?? sleepFor;
  let done = options.from?.lt ?? 0n;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for (const transaction of await newTransactions(chain, address, done, options.from !== undefined || done > 0n)) {
        if (signal.aborted) {
          return;
        }
        await options.onTransaction(transaction);
        done = transaction.lt;
      }
      failures = 0;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof ChainError && error.code === 'not-found') {
        throw error;
      }
      failures += 1;
      options.onError?.(error);
    }
    const pause = failures === 0 ? pollMs : Math.min(pollMs * 2 ** Math.min(failures, 10), MAX_BACKOFF_MS);
    await sleep(pause, signal).catch(throwUnlessAborted(signal));
  }
}

/** Oldest first: everything after `done`. */
async function newTransactions(
  chain: Chain,
  address: Address,
  done: bigint,
  mustReach: boolean,
): Promise<Transaction[]> {
  const { last } = await chain.account(address);
  if (last === undefined || last.lt <= done) {
    return [];
  }
  const found: Transaction[] = [];
  let page = await chain.transactions(address, { limit: PAGE });
  for (;;) {
    for (const transaction of page) {
      assertLinked(address, found.at(-1), transaction);
      if (transaction.lt <= done) {
        return found.reverse();
      }
      found.push(transaction);
    }
    const oldest = found.at(-1);
    if (oldest === undefined || oldest.prevTransactionLt === 0n || oldest.prevTransactionLt <= done) {
      return found.reverse();
    }
    try {
      page = await chain.transactions(address, { limit: PAGE, before: { lt: oldest.lt, hash: oldest.hash() } });
    } catch (error) {
      if (!mustReach && error instanceof ChainError && error.code === 'not-found') {
        return found.reverse();
      }
      throw error;
    }
    if (page.length === 0) {
      if (!mustReach) {
        return found.reverse();
      }
      throw new ChainError(
        `transactions of ${address} before lt ${oldest.lt} are gone from the endpoint; use an archival one`,
        { code: 'not-found', retryable: false },
      );
    }
  }
}

/** Each transaction names its predecessor: an endpoint that leaves one out is found out here. */
function assertLinked(address: Address, newer: Transaction | undefined, older: Transaction): void {
  if (newer !== undefined && newer.prevTransactionLt !== older.lt) {
    throw new ChainError(
      `the list of transactions of ${address} has a hole between lt ${older.lt} and ${newer.lt}; the endpoint is wrong, try another`,
      { code: 'bad-answer', retryable: true },
    );
  }
}
