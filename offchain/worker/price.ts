import type { Clock } from '../node/clock';

/** How long a proxy may go on using a replaced price: requests on their way crossed the news. */
const GRACE_MS = 60_000;

/** The worker's price coefficient (1000 = x1) and those it has just replaced. */
export class Price {
  readonly #clock: Clock;
  /** Newest last; each is valid from its moment until the next one's, and a while longer. */
  #history: { coefficient: number; sinceMs: number }[];

  constructor(coefficient: number, clock: Clock) {
    this.#clock = clock;
    this.#history = [{ coefficient, sinceMs: Number.NEGATIVE_INFINITY }];
  }

  get current(): number {
    return this.#history.at(-1)?.coefficient ?? 0;
  }

  change(coefficient: number): void {
    const nowMs = this.#clock.nowMs();
    this.#history = [
      ...this.#history.filter((_, index) => this.#endMs(index) > nowMs - GRACE_MS),
      { coefficient, sinceMs: nowMs },
    ];
  }

  isAnnounced(coefficient: number): boolean {
    const nowMs = this.#clock.nowMs();
    return this.#history.some(
      (entry, index) => entry.coefficient === coefficient && this.#endMs(index) > nowMs - GRACE_MS,
    );
  }

  #endMs(index: number): number {
    return this.#history[index + 1]?.sinceMs ?? Number.POSITIVE_INFINITY;
  }
}
