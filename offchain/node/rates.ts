const PERIODS_S = [1, 10, 60, 600, 3600, 86_400] as const;

/**
 * A counter with exponentially decaying rates, in the form the live network's /jsonstats shows:
 * [total, rate over 1 s, 10 s, 1 min, 10 min, 1 h, 1 d], rates per second.
 */
export class Rate {
  #total = 0;
  #sums: number[] = PERIODS_S.map(() => 0);
  #atMs: number;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  add(amount: number): void {
    this.#decay();
    this.#total += amount;
    this.#sums = this.#sums.map((sum) => sum + amount);
  }

  toJSON(): number[] {
    this.#decay();
    return [this.#total, ...this.#sums.map((sum, i) => sum / (PERIODS_S[i] as number))];
  }

  #decay(): void {
    const now = this.#nowMs();
    const seconds = (now - this.#atMs) / 1000;
    // A clock that was set back: the rates stand still until it has caught up.
    if (seconds <= 0) return;
    this.#sums = this.#sums.map((sum, i) => sum * Math.exp(-seconds / (PERIODS_S[i] as number)));
    this.#atMs = now;
  }
}
