import type { Transaction } from '@ton/core';
import type { TransactionCursor } from './port';

/**
 * Each transaction names the one before it by hash, so whoever knows an account's newest one can be shown no other history.
 * @param newestFirst as a server lists them
 * @param from what the first must be, where that is known
 * @throws Error saying which one is wrong
 */
export function checkHistory(newestFirst: readonly Transaction[], from?: TransactionCursor): void {
  let expected = from;
  for (const transaction of newestFirst) {
    if (expected !== undefined && (transaction.lt !== expected.lt || !transaction.hash().equals(expected.hash)))
      throw new Error(`the list has transaction ${transaction.lt} where ${expected.lt} must be`);
    expected = { lt: transaction.prevTransactionLt, hash: hashBuffer(transaction.prevTransactionHash) };
  }
}

function hashBuffer(hash: bigint): Buffer {
  return Buffer.from(hash.toString(16).padStart(64, '0'), 'hex');
}
