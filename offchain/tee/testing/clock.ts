import type { Clock } from '../../node/clock';

/** Time that moves when the test says so. */
export class TestClock implements Clock {
  #nowMs: number;
  readonly #waiting: (() => void)[] = [];
  #timers: { atMs: number; run: () => void }[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    for (const planned of this.#waiting.splice(0)) planned();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How long until the next timer; undefined when there is none. */
  nextInMs(): number | undefined {
    const next = this.#timers.map(({ atMs }) => atMs).sort((a, b) => a - b)[0];
    return next === undefined ? undefined : next - this.#nowMs;
  }

  /** Resolves when there is a timer: whatever ran in the background has planned its next step. */
  async planned(): Promise<void> {
    if (this.#timers.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { run } of due) run();
  }
}
