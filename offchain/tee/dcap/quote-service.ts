import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../node/clock';
import { AttestationError } from '../errors';
import type { Collateral } from './collateral';
import type { CollateralCache } from './collateral-cache';
import type { QuoteChecker } from './quote-checker';
import type { QuoteVerdict } from './verify';

/** How long a verified quote is taken as verified, at most. */
const LIFETIME_MS = 3_600_000;
const MAX_RESULTS = 1024;

export interface QuoteServiceOptions {
  readonly checker: QuoteChecker;
  readonly collateral: CollateralCache;
  /** SHA-384 ids of the roots that are trusted. */
  readonly trustedRoots: readonly Buffer[];
  readonly clock?: Clock;
  readonly lifetimeMs?: number;
  readonly maxResults?: number;
}

interface Result {
  readonly verdict: QuoteVerdict;
  /** What it rests on, for whoever wants to check it again. */
  readonly collateral: Collateral;
  readonly atMs: number;
  readonly untilMs: number;
}

/**
 * Verifies quotes with the collateral that belongs to them. A verdict is remembered by the quote's hash, for an hour and
 * never past the first of its documents (the live network's routers remember for ever: B17).
 */
export class QuoteService {
  readonly #options: QuoteServiceOptions;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #maxResults: number;
  /** Least recently used first. */
  readonly #results = new Map<string, Result>();
  readonly #running = new Map<string, Promise<Result>>();

  constructor(options: QuoteServiceOptions) {
    if (options.trustedRoots.length === 0) throw new Error('no root is trusted: every quote would be refused');
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#lifetimeMs = Math.min(options.lifetimeMs ?? LIFETIME_MS, LIFETIME_MS);
    this.#maxResults = options.maxResults ?? MAX_RESULTS;
  }

  /** @throws AttestationError */
  async verify(quote: Buffer): Promise<QuoteVerdict> {
    return (await this.result(quote)).verdict;
  }

  /** The verdict together with the collateral that it rests on. @throws AttestationError */
  async result(quote: Buffer): Promise<{ readonly verdict: QuoteVerdict; readonly collateral: Collateral }> {
    const id = createHash('sha256').update(quote).digest('hex');
    const known = this.#recall(id);
    if (known !== undefined) return known;
    let running = this.#running.get(id);
    if (running === undefined) {
      running = this.#verify(quote).finally(() => this.#running.delete(id));
      this.#running.set(id, running);
    }
    const result = await running;
    this.#remember(id, result);
    return result;
  }

  async close(): Promise<void> {
    this.#results.clear();
    await this.#options.checker.close();
  }

  async #verify(quote: Buffer): Promise<Result> {
    const { checker, collateral, trustedRoots } = this.#options;
    const key = await checker.collateralKey(quote, trustedRoots);
    const check = async (documents: Collateral): Promise<Result> => {
      // The time after fetching: documents may be younger than the question.
      const atMs = this.#clock.nowMs();
      const verdict = await checker.verify(quote, documents, atMs, trustedRoots);
      return { verdict, collateral: documents, atMs, untilMs: Math.min(atMs + this.#lifetimeMs, verdict.validUntilMs) };
    };
    const cached = await collateral.get(key);
    try {
      return await check(cached);
    } catch (error) {
      // What was kept may have run out or been damaged; newer documents decide.
      if (!(error instanceof AttestationError) || !error.code.startsWith('COLLATERAL_')) throw error;
      const fresh = await collateral.get(key, 'fresh');
      if (fresh === cached) throw error;
      return check(fresh);
    }
  }

  #recall(id: string): Result | undefined {
    const result = this.#results.get(id);
    if (result === undefined) return undefined;
    this.#results.delete(id);
    const nowMs = this.#clock.nowMs();
    // A clock that was set back before the verification is no reason to believe it longer.
    if (nowMs >= result.untilMs || nowMs < result.atMs) return undefined;
    this.#results.set(id, result);
    return result;
  }

  #remember(id: string, result: Result): void {
    this.#results.delete(id);
    this.#results.set(id, result);
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= this.#maxResults) break;
      this.#results.delete(oldest);
    }
  }
}
