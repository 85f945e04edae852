/** When earnings are worth a transaction. Amounts in nanoTON. */
export interface PayoutPolicy {
  /** At once. */
  thresholdNano: bigint;
  /** When no request came for idleAfterMs. */
  idleThresholdNano: bigint;
  idleAfterMs: number;
}

/** A contract of older terms that its proxy has left: it will be closed, what is owed is taken while it can be. */
export const OUTDATED_THRESHOLD_NANO = 10_000_000n;

export interface PayoutSituation {
  amountNano: bigint;
  /** Since the last request, or since the start when there was none. */
  idleMs: number;
  /** The contract has had older terms than the root, and no proxy at work, for longer than half the time clients have to leave. */
  outdated: boolean;
}

export type PayoutReason = 'threshold' | 'idle' | 'outdated';

/** @returns why to pay out now; undefined to wait */
export function payoutReason(
  policy: PayoutPolicy,
  { amountNano, idleMs, outdated }: PayoutSituation,
): PayoutReason | undefined {
  if (amountNano <= 0n) return undefined;
  if (amountNano >= policy.thresholdNano) return 'threshold';
  if (idleMs >= policy.idleAfterMs && amountNano >= policy.idleThresholdNano) return 'idle';
  if (outdated && amountNano >= OUTDATED_THRESHOLD_NANO) return 'outdated';
  return undefined;
}
