import {
  type Message,
  type Outgoing,
  type Party,
  type ProposeAnswer,
  proposalOf,
  send,
  stakeOf,
  tell,
  VAULT,
} from './messages';
import { ALL_RULES, CHAIN_TERMS, epochAt, type ModelRules, type ModelTerms, refuseUnless, Violation } from './rules';

/** Times in seconds, amounts in nanoTON, shares in basis points. */
export interface DaoModelParams {
  /** epochs that new stake waits beyond the next one */
  warmup: number;
  votingDelay: number;
  votingPeriod: number;
  extension: number;
  grace: number;
  thresholdBps: number;
  thresholdFloor: bigint;
  quorumNormalBps: number;
  quorumCriticalBps: number;
  quorumFloor: bigint;
  approvalNormalBps: number;
  approvalCriticalBps: number;
  activationStake: bigint;
  activationMembers: number;
}

export interface Slot {
  proposal: Party;
  proposer: Party;
  endsBy: number;
}

/** The governor: how much is staked in all, what members may propose, which proposals are open. */
export class DaoModel {
  total = 0n;
  /** of `total`, at the start of `epoch` */
  total0 = 0n;
  epoch = 0;
  members = 0;
  nextId = 1;
  /** since when stake and members are enough to become active; 0: they are not */
  enoughSince = 0;
  readonly open = new Map<number, Slot>();

  constructor(
    public params: DaoModelParams,
    public active = true,
    readonly terms: ModelTerms = CHAIN_TERMS,
    readonly rules: ModelRules = ALL_RULES,
  ) {}

  /** @throws Refusal, with nothing changed */
  receive(now: number, from: Party, message: Message): Outgoing[] {
    switch (message.op) {
      case 'daoStakeAdd': {
        refuseUnless(from === stakeOf(message.owner), 'daoBadSender');
        this.roll(now);
        this.total += message.amount;
        if (message.joins) this.members += 1;
        this.watchActivation(now);
        const label = this.epoch + 1 + this.params.warmup;
        return [tell(from, { op: 'stakeActivated', amount: message.amount, label })];
      }
      case 'daoStakeSub':
        refuseUnless(from === stakeOf(message.owner), 'daoBadSender');
        this.roll(now);
        this.total -= message.amount;
        if (message.leaves) this.members -= 1;
        if (this.total < 0n || this.members < 0) throw new Violation('I2 more has left than was there');
        this.watchActivation(now);
        return [];
      case 'daoPropose': {
        refuseUnless(from === stakeOf(message.owner), 'daoBadSender');
        this.roll(now);
        this.prune(now);
        const code = this.judge(message);
        if (code !== 'accepted') return [tell(from, { op: 'proposeResult', code, id: 0, hardEnd: 0 })];
        return this.make(now, from, message);
      }
      case 'daoActivate':
        refuseUnless(!this.active && this.enoughSince > 0, 'daoActivation');
        refuseUnless(now >= this.enoughSince + this.terms.activationWait, 'daoActivation');
        this.active = true;
        return [];
      case 'daoSetParams':
        refuseUnless(from === VAULT, 'notVault');
        this.roll(now);
        this.params = message.params;
        this.watchActivation(now);
        return [];
      case 'proposalPassed': {
        refuseUnless(from === this.open.get(message.id)?.proposal, 'unknownProposal');
        const { id, actionsHash } = message;
        const operation = { id, class: message.class, actionsHash, proposal: from };
        return [send(VAULT, { op: 'vaultSchedule', ...operation })];
      }
      case 'proposalClosed':
        refuseUnless(from === this.open.get(message.id)?.proposal, 'unknownProposal');
        this.open.delete(message.id);
        return [];
      default:
        throw new Violation(`the Dao has no ${message.op}`);
    }
  }

  bounced(_now: number, from: Party, message: Message): Outgoing[] {
    if (message.op === 'vaultSchedule') {
      const slot = this.open.get(message.id);
      return slot === undefined ? [] : [tell(slot.proposal, { op: 'scheduleFailed', id: message.id })];
    }
    if (message.op === 'proposalInit') {
      for (const [id, { proposal }] of this.open) if (proposal === from) this.open.delete(id);
    }
    return [];
  }

  get threshold(): bigint {
    return atLeast(share(this.snapshot, this.params.thresholdBps), this.params.thresholdFloor);
  }

  private get snapshot(): bigint {
    return this.rules.snapshot ? this.total0 : this.total;
  }

  /** Notes the total with which an epoch starts, on the first message that comes in it. */
  private roll(now: number): void {
    const epoch = epochAt(now, this.terms);
    if (epoch <= this.epoch) return;
    this.total0 = this.total;
    this.epoch = epoch;
  }

  private prune(now: number): void {
    for (const [id, { endsBy }] of this.open) if (endsBy <= now) this.open.delete(id);
  }

  private watchActivation(now: number): void {
    if (this.active) return;
    const { activationStake, activationMembers } = this.params;
    const enough = this.total >= activationStake && this.members >= activationMembers;
    this.enoughSince = enough ? this.enoughSince || now : 0;
  }

  private judge({ weight, epoch, owner, draft }: Message & { op: 'daoPropose' }): ProposeAnswer {
    if (!this.active) return 'inactive';
    if (epoch !== this.epoch) return 'epoch';
    if (weight < this.threshold) return 'threshold';
    if (this.open.size >= this.terms.mostLive) return 'noPlace';
    return [...this.open.values()].some(({ proposer }) => proposer === owner) ? 'oneEach' : draft.answer;
  }

  private make(now: number, from: Party, { owner, draft }: Message & { op: 'daoPropose' }): Outgoing[] {
    const p = this.params;
    const id = this.nextId++;
    const startAt = now + p.votingDelay;
    const endAt = startAt + p.votingPeriod;
    const hardEnd = endAt + 2 * p.extension;
    const finalizeBy = hardEnd + p.grace;
    const critical = draft.class === 1;
    const quorum = share(this.snapshot, critical ? p.quorumCriticalBps : p.quorumNormalBps);
    const terms = {
      epoch: this.epoch,
      total: this.snapshot,
      startAt,
      endAt,
      hardEnd,
      extension: p.extension,
      quorum: atLeast(quorum, p.quorumFloor),
      approvalBps: critical ? p.approvalCriticalBps : p.approvalNormalBps,
      class: draft.class,
      finalizeBy,
      proposer: owner,
    };
    this.open.set(id, { proposal: proposalOf(id), proposer: owner, endsBy: finalizeBy });
    return [
      send(proposalOf(id), { op: 'proposalInit', terms, draft }),
      tell(from, { op: 'proposeResult', code: 'accepted', id, hardEnd }),
    ];
  }
}

/** Rounded up: rounding never makes anything easier. */
function share(amount: bigint, bps: number): bigint {
  return (amount * BigInt(bps) + 9_999n) / 10_000n;
}

function atLeast(amount: bigint, floor: bigint): bigint {
  return amount > floor ? amount : floor;
}
