import type { Address, Cell, Transaction, TupleItem, TupleReader } from '@ton/core';

/** What is known about one account at the chain's last block. `code` and `data` are present only when it is active. */
export interface AccountState {
  /** nanoTON */
  balance: bigint;
  status: 'active' | 'uninit' | 'frozen';
  code?: Cell;
  data?: Cell;
  /** The account's newest transaction; absent when it never had one. */
  last?: { lt: bigint; hash: Buffer };
}

/** Identifies one transaction of an account; `hash` is 32 bytes. */
export interface TransactionCursor {
  lt: bigint;
  hash: Buffer;
}

/** The only view of the blockchain that runners have. Every method rejects with {@link ChainError} and nothing else. */
export interface Chain {
  account(address: Address): Promise<AccountState>;
  /** Newest first, at most `limit`; with `before`, only transactions older than that one (which is not repeated). */
  transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]>;
  /** Runs a get method; a non-zero exit code is a {@link ChainError} with code `exit-code`. */
  runMethod(address: Address, name: string, args?: TupleItem[]): Promise<TupleReader>;
  /** Hands a serialised external message to the network. Acceptance is not execution: follow the account to see the result. */
  sendBoc(boc: Buffer): Promise<void>;
  /** Unix seconds of the chain's last block. */
  time(): Promise<number>;
  /** Only where there is no chain (./pseudo): a contract of one's own that counts as deployed from now on. */
  presume?(init: { code: Cell; data: Cell }): void;
}

export type ChainErrorCode =
  /** No answer: refused, reset, timed out. */
  | 'unreachable'
  /** 429, after the retries. */
  | 'rate-limited'
  /** 5xx, after the retries. */
  | 'server-error'
  /** The answer is not what the API promises. */
  | 'bad-answer'
  /** 4xx: the request itself is wrong. */
  | 'bad-request'
  /** A key is needed, or it is wrong. */
  | 'unauthorized'
  /** A get method ended with a non-zero exit code (see `exitCode`). */
  | 'exit-code'
  /** The network refused an external message (see `exitCode` where it says one). */
  | 'message-rejected'
  /** The endpoint no longer has (or does not yet have) the transaction asked for. */
  | 'not-found'
  /** The endpoint is behind what has been seen before, so its answer is not used. */
  | 'stale'
  /** Two answers contradict each other: at least one endpoint is wrong, and nobody here can tell which. */
  | 'disagreement'
  /** The caller's signal ended the call. */
  | 'aborted';

export interface ChainErrorOptions {
  code: ChainErrorCode;
  /** True when the same call may succeed later, unchanged. */
  retryable: boolean;
  exitCode?: number;
  cause?: unknown;
}

/** `message` says what failed and what to do next, in one line. */
export class ChainError extends Error {
  readonly code: ChainErrorCode;
  readonly retryable: boolean;
  readonly exitCode: number | undefined;

  constructor(message: string, options: ChainErrorOptions) {
    super(message, { cause: options.cause });
    this.name = 'ChainError';
    this.code = options.code;
    this.retryable = options.retryable;
    this.exitCode = options.exitCode;
  }

  get shortMessage(): string {
    return this.message;
  }
}
