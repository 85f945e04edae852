import { epochAt, HORIZON_EPOCHS } from './epoch';

/** What a Stake's books say about its votes. Amounts in nanoTON. */
export interface StakeWeights {
  /** active and not delegated */
  own: bigint;
  /** delegated to this member */
  inn: bigint;
  /** first epoch whose snapshot counts the amount -> amount; what no label covers is older */
  labels: ReadonlyMap<number, bigint>;
}

/**
 * What the Stake may vote with in a proposal with this snapshot.
 * @returns null where the Stake would not say: its clock has not reached the epoch, or it lies too far back
 */
export function weightAt({ own, inn, labels }: StakeWeights, epoch: number, now: number): bigint | null {
  const today = epochAt(now);
  if (epoch > today || epoch + HORIZON_EPOCHS < today) return null;
  let weight = own + inn;
  for (const [label, amount] of labels) if (label > epoch) weight -= amount;
  return weight;
}

/** What will count, and from which epoch on: amounts by label, earliest first. */
export function warmingUp({ labels }: StakeWeights, now: number): { epoch: number; amount: bigint }[] {
  const today = epochAt(now);
  const ahead = [...labels].filter(([label]) => label > today).sort(([a], [b]) => a - b);
  return ahead.map(([epoch, amount]) => ({ epoch, amount }));
}
