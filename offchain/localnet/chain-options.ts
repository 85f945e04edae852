import type { Logger } from 'pino';
import type { PriceSet } from './config';
import type { AppendFile } from './journal';

export interface LocalChainOptions {
  prices: PriceSet;
  logger: Logger;
  /** Where the chain lives on disk; in memory only when absent. */
  stateDir?: string;
  reset?: boolean;
  /** Unix milliseconds. */
  clock?: () => number;
  /** 0: a message is executed, with all that follows from it, before sendBoc answers. Otherwise blocks are made this far apart. */
  blockIntervalMs?: number;
  /** How many transactions are kept; older ones are forgotten. */
  keepTransactions?: number;
  /** A new snapshot is written when the journal is larger than this and than the last snapshot (default 16 MiB). */
  rotateBytes?: number;
  openForAppend?: (path: string) => Promise<AppendFile>;
}

export interface SentExternal {
  hash: Buffer;
  normalHash: Buffer;
}

export interface ChainStatus {
  seqno: number;
  /** Unix seconds, of the last block. */
  time: number;
  /** Seconds by which the chain's clock is ahead. */
  shift: number;
  prices: PriceSet;
  blockIntervalMs: number;
  accounts: number;
  transactions: number;
  /** External and internal messages that wait for a block. */
  waiting: number;
  treasury: string;
  stateDir: string | null;
  journalBytes: number;
  snapshotBytes: number;
  /** Why changes are refused, or null. */
  failure: string | null;
}
