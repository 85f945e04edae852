/** Time as this runner sees it; tests put in one they move by hand. */
export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`; the returned function takes the call back. Never keeps the process alive by itself. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay a Node timer can hold; longer ones would fire at once. */
const MAX_DELAY_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Unix seconds with microseconds, as they stand in X-Cocoon-Worker-Start and -End. */
export function unixSeconds(nowMs: number): string {
  return (nowMs / 1000).toFixed(6);
}
