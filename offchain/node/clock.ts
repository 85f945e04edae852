import { type Clock as AnyClock, systemClock as monotonic } from '../transport/clock';

/** Time as a node sees it; tests put in one they move by hand. */
export interface Clock extends AnyClock {
  /** Unix milliseconds. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now(), after: monotonic.after };

/** Unix seconds with microseconds, as the network's X-Cocoon-…-Start and -End headers carry them. */
export function unixSeconds(nowMs: number): string {
  return (nowMs / 1000).toFixed(6);
}
