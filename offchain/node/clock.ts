import { type Clock as AnyClock, systemClock as monotonic } from '../transport/clock';

/** Time as a node sees it; tests put in one they move by hand. */
export interface Clock extends AnyClock {
  /** Unix milliseconds. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now(), after: monotonic.after };
