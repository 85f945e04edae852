import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../node/clock';
import { GatewayError } from './errors';
import { readState, writeStateSync } from './state-file';
import type { Pricing } from './upstream';

export interface SpendLimits {
  /** nanoTON; undefined: no limit. */
  perRequest: bigint | undefined;
  /** nanoTON per UTC day; undefined: no limit. */
  perDay: bigint | undefined;
}

/** What one request may cost, held until it is known what it did cost. */
export interface SpendReservation {
  /**
   * The request cost this many adjusted tokens. Later calls do nothing; without a call the whole reservation counts as spent.
   * @param pricePerToken of the channel that paid, nanoTON; default: what was reserved for
   */
  settle(tokens: bigint, pricePerToken?: bigint): void;
}

const schema = z.object({ version: z.literal(1), day: z.string(), spentNano: z.coerce.bigint() });

/** The file is written once per this part of the daily limit instead of at every request. */
const LEASES_PER_DAY = 64n;

/**
 * Keeps requests inside the owner's spend limits. The most a request can cost is reserved before it is sent. On disk stands
 * an amount that is never below what was spent, in steps of 1/64 of the limit: a crash can only make the rest of the day tighter.
 */
export class SpendGuard {
  readonly #limits: SpendLimits;
  readonly #file: string;
  readonly #clock: Clock;
  #day: string;
  /** Settled costs and open reservations of today, nanoTON. */
  #spent: bigint;
  #onDisk: bigint;

  /** @throws StateFileError when the file of an earlier run is damaged */
  constructor(limits: SpendLimits, stateDir: string, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#file = join(stateDir, 'spend.json');
    this.#day = this.#today();
    const saved = limits.perDay === undefined ? undefined : readState(this.#file, schema);
    this.#spent = saved?.day === this.#day ? saved.spentNano : 0n;
    this.#onDisk = this.#spent;
  }

  /** nanoTON spent and reserved today. */
  get spentToday(): bigint {
    this.#rollDay();
    return this.#spent;
  }

  /**
   * Reserves the most a request can cost: every byte of the body a prompt token (no tokeniser makes more), every token of the
   * limit at the dearer of the two output prices, all of it at the highest coefficient the request accepts.
   * @throws GatewayError 402 when that is more than a limit leaves
   */
  reserve(
    request: { bodyBytes: number; maxTokens: number; maxCoefficient: number },
    pricing: Pricing | undefined,
  ): SpendReservation {
    const { perRequest, perDay } = this.#limits;
    if (pricing === undefined || (perRequest === undefined && perDay === undefined)) return { settle: () => undefined };
    const cost = worstCost(request, pricing);
    if (perRequest !== undefined && cost > perRequest) {
      throw overLimit(
        `This request could cost ${cost} nanoTON; "max_spend_per_request_nano" allows ${perRequest}. Lower max_tokens or max_coefficient, or raise the limit.`,
        'max_spend_per_request_nano',
      );
    }
    this.#rollDay();
    if (perDay !== undefined && this.#spent + cost > perDay) {
      throw overLimit(
        `This request could cost ${cost} nanoTON; ${perDay - this.#spent} of today's "max_spend_per_day_nano" (${perDay}) are left. Lower max_tokens, wait for 00:00 UTC, or raise the limit.`,
        'max_spend_per_day_nano',
      );
    }
    this.#spent += cost;
    this.#persist();
    return this.#reservation(cost, pricing.pricePerToken);
  }

  #reservation(reserved: bigint, highest: bigint): SpendReservation {
    const day = this.#day;
    let open = true;
    return {
      settle: (tokens, pricePerToken = highest) => {
        if (!open) return;
        open = false;
        if (day === this.#day) this.#spent += tokens * pricePerToken - reserved;
      },
    };
  }

  #persist(): void {
    const { perDay } = this.#limits;
    if (perDay === undefined || this.#spent <= this.#onDisk) return;
    const ahead = this.#spent + perDay / LEASES_PER_DAY;
    this.#onDisk = ahead > perDay ? perDay : ahead;
    writeStateSync(this.#file, { version: 1, day: this.#day, spentNano: this.#onDisk });
  }

  /** On an orderly stop the file gets the exact amount. */
  close(): void {
    this.#rollDay();
    if (this.#limits.perDay !== undefined)
      writeStateSync(this.#file, { version: 1, day: this.#day, spentNano: this.#spent });
  }

  #rollDay(): void {
    const today = this.#today();
    if (today === this.#day) return;
    this.#day = today;
    this.#spent = 0n;
    this.#onDisk = 0n;
  }

  #today(): string {
    return new Date(this.#clock.nowMs()).toISOString().slice(0, 10);
  }
}

/** nanoTON */
export function worstCost(
  request: { bodyBytes: number; maxTokens: number; maxCoefficient: number },
  pricing: Pricing,
): bigint {
  const output = Math.max(pricing.completionMultiplier, pricing.reasoningMultiplier);
  const adjusted = (tokens: number, multiplier: number): bigint => {
    const scaled = BigInt(tokens) * BigInt(request.maxCoefficient) * BigInt(multiplier);
    return (scaled + 9_999_999n) / 10_000_000n; // coefficient in 1/1000, multiplier in 1/10000, rounded up
  };
  const tokens = adjusted(request.bodyBytes, pricing.promptMultiplier) + adjusted(request.maxTokens, output);
  return tokens * pricing.pricePerToken;
}

function overLimit(message: string, param: string): GatewayError {
  return new GatewayError(message, { status: 402, type: 'insufficient_balance', code: 'spend_limit_reached', param });
}
