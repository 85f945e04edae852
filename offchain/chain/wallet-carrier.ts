import type { KeyObject } from 'node:crypto';
import { ExitCode, parseWalletData, type WalletData } from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import type { Logger } from 'pino';
import { type AccountState, type Chain, ChainError } from './port';
import { type Executed, findExecuted, type SignedBatch, signBatch } from './wallet-open';
import type { QueuedSend } from './wallet-queue';

export type { Executed } from './wallet-open';

/** Blocks of different workchains are not of exactly the same second. */
const EXPIRY_MARGIN = 5;

/** The wallet at one moment. */
export interface Seen {
  account: AccountState;
  data: WalletData;
}

/** How carrying a batch ended. */
export type BatchEnd =
  /** It, or an earlier message with the same seqno, was executed. */
  | ({ kind: 'confirmed' } & Executed)
  /** It cannot be executed any more (expired, or its seqno is used up): build it anew. */
  | { kind: 'dead' }
  | { kind: 'refused'; error: ChainError };

export interface CarrierOptions {
  chain: Chain;
  wallet: Address;
  key: KeyObject;
  init: { code: Cell; data: Cell };
  logger: Logger;
  /** Seconds a signed message may be executed. */
  validFor: number;
  resendMs: number;
  /** Milliseconds, any origin. */
  clock: () => number;
  /** Waits between two looks at the chain. */
  pause: () => Promise<void>;
  signal: AbortSignal;
}

/** The wallet's data as they are on chain, or `initial` before it is deployed; undefined when they are something else. */
export function readWallet(account: AccountState, initial: Cell): WalletData | undefined {
  try {
    return parseWalletData(account.data ?? initial);
  } catch {
    // Whatever lives there, it is no wallet; the caller says so with the address.
    return undefined;
  }
}

/** Signs batches and follows what becomes of them. Remembers every signed message that may still be executed. */
export class BatchCarrier {
  readonly #options: CarrierOptions;
  readonly #chain: Chain;
  readonly #logger: Logger;
  readonly #wallet: Address;
  /** Signed for the seqno that is next on chain; at most one of them can be executed. */
  #open: SignedBatch[] = [];
  /** Transactions of the wallet up to this lt are known not to execute one of {@link #open}. */
  #scanned = 0n;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#chain = options.chain;
    this.#logger = options.logger.child({ wallet: options.wallet.toString() });
    this.#wallet = options.wallet;
  }

  /** Signs a batch and stays with it until it has happened or cannot happen any more. @throws ChainError */
  async carry(batch: readonly QueuedSend[], seen: Seen): Promise<BatchEnd> {
    const { validFor, resendMs, clock, signal } = this.#options;
    const validUntil = (await this.#chain.time()) + validFor;
    signal.throwIfAborted();
    const { seqno } = seen.data;
    const signed = signBatch({
      wallet: this.#wallet,
      key: this.#options.key,
      seqno,
      validUntil,
      batch,
      ...(seen.account.status === 'active' ? {} : { init: this.#options.init }),
    });
    if (this.#open.length === 0) {
      this.#scanned = seen.account.last?.lt ?? 0n;
    }
    this.#open.push(signed);
    for (const send of batch) {
      send.signed = true;
    }
    const signedAt = clock();
    let sentAt: number | undefined;
    let refusal: ChainError | undefined;
    for (;;) {
      if (sentAt === undefined || clock() - sentAt >= resendMs) {
        sentAt = clock();
        refusal = await this.#handOver(signed.boc);
      }
      const mayHaveExpired = clock() - signedAt >= validFor * 1000;
      const end = await this.#check({ seqno, refusal, validUntil, mayHaveExpired });
      if (end !== undefined) {
        return end;
      }
      await this.#options.pause();
      signal.throwIfAborted();
    }
  }

  /** One look at the chain for the batch under way; undefined while nothing is decided. */
  async #check(state: {
    seqno: number;
    refusal: ChainError | undefined;
    validUntil: number;
    mayHaveExpired: boolean;
  }): Promise<BatchEnd | undefined> {
    const { seqno, refusal } = state;
    try {
      // Before the account: what is not in the account's state at a time after the end of validity never will be.
      const time = state.mayHaveExpired ? await this.#chain.time() : 0;
      const account = await this.#chain.account(this.#wallet);
      const executed = await this.reconcile(account, readWallet(account, this.#options.init.data)?.seqno ?? seqno);
      if (executed !== undefined) {
        return { kind: 'confirmed', ...executed };
      }
      if (this.#open.length === 0) {
        this.#logger.warn({ seqno }, 'somebody else used the seqno; signing again');
        return { kind: 'dead' };
      }
      if (refusal !== undefined) {
        const stale = refusal.exitCode === ExitCode.walletBadSeqno || refusal.exitCode === ExitCode.walletExpired;
        return stale ? { kind: 'dead' } : { kind: 'refused', error: refusal };
      }
      if (time > state.validUntil + EXPIRY_MARGIN) {
        this.#logger.info({ seqno }, 'a message expired unexecuted; signing again');
        return { kind: 'dead' };
      }
    } catch (error) {
      // The message may be executed at any moment: as long as the chain does not say, there is only waiting.
      if (!(error instanceof ChainError) || !error.retryable) {
        throw error;
      }
      this.#logger.warn({ code: error.code }, error.message);
    }
    return undefined;
  }

  /**
   * Looks for signed messages among the wallet's new transactions. One that was executed is returned, and all others of its
   * seqno are dead; when the seqno moved on without any, they all are.
   */
  async reconcile(account: AccountState, seqno: number): Promise<Executed | undefined> {
    const last = account.last?.lt ?? 0n;
    if (this.#open.length === 0 || last <= this.#scanned) {
      return undefined;
    }
    const range = { after: this.#scanned, upTo: last };
    const executed = await findExecuted(this.#chain, this.#wallet, this.#open, range);
    this.#scanned = last;
    if (executed !== undefined || this.#open.every((signed) => signed.seqno < seqno)) {
      this.#open = [];
    }
    return executed;
  }

  /** @returns the refusal, if the network refused it for good */
  async #handOver(boc: Buffer): Promise<ChainError | undefined> {
    try {
      await this.#chain.sendBoc(boc);
      return undefined;
    } catch (error) {
      if (!(error instanceof ChainError) || error.code === 'aborted') {
        throw error;
      }
      if (error.retryable) {
        // It may have arrived all the same. The next resend comes in its time.
        this.#logger.warn({ code: error.code }, error.message);
        return undefined;
      }
      return error;
    }
  }
}
