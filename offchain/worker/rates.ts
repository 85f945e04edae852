const PERIODS_S = [1, 10, 60, 600, 3600, 86_400] as const;

/** A counter as the live network's /jsonstats shows it: [total, rate per second over 1 s, 10 s, 1 min, 10 min, 1 h, 1 d], decaying. */
export class Rate {
  #total = 0;
  readonly #sums: number[] = PERIODS_S.map(() => 0);
  #atMs: number;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  add(amount: number): void {
    this.#decay();
    this.#total += amount;
    for (let index = 0; index < this.#sums.length; index++) this.#sums[index] = (this.#sums[index] ?? 0) + amount;
  }

  toJSON(): number[] {
    this.#decay();
    return [this.#total, ...PERIODS_S.map((period, index) => (this.#sums[index] ?? 0) / period)];
  }

  #decay(): void {
    const nowMs = this.#nowMs();
    const passedS = (nowMs - this.#atMs) / 1000;
    if (passedS <= 0) return;
    for (const [index, period] of PERIODS_S.entries())
      this.#sums[index] = (this.#sums[index] ?? 0) * Math.exp(-passedS / period);
    this.#atMs = nowMs;
  }
}
