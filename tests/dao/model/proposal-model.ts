import { DAO, type Draft, type Message, NO_VOTES, type Outgoing, type Party, type Split, send, stakeOf, sumOf, tell, type Terms, VAULT, type VoteCode } from './messages';
import { refuseUnless, Violation } from './rules';

/** As stored: uint8. */
export const ProposalStatus = {
  uninit: 0,
  live: 1,
  defeated: 2,
  cancelled: 3,
  scheduling: 4,
  passed: 5,
  queued: 6,
  executed: 7,
  vetoed: 8,
} as const;
export type ProposalStatus = (typeof ProposalStatus)[keyof typeof ProposalStatus];

/** A proposal: what it is judged by, and the votes; not the voters. */
export class ProposalModel {
  status: ProposalStatus = ProposalStatus.uninit;
  terms: Terms | null = null;
  draft: Draft | null = null;
  tally: Split = NO_VOTES;
  endAt = 0;
  opEta = 0;
  opExpires = 0;
  /** who has the bond; null: the proposal */
  bondAt: 'proposer' | 'vault' | null = null;

  constructor(readonly id: number) {}

  /** @throws Refusal, with nothing changed */
  receive(now: number, from: Party, message: Message): Outgoing[] {
    switch (message.op) {
      case 'proposalInit':
        refuseUnless(from === DAO, 'daoBadSender');
        refuseUnless(this.status === ProposalStatus.uninit, 'proposalState');
        this.terms = message.terms;
        this.draft = message.draft;
        this.endAt = message.terms.endAt;
        this.status = ProposalStatus.live;
        return [];
      case 'castVote':
        return this.vote(now, from, message);
      case 'proposalCancel':
        refuseUnless(from === this.terms?.proposer, 'notProposer');
        refuseUnless(this.status === ProposalStatus.live && now < this.terms.startAt, 'proposalState');
        this.bondAt = 'proposer';
        return this.close(ProposalStatus.cancelled);
      case 'proposalFinalize':
        return this.finalize(now);
      case 'scheduleFailed':
        refuseUnless(from === DAO, 'daoBadSender');
        return this.failed();
      case 'opScheduled':
        refuseUnless(from === VAULT, 'notVault');
        this.opEta = message.eta;
        this.opExpires = message.expires;
        return this.close(ProposalStatus.queued);
      case 'opDone':
        refuseUnless(from === VAULT, 'notVault');
        this.status = ProposalStatus.executed;
        return [];
      case 'opVetoed':
        refuseUnless(from === VAULT, 'notVault');
        this.status = ProposalStatus.vetoed;
        return [];
      default:
        throw new Violation(`a Proposal has no ${message.op}`);
    }
  }

  bounced(_now: number, _from: Party, message: Message): Outgoing[] {
    return message.op === 'proposalPassed' ? this.failed() : [];
  }

  get quorumReached(): boolean {
    return this.terms !== null && this.tally.yes + this.tally.abstain >= this.terms.quorum;
  }

  get passing(): boolean {
    if (!this.quorumReached) return false;
    const approval = this.tally.yes * 10_000n;
    const needed = BigInt(this.terms!.approvalBps) * (this.tally.yes + this.tally.no);
    return this.terms!.class === 0 ? approval > needed : this.tally.yes > 0n && approval >= needed;
  }

  private vote(now: number, from: Party, vote: Message & { op: 'castVote' }): Outgoing[] {
    refuseUnless(from === stakeOf(vote.owner), 'daoBadSender');
    const code = this.judge(now, vote.epoch);
    if (code === 'counted') this.count(now, vote);
    const until = this.terms?.hardEnd ?? 0;
    return [tell(from, { op: 'voteAck', nonce: vote.nonce, code, until })];
  }

  private judge(now: number, epoch: number): VoteCode {
    if (this.terms === null) return 'notStarted';
    if (this.status === ProposalStatus.cancelled) return 'cancelled';
    if (epoch !== this.terms.epoch) return 'wrongEpoch';
    if (now < this.terms.startAt) return 'notStarted';
    return this.status === ProposalStatus.live && now < this.endAt ? 'counted' : 'ended';
  }

  private count(now: number, { previous, split }: { previous: Split; split: Split }): void {
    const tally = {
      yes: this.tally.yes + split.yes - previous.yes,
      no: this.tally.no + split.no - previous.no,
      abstain: this.tally.abstain + split.abstain - previous.abstain,
    };
    if (tally.yes < 0n || tally.no < 0n || tally.abstain < 0n) throw new Violation('I4 a tally is negative');
    const { total, extension, hardEnd } = this.terms!;
    if (sumOf(tally) > total) throw new Violation(`I1 ${sumOf(tally)} votes of ${total}`);
    const before = this.passing;
    this.tally = tally;
    if (before !== this.passing && now + extension > this.endAt) this.endAt = Math.min(now + extension, hardEnd);
  }

  private finalize(now: number): Outgoing[] {
    const again = this.status === ProposalStatus.passed;
    refuseUnless(again || (this.status === ProposalStatus.live && now >= this.endAt), 'proposalState');
    const passed = again || this.passing;
    const actionsHash = this.draft!.actionsHash;
    refuseUnless(!again || now < this.terms!.finalizeBy, 'proposalState');
    this.bondAt ??= this.quorumReached ? 'proposer' : 'vault';
    if (!passed) return this.close(ProposalStatus.defeated);
    if (actionsHash === null) return this.close(ProposalStatus.executed);
    this.status = ProposalStatus.scheduling;
    return [send(DAO, { op: 'proposalPassed', id: this.id, class: this.terms!.class, actionsHash })];
  }

  private failed(): Outgoing[] {
    if (this.status === ProposalStatus.scheduling) this.status = ProposalStatus.passed;
    return [];
  }

  private close(status: ProposalStatus): Outgoing[] {
    this.status = status;
    return [tell(DAO, { op: 'proposalClosed', id: this.id, result: status })];
  }
}
