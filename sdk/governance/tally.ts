import type { DaoParams, ProposalInfo, VoteSplit } from '../../wrappers';

/** The arithmetic of results, as the contracts do it. Amounts in nanoTON, shares in basis points. */

export type ActionClass = 'normal' | 'critical';

/** By what a result is judged: fixed when a proposal is made. */
export type ResultTerms = Pick<ProposalInfo, 'quorum' | 'approvalBps' | 'critical'>;

const WHOLE = 10_000n;

/** A share of the stake, rounded up, and no less than the floor. */
export function shareOf(total: bigint, bps: number, floor: bigint): bigint {
  const share = (total * BigInt(bps) + WHOLE - 1n) / WHOLE;
  return share > floor ? share : floor;
}

/** Weight that a member needs to make a proposal. @param total all stake at the start of the epoch */
export function thresholdOf(params: DaoParams, total: bigint): bigint {
  return shareOf(total, params.thresholdBps, params.thresholdFloor);
}

/** What a proposal made now would be judged by. @param total all stake at the start of the epoch */
export function termsOf(params: DaoParams, cls: ActionClass, total: bigint): ResultTerms {
  const critical = cls === 'critical';
  return {
    quorum: shareOf(total, critical ? params.quorumCriticalBps : params.quorumNormalBps, params.quorumFloor),
    approvalBps: critical ? params.approvalCriticalBps : params.approvalNormalBps,
    critical,
  };
}

/** Opponents cannot help a proposal to its quorum. */
export function hasQuorum({ quorum }: ResultTerms, { yes, abstain }: VoteSplit): boolean {
  return yes + abstain >= quorum;
}

/** Normal: more than the share of yes and no; critical: no less than it. A tie never passes. */
export function passes(terms: ResultTerms, votes: VoteSplit): boolean {
  const { yes, no } = votes;
  if (!hasQuorum(terms, votes) || yes <= no) return false;
  const needed = BigInt(terms.approvalBps) * (yes + no);
  return terms.critical ? yes * WHOLE >= needed : yes * WHOLE > needed;
}

/** The end of voting after a change of the votes: one that turns the result near the end moves it. */
export function endAfter(
  proposal: ResultTerms & Pick<ProposalInfo, 'endAt' | 'hardEnd' | 'extension'>,
  before: VoteSplit,
  after: VoteSplit,
  now: number,
): number {
  const end = now + proposal.extension;
  if (end <= proposal.endAt || passes(proposal, before) === passes(proposal, after)) return proposal.endAt;
  return Math.min(end, proposal.hardEnd);
}
