/**
 * Units of stake in one member's hands, each with a label: the first epoch whose snapshot counts it. All labels for ever, from the
 * rules alone (spec, 3.3 and 3.4), so that what the contracts keep can be held against it.
 */
export class Lots {
  private readonly byLabel = new Map<number, bigint>();

  /** Units that enter, with the latest label that they had: they count from tomorrow on, and never sooner than before. */
  enter(amount: bigint, top: number, today: number): void {
    const label = Math.max(today + 1, top);
    this.byLabel.set(label, (this.byLabel.get(label) ?? 0n) + amount);
  }

  /** Units that leave, the youngest first. @returns the latest label among them */
  leave(amount: bigint): number {
    let [left, top] = [amount, 0];
    for (const label of [...this.byLabel.keys()].sort((a, b) => b - a)) {
      if (left === 0n) break;
      const here = this.byLabel.get(label)!;
      const taken = here < left ? here : left;
      left -= taken;
      top = Math.max(top, label);
      if (taken === here) this.byLabel.delete(label);
      else this.byLabel.set(label, here - taken);
    }
    if (left > 0n) throw new Error(`${left} units leave that were never there`);
    return top;
  }

  weightAt(epoch: number): bigint {
    let weight = 0n;
    for (const [label, amount] of this.byLabel) if (label <= epoch) weight += amount;
    return weight;
  }

  fork(): Lots {
    const twin = new Lots();
    for (const [label, amount] of this.byLabel) twin.byLabel.set(label, amount);
    return twin;
  }

  sum(): bigint {
    return this.weightAt(Number.POSITIVE_INFINITY);
  }
}
