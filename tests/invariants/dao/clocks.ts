import type { Address } from '@ton/core';

/**
 * The clocks of the accounts: each may lag behind the network's, none goes back, and none is behind that of a message's sender when
 * the message arrives.
 */
export class Clocks {
  private readonly reached = new Map<string, number>();

  /**
   * @param start what all clocks show at least
   * @param lagOf seconds
   */
  constructor(
    private readonly start: number,
    private readonly lagOf: (account: Address) => number,
  ) {}

  /** What the account's clock shows when the network's shows `time`. */
  now(account: Address, time: number): number {
    return this.advance(account, time - this.lagOf(account));
  }

  /** The account's clock is at least this far. */
  advance(account: Address, to: number): number {
    const key = account.toRawString();
    const now = Math.max(this.reached.get(key) ?? this.start, to);
    this.reached.set(key, now);
    return now;
  }
}
