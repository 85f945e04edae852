import type { Clock } from '../transport/clock';
import type { Chain } from './port';

/** One way to the chain. `name` is for people: a host, without keys. */
export interface Endpoint {
  readonly name: string;
  readonly chain: Chain;
}

const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

interface Record {
  failures: number;
  restsUntilMs: number;
  /** When it was last seen not to lag. */
  freshAtMs: number;
}

/** In which order endpoints are asked: as configured, but those that have just failed rest, longer each time. */
export class EndpointHealth {
  readonly #clock: Clock;
  readonly #records: Map<Endpoint, Record>;

  constructor(endpoints: readonly Endpoint[], clock: Clock) {
    this.#clock = clock;
    const fresh = () => ({ failures: 0, restsUntilMs: 0, freshAtMs: Number.NEGATIVE_INFINITY });
    this.#records = new Map(endpoints.map((endpoint) => [endpoint, fresh()]));
  }

  /** All of them: when every one rests, the one that has rested longest is better than no answer. */
  order(): Endpoint[] {
    const now = this.#clock.nowMs();
    const resting = (endpoint: Endpoint) => Math.max(0, this.#records.get(endpoint)!.restsUntilMs - now);
    return [...this.#records.keys()].sort((a, b) => resting(a) - resting(b));
  }

  worked(endpoint: Endpoint): void {
    const record = this.#records.get(endpoint)!;
    record.failures = 0;
    record.restsUntilMs = 0;
  }

  failed(endpoint: Endpoint): void {
    const record = this.#records.get(endpoint)!;
    const now = this.#clock.nowMs();
    // Many calls that fail together are one failure.
    if (now < record.restsUntilMs) return;
    record.restsUntilMs = now + Math.min(FIRST_REST_MS * 2 ** Math.min(record.failures, 10), LONGEST_REST_MS);
    record.failures += 1;
    record.freshAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether it was seen not to lag within the last `ms`. */
  freshWithin(endpoint: Endpoint, ms: number): boolean {
    return this.#clock.nowMs() - this.#records.get(endpoint)!.freshAtMs < ms;
  }

  fresh(endpoint: Endpoint): void {
    this.#records.get(endpoint)!.freshAtMs = this.#clock.nowMs();
  }
}
