import { Violation } from './rules';

/**
 * How long units have been held: amount by the first epoch whose snapshot counts it. What is older than the horizon has no
 * entry: it is whatever the entries do not account for.
 */
export class Labels {
  private readonly young = new Map<number, bigint>();

  entries(): [label: number, amount: bigint][] {
    return [...this.young].sort(([a], [b]) => a - b);
  }

  sum(): bigint {
    let sum = 0n;
    for (const amount of this.young.values()) sum += amount;
    return sum;
  }

  /** Of `held` units, those that have been held since the start of `epoch`. */
  weightAt(epoch: number, held: bigint): bigint {
    let weight = held;
    for (const [label, amount] of this.young) if (label > epoch) weight -= amount;
    return weight;
  }

  /** New labels make old ones go, two at a time: those from before `oldest`. */
  add(label: number, amount: bigint, oldest = -1): void {
    const here = this.young.get(label);
    if (here === undefined) {
      for (const old of [...this.young.keys()].sort((a, b) => a - b).slice(0, 2)) {
        if (old < oldest) this.young.delete(old);
      }
    }
    this.young.set(label, (here ?? 0n) + amount);
  }

  /** Takes `amount` of `held` units away, the youngest first. @returns the youngest label among them, 0 where all are old */
  remove(amount: bigint, held: bigint): number {
    if (amount > held) throw new Violation('I3 more units leave than are held');
    let top = 0;
    let left = amount;
    while (left > 0n && this.young.size > 0) {
      const label = Math.max(...this.young.keys());
      const here = this.young.get(label)!;
      top = Math.max(top, label);
      if (here > left) {
        this.young.set(label, here - left);
        return top;
      }
      this.young.delete(label);
      left -= here;
    }
    return top;
  }
}
