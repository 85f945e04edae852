import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms`, rejects when `signal` is aborted; tests give one that does not wait. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleepFor: Sleep = async (ms, signal) => {
  await delay(ms, undefined, { signal });
};

/** For loops that look at the signal themselves: a sleep cut short by it is no failure. */
export function throwUnlessAborted(signal: AbortSignal | undefined): (error: unknown) => void {
  return (error) => {
    if (signal?.aborted !== true) {
      throw error;
    }
  };
}
