import type { ExitCodeName } from '../../../wrappers/generated/exit-codes';

/** Spans in seconds, epochs counted from 1970. */
export interface ModelTerms {
  /** a UTC day on chain; less in simulations */
  epochSeconds: number;
  /** labels older than this are no longer kept one by one */
  horizonEpochs: number;
  /** no label lies further ahead than this beyond the next epoch */
  longestWarmup: number;
  /** from an unstake to the earliest release */
  leastUnbonding: number;
  /** from the last use of a vote to the earliest release */
  unbondingAfterUse: number;
  mostReceipts: number;
  mostReleases: number;
  mostLive: number;
  /** between having enough stake and members, and becoming active */
  activationWait: number;
}

const DAY = 86_400;

export const CHAIN_TERMS: ModelTerms = {
  epochSeconds: DAY,
  horizonEpochs: 30,
  longestWarmup: 14,
  leastUnbonding: 3 * DAY,
  unbondingAfterUse: 21 * DAY,
  mostReceipts: 24,
  mostReleases: 8,
  mostLive: 16,
  activationWait: 7 * DAY,
};

/** The rules that make double voting impossible (L1 to L4). A simulation switches one off to see that it is needed. */
export interface ModelRules {
  /** L1: units that move get a new label */
  relabel: boolean;
  /** L1: which is the next epoch, not the running one */
  nextEpoch: boolean;
  /** L2: and never lower than the one they had */
  keepTop: boolean;
  /** L4: one delegation operation at a time */
  oneDelegation: boolean;
  /** L4: one vote on a proposal at a time, answered by its number */
  oneVote: boolean;
  /** L3: no votes for an epoch that this contract's clock has not reached */
  ownEpoch: boolean;
  /** weights and the total are those of the snapshot, not the present ones */
  snapshot: boolean;
}

export const ALL_RULES: ModelRules = {
  relabel: true,
  nextEpoch: true,
  keepTop: true,
  oneDelegation: true,
  oneVote: true,
  ownEpoch: true,
  snapshot: true,
};

/** A message that the contract throws on: nothing has changed, the sender gets a bounce. */
export class Refusal extends Error {
  constructor(readonly exitCode: ExitCodeName) {
    super(exitCode);
    this.name = 'Refusal';
  }
}

/** A state that no sequence of messages may lead to. */
export class Violation extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Violation';
  }
}

/** Made once for each code: simulations refuse millions of messages, and nobody reads where. */
const refusals = new Map<ExitCodeName, Refusal>();

export function refuseUnless(condition: boolean, exitCode: ExitCodeName): asserts condition {
  if (condition) return;
  let refusal = refusals.get(exitCode);
  if (refusal === undefined) {
    refusal = new Refusal(exitCode);
    refusals.set(exitCode, refusal);
  }
  throw refusal;
}

export function epochAt(now: number, terms: ModelTerms): number {
  return Math.floor(now / terms.epochSeconds);
}
