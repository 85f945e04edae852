/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  constructor(private seed: number) {}

  /** 0 <= x < 1 */
  next(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** from <= x < to */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  /** A whole number, 0 <= x < below. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** 1 <= x <= most; small numbers only. */
  upTo(most: bigint): bigint {
    return 1n + BigInt(this.below(Number(most)));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: readonly (readonly [K, number])[]): K {
    let at = this.next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of weights) {
      at -= weight;
      if (at < 0) return key;
    }
    return weights[weights.length - 1]![0];
  }
}
