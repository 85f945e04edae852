import { performance } from 'node:perf_hooks';

/** Time as connections see it; tests put in one they move by hand. */
export interface Clock {
  /** Milliseconds since any fixed moment; only differences are used. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`; the returned function takes the call back. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay a Node timer can hold; longer ones would fire at once. */
const MAX_DELAY_MS = 0x7fff_ffff;

/** Monotonic: setting the machine's clock must not close connections. Timers never keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
