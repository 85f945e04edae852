import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Clock, systemClock } from '../../node/clock';
import { replaceFile } from '../../node/durable-file';
import { AttestationError } from '../errors';
import { type Collateral, collateralSchema } from './collateral';
import type { CollateralSource } from './pccs';
import type { CollateralKey } from './thread';

/** Intel updates monthly at the least; a revocation should not go unnoticed longer than this. */
const REFRESH_MS = 6 * 3_600_000;
/** A service that fails is not asked again for each connection. */
const BACK_OFF_MS = 30_000;

export interface CollateralCacheOptions {
  readonly source: CollateralSource;
  /** Where collateral is kept over restarts; left out, it is kept in memory only. */
  readonly directory?: string;
  readonly clock?: Clock;
  readonly refreshMs?: number;
  /** The cache could not be written or read; nothing else is lost. */
  readonly onProblem?: (error: Error) => void;
}

const entrySchema = z.object({ fetched_at_ms: z.number(), collateral: collateralSchema });
type Entry = z.infer<typeof entrySchema>;

/** Collateral by kind of processor. Never trusted, whether from memory or disk: who uses it verifies it each time. */
export class CollateralCache {
  readonly #options: CollateralCacheOptions;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #fetching = new Map<string, Promise<Collateral>>();
  readonly #failures = new Map<string, { untilMs: number; error: unknown }>();

  constructor(options: CollateralCacheOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * @param demand 'fresh' when what the cache has was refused: it is fetched again, unless that was done just now.
   * @throws AttestationError
   */
  async get(key: CollateralKey, demand: 'cached' | 'fresh' = 'cached'): Promise<Collateral> {
    const name = fileName(key);
    const entry = await this.#entry(name);
    const age = entry === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs() - entry.fetched_at_ms;
    const limit = demand === 'fresh' ? BACK_OFF_MS : (this.#options.refreshMs ?? REFRESH_MS);
    // An age below zero is a clock that was set back: how old the entry is, is not known.
    if (entry !== undefined && age >= 0 && age < limit) return entry.collateral;
    try {
      return await this.#fetch(name, key);
    } catch (error) {
      // Stale may still be current; whoever verifies it will see. What is malformed is the service's fault as well.
      if (entry !== undefined && demand === 'cached') return entry.collateral;
      throw error;
    }
  }

  async #entry(name: string): Promise<Entry | undefined> {
    const known = this.#entries.get(name);
    const { directory } = this.#options;
    if (known !== undefined || directory === undefined) return known;
    try {
      const entry = entrySchema.parse(JSON.parse(await readFile(path.join(directory, name), 'utf8')));
      this.#entries.set(name, entry);
      return entry;
    } catch (error) {
      // Absent, or damaged: both are mended by fetching it again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#problem('read', name, error);
      return undefined;
    }
  }

  #fetch(name: string, key: CollateralKey): Promise<Collateral> {
    const failure = this.#failures.get(name);
    if (failure !== undefined && this.#clock.nowMs() < failure.untilMs) return Promise.reject(failure.error);
    let fetching = this.#fetching.get(name);
    if (fetching === undefined) {
      fetching = this.#fetchNow(name, key).finally(() => this.#fetching.delete(name));
      this.#fetching.set(name, fetching);
    }
    return fetching;
  }

  async #fetchNow(name: string, key: CollateralKey): Promise<Collateral> {
    let collateral: Collateral;
    try {
      collateral = await this.#options.source.fetch(key);
    } catch (error) {
      this.#failures.set(name, { untilMs: this.#clock.nowMs() + BACK_OFF_MS, error });
      throw error;
    }
    this.#failures.delete(name);
    const entry = { fetched_at_ms: this.#clock.nowMs(), collateral };
    this.#entries.set(name, entry);
    await this.#save(name, entry);
    return collateral;
  }

  async #save(name: string, entry: Entry): Promise<void> {
    const { directory } = this.#options;
    if (directory === undefined) return;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await replaceFile(path.join(directory, name), `${JSON.stringify(entry)}\n`);
    } catch (error) {
      this.#problem('write', name, error);
    }
  }

  #problem(what: string, name: string, cause: unknown): void {
    this.#options.onProblem?.(
      new Error(`Cannot ${what} ${name} in the collateral directory: ${String(cause)}`, { cause }),
    );
  }
}

function fileName({ fmspc, authority }: CollateralKey): string {
  // From a certificate, but a path is made of it.
  if (!/^[0-9a-f]{12}$/.test(fmspc))
    throw new AttestationError('QUOTE_MALFORMED', `"${fmspc}" is no kind of processor`);
  return `tdx-${fmspc}-${authority}.json`;
}
