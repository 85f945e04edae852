import { setTimeout as delay } from 'node:timers/promises';

/** Time as an engine sees it; tests put in one they move by hand. */
export interface EngineClock {
  /** Unix milliseconds. */
  nowMs(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: EngineClock = {
  nowMs: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
