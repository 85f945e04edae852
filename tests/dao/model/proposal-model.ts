import { ProposalStatus } from '../../../wrappers/dao-messages';
import {
  DAO,
  type Draft,
  type Message,
  NO_VOTES,
  type Outgoing,
  type Party,
  type Split,
  send,
  stakeOf,
  sumOf,
  type Terms,
  tell,
  VAULT,
  type VoteAnswer,
} from './messages';
import { refuseUnless, Violation } from './rules';

type Status = (typeof ProposalStatus)[keyof typeof ProposalStatus];

/** A proposal: what it is judged by, and the votes; not the voters. */
export class ProposalModel {
  status: Status = ProposalStatus.none;
  terms: Terms | null = null;
  draft: Draft | null = null;
  tally: Split = NO_VOTES;
  voters = 0;
  endAt = 0;
  eta = 0;
  expires = 0;
  /** who has the bond; null: the proposal */
  bondAt: 'proposer' | 'vault' | null = null;

  constructor(readonly id: number) {}

  /** @throws Refusal, with nothing changed */
  receive(now: number, from: Party, message: Message): Outgoing[] {
    switch (message.op) {
      case 'proposalInit':
        refuseUnless(from === DAO, 'daoBadSender');
        refuseUnless(this.status === ProposalStatus.none, 'proposalState');
        this.terms = message.terms;
        this.draft = message.draft;
        this.endAt = message.terms.endAt;
        this.status = ProposalStatus.live;
        return [];
      case 'castVote':
        return this.vote(now, from, message);
      case 'proposalCancel':
        refuseUnless(this.terms !== null, 'proposalState');
        refuseUnless(from === this.terms.proposer, 'notProposer');
        refuseUnless(this.status === ProposalStatus.live && now < this.terms.startAt, 'proposalState');
        this.bondAt = 'proposer';
        return this.close(ProposalStatus.cancelled);
      case 'proposalFinalize':
        return this.finalize(now);
      case 'scheduleFailed':
        refuseUnless(from === DAO, 'daoBadSender');
        return this.failed();
      case 'opScheduled':
        this.requireVault(from, ProposalStatus.scheduling);
        this.eta = message.eta;
        this.expires = message.expires;
        return this.close(ProposalStatus.queued);
      case 'opDone':
        this.requireVault(from, ProposalStatus.queued);
        this.status = ProposalStatus.executed;
        return [];
      case 'opVetoed':
        this.requireVault(from, ProposalStatus.queued);
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
    if (this.tally.yes <= this.tally.no) return false;
    return this.terms!.class === 0 ? approval > needed : approval >= needed;
  }

  private requireVault(from: Party, status: Status): void {
    refuseUnless(this.terms !== null, 'proposalState');
    refuseUnless(from === VAULT, 'notVault');
    refuseUnless(this.status === status, 'proposalState');
  }

  private vote(now: number, from: Party, vote: Message & { op: 'castVote' }): Outgoing[] {
    refuseUnless(from === stakeOf(vote.owner), 'daoBadSender');
    const code = this.judge(now, vote.epoch);
    if (code === 'counted') this.count(now, vote);
    const endsBy = this.terms?.hardEnd ?? 0;
    return [tell(from, { op: 'voteAck', nonce: vote.nonce, code, endsBy })];
  }

  private judge(now: number, epoch: number): VoteAnswer {
    if (this.terms === null) return 'notStarted';
    if (this.status === ProposalStatus.cancelled) return 'cancelled';
    if (now < this.terms.startAt) return 'notStarted';
    if (now >= this.endAt || this.status !== ProposalStatus.live) return 'ended';
    return epoch === this.terms.epoch ? 'counted' : 'wrongEpoch';
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
    if (sumOf(previous) === 0n) this.voters += 1;
    if (sumOf(split) === 0n) this.voters -= 1;
    const before = this.passing;
    this.tally = tally;
    if (before !== this.passing && now + extension > this.endAt) this.endAt = Math.min(now + extension, hardEnd);
  }

  private finalize(now: number): Outgoing[] {
    refuseUnless(this.terms !== null, 'proposalState');
    const { finalizeBy } = this.terms;
    if (this.status === ProposalStatus.live) {
      refuseUnless(now >= this.endAt, 'proposalState');
      this.bondAt = this.quorumReached ? 'proposer' : 'vault';
      const { defeated, executed, passed } = ProposalStatus;
      this.status = !this.passing ? defeated : this.draft!.actionsHash === null ? executed : passed;
    } else {
      refuseUnless(this.status === ProposalStatus.passed && now < finalizeBy, 'proposalState');
    }
    if (this.status !== ProposalStatus.passed || now >= finalizeBy) return this.close(this.status);
    this.status = ProposalStatus.scheduling;
    const actionsHash = this.draft!.actionsHash!;
    return [send(DAO, { op: 'proposalPassed', id: this.id, class: this.terms.class, actionsHash })];
  }

  private failed(): Outgoing[] {
    if (this.status === ProposalStatus.scheduling) this.status = ProposalStatus.passed;
    return [];
  }

  private close(status: Status): Outgoing[] {
    this.status = status;
    return [send(DAO, { op: 'proposalClosed', id: this.id, result: status })];
  }
}
