import { Labels } from './labels';
import {
  DAO,
  type Message,
  NO_VOTES,
  type Outgoing,
  type Party,
  type Split,
  send,
  stakeOf,
  sumOf,
  tell,
} from './messages';
import { ALL_RULES, CHAIN_TERMS, epochAt, type ModelRules, type ModelTerms, refuseUnless, Violation } from './rules';

export interface Receipt {
  nonce: number;
  /** what the Proposal has counted */
  acked: Split;
  /** what is on its way; null: nothing */
  pending: Split | null;
  /** from then on the Proposal counts nothing */
  endsBy: number;
}

/**
 * A member's Stake: their coins, their votes, what they delegate and what others have delegated to them.
 *
 *     deposit -> pend -> own <-> out (delegated, held by the delegate's Stake as inn)
 *                  \       \      \-> exit (leaves, the delegate has not confirmed)
 *            refundable     \-> unbonding -> member
 */
export class StakeModel {
  own = 0n;
  pend = 0n;
  inn = 0n;
  out = 0n;
  /** has left `out`; unbonds already, still counted by the Dao and the delegate */
  exit = 0n;
  /** deposits that the Dao did not take */
  refundable = 0n;
  /** has left, and the Dao did not hear of it */
  unsynced = 0n;
  delegate: Party | null = null;
  /** the delegation operation that waits for its answer */
  busy: 'idle' | 'delegating' | 'undelegating' = 'idle';
  /** the Dao counts this member, or has been told to */
  joined = false;
  lastUse = 0;
  readonly labels = new Labels();
  readonly votes = new Map<Party, Receipt>();
  /** by the time from which they may be withdrawn, in rising order */
  readonly releases = new Map<number, bigint>();
  /** Whether the message that is received next brings enough coins for what follows from it; if not, stake_sync goes on. */
  able = true;

  constructor(
    readonly owner: Party,
    /** grows with each vote; a Stake that is born again must not start where it did before */
    public nonce = 0,
    readonly terms: ModelTerms = CHAIN_TERMS,
    readonly rules: ModelRules = ALL_RULES,
  ) {}

  /** What the member has at this Stake in all. */
  get principal(): bigint {
    let leaving = 0n;
    for (const amount of this.releases.values()) leaving += amount;
    return this.own + this.pend + this.out + this.refundable + leaving;
  }

  /** What the Dao's total must at least hold for this member. */
  get active(): bigint {
    return this.own + this.out;
  }

  weightAt(epoch: number): bigint {
    return this.labels.weightAt(epoch, this.own + this.inn);
  }

  /** @throws Refusal, with nothing changed */
  receive(now: number, from: Party, message: Message): Outgoing[] {
    switch (message.op) {
      case 'stakeDeposit':
        return this.fromOwner(from, () => this.deposit(message.amount));
      case 'stakeUnstake':
        return this.fromOwner(from, () => this.unstake(now, message.amount));
      case 'stakeWithdraw':
        return this.fromOwner(from, () => this.withdraw(now));
      case 'stakeSync':
        return this.fromOwner(from, () => this.sync());
      case 'stakeDelegate':
        return this.fromOwner(from, () => this.delegateTo(now, message.to));
      case 'stakeUndelegate':
        return this.fromOwner(from, () => this.undelegate(now));
      case 'stakeVote':
        return this.fromOwner(from, () => this.vote(now, message.proposal, message.epoch, message.split));
      case 'stakePropose': {
        return this.fromOwner(from, () => {
          this.lastUse = now;
          const epoch = epochAt(now, this.terms);
          const weight = this.weightAt(epoch);
          return [send(DAO, { op: 'daoPropose', weight, epoch, owner: this.owner, draft: message.draft })];
        });
      }
      case 'stakeActivated':
        refuseUnless(from === DAO, 'daoBadSender');
        refuseUnless(message.amount <= this.pend, 'stakeTooMuch');
        this.pend -= message.amount;
        this.own += message.amount;
        // Also with the rules off: an activation is no move.
        this.labels.add(this.labelFor(now, message.label), message.amount, this.oldest(now));
        return [];
      case 'proposeResult':
        refuseUnless(from === DAO, 'daoBadSender');
        return [];
      case 'delegateIn':
        refuseUnless(from === stakeOf(message.from), 'daoBadSender');
        this.inn += message.amount;
        this.relabel(now, message.amount, message.top);
        return [tell(from, { op: 'delegateOk' })];
      case 'undelegate': {
        refuseUnless(from === stakeOf(message.from), 'daoBadSender');
        if (this.inn < message.amount) throw new Violation('I3 undelegated more than was received');
        const top = this.labels.remove(message.amount, this.own + this.inn);
        this.inn -= message.amount;
        return [tell(from, { op: 'undelegateOk', amount: message.amount, top })];
      }
      case 'delegateOk':
        refuseUnless(this.fromDelegate(from), 'daoBadSender');
        refuseUnless(this.busy === 'delegating' || !this.rules.oneDelegation, 'stakeBusy');
        this.busy = 'idle';
        return this.goOn();
      case 'undelegateOk':
        refuseUnless(this.fromDelegate(from), 'daoBadSender');
        refuseUnless(this.busy === 'undelegating' || !this.rules.oneDelegation, 'stakeBusy');
        return this.returned(now, message.amount, message.top);
      case 'voteAck':
        return this.acknowledged(now, from, message.nonce, message.code === 'counted', message.endsBy);
      default:
        throw new Violation(`a Stake has no ${message.op}`);
    }
  }

  /** What a message sent with `bounce` brings back. */
  bounced(now: number, from: Party, message: Message): Outgoing[] {
    switch (message.op) {
      case 'daoStakeAdd':
        this.pend -= message.amount;
        this.refundable += message.amount;
        if (message.joins) this.joined = false;
        return [];
      case 'daoStakeSub':
        this.unsynced += message.amount;
        if (message.leaves) this.joined = true;
        return [];
      case 'delegateIn':
        return this.returned(now, message.amount, message.top);
      case 'undelegate':
        this.busy = 'idle';
        return [];
      case 'castVote':
        return this.acknowledged(now, from, message.nonce, false, null);
      default:
        return [];
    }
  }

  private fromOwner(from: Party, act: () => Outgoing[]): Outgoing[] {
    refuseUnless(from === this.owner, 'stakeNotOwner');
    return act();
  }

  private fromDelegate(from: Party): boolean {
    return this.delegate !== null && from === stakeOf(this.delegate);
  }

  private deposit(amount: bigint): Outgoing[] {
    refuseUnless(amount > 0n, 'stakeNothing');
    return [this.add(amount)];
  }

  private add(amount: bigint): Outgoing {
    const joins = !this.joined;
    this.joined = true;
    this.pend += amount;
    return send(DAO, { op: 'daoStakeAdd', amount, joins, owner: this.owner });
  }

  /** Tells the Dao of stake that has gone. */
  private sub(): Outgoing {
    const leaves = this.joined && this.own + this.out + this.pend + this.exit === 0n;
    if (leaves) this.joined = false;
    const amount = this.unsynced;
    this.unsynced = 0n;
    return send(DAO, { op: 'daoStakeSub', amount, leaves, owner: this.owner });
  }

  /** Asks the delegate for what has left already. */
  private recall(): Outgoing {
    this.busy = 'undelegating';
    return send(stakeOf(this.delegate!), { op: 'undelegate', amount: this.exit, from: this.owner });
  }

  /** One thing that waits, if there is one. */
  private goOn(): Outgoing[] {
    if (!this.able) return [];
    if (this.exit > 0n && this.busy === 'idle') return [this.recall()];
    return this.unsynced > 0n ? [this.sub()] : [];
  }

  /** Takes own stake first, then delegated stake, which leaves without anybody's consent. */
  private unstake(now: number, amount: bigint): Outgoing[] {
    refuseUnless(amount > 0n, 'stakeNothing');
    refuseUnless(amount <= this.own + this.out, 'stakeTooMuch');
    const ofOwn = amount < this.own ? amount : this.own;
    const delegated = amount - ofOwn;
    this.labels.remove(ofOwn, this.own + this.inn);
    this.own -= ofOwn;
    this.out -= delegated;
    this.exit += delegated;
    this.unsynced += ofOwn;
    this.release(now, amount);
    const told = this.unsynced > 0n ? [this.sub()] : [];
    return delegated > 0n && this.busy === 'idle' ? [...told, this.recall()] : told;
  }

  private release(now: number, amount: bigint): void {
    const { leastUnbonding, unbondingAfterUse, mostReleases } = this.terms;
    const time = Math.max(now + leastUnbonding, this.lastUse + unbondingAfterUse);
    const last = [...this.releases.keys()].at(-1);
    let joined = amount;
    if (last !== undefined && (last === time || this.releases.size >= mostReleases)) {
      joined += this.releases.get(last)!;
      this.releases.delete(last);
    }
    this.releases.set(time, joined);
  }

  private withdraw(now: number): Outgoing[] {
    let amount = this.refundable;
    const due = [...this.releases].filter(([time]) => time <= now);
    for (const [, coins] of due) amount += coins;
    refuseUnless(amount > 0n, 'stakeNothing');
    for (const [time] of due) this.releases.delete(time);
    this.refundable = 0n;
    return [tell(this.owner, { op: 'payout', amount })];
  }

  /** Sends again what was not heard, one thing at a time. */
  private sync(): Outgoing[] {
    if (this.exit + this.unsynced > 0n) {
      refuseUnless(this.busy === 'idle' || this.unsynced > 0n, 'stakeBusy');
      return this.goOn();
    }
    refuseUnless(this.refundable > 0n, 'stakeNothing');
    const amount = this.refundable;
    this.refundable = 0n;
    return [this.add(amount)];
  }

  /** All own stake, to one delegate at a time. */
  private delegateTo(now: number, to: Party): Outgoing[] {
    this.requireIdle();
    refuseUnless(to !== this.owner && (this.out === 0n || to === this.delegate), 'badDelegate');
    refuseUnless(this.own > 0n, 'stakeNothing');
    const amount = this.own;
    const top = this.labels.remove(amount, this.own + this.inn);
    this.own = 0n;
    this.out += amount;
    this.delegate = to;
    this.busy = 'delegating';
    this.lastUse = now;
    return [send(stakeOf(to), { op: 'delegateIn', amount, top, from: this.owner })];
  }

  private undelegate(now: number): Outgoing[] {
    this.requireIdle();
    refuseUnless(this.out > 0n, 'stakeNothing');
    this.busy = 'undelegating';
    this.lastUse = now;
    return [send(stakeOf(this.delegate!), { op: 'undelegate', amount: this.out, from: this.owner })];
  }

  private requireIdle(): void {
    refuseUnless(this.exit === 0n && (this.busy === 'idle' || !this.rules.oneDelegation), 'stakeBusy');
  }

  /** Delegated units are back, or never arrived: those that leave go first. */
  private returned(now: number, amount: bigint, top: number): Outgoing[] {
    this.busy = 'idle';
    const leaving = amount < this.exit ? amount : this.exit;
    const back = amount - leaving;
    this.exit -= leaving;
    this.unsynced += leaving;
    this.out -= back;
    if (this.out < 0n) throw new Violation('I3 more came back than was delegated');
    this.own += back;
    if (back > 0n) this.relabel(now, back, top);
    return this.goOn();
  }

  /** Later than the present epoch, and never earlier than a label the units had. */
  private labelFor(now: number, top: number): number {
    const next = epochAt(now, this.terms) + 1;
    return Math.max(next, Math.min(top, next + this.terms.longestWarmup));
  }

  private relabel(now: number, amount: bigint, top: number): void {
    const { relabel, nextEpoch, keepTop } = this.rules;
    let label = this.labelFor(now, keepTop ? top : 0);
    if (!nextEpoch) label = Math.max(epochAt(now, this.terms), top);
    this.labels.add(relabel || top === 0 ? label : top, amount, this.oldest(now));
  }

  /** Labels from before it no longer matter. */
  private oldest(now: number): number {
    return epochAt(now, this.terms) - this.terms.horizonEpochs;
  }

  private vote(now: number, proposal: Party, epoch: number, split: Split): Outgoing[] {
    const last = this.votes.get(proposal);
    const free = last === undefined ? this.freeReceipts(now) : 0;
    if (last === undefined) {
      refuseUnless(sumOf(split) > 0n, 'stakeNothing');
      refuseUnless(free > 0, 'votesFull');
    } else {
      refuseUnless(last.pending === null || now >= last.endsBy || !this.rules.oneVote, 'votePending');
    }
    const today = epochAt(now, this.terms);
    refuseUnless(epoch <= today || !this.rules.ownEpoch, 'stakeBadEpoch');
    refuseUnless(epoch + this.terms.horizonEpochs >= today, 'stakeBadEpoch');
    const weight = this.rules.snapshot ? this.weightAt(epoch) : this.own + this.inn;
    refuseUnless(sumOf(split) <= weight, 'stakeTooMuch');
    if (last === undefined) this.makeRoom(now);
    this.nonce = Math.max(this.nonce + 1, Math.floor(now));
    this.lastUse = now;
    const acked = last?.acked ?? NO_VOTES;
    this.votes.set(proposal, { nonce: this.nonce, acked, pending: split, endsBy: this.horizon(now) });
    const cast = { nonce: this.nonce, epoch, owner: this.owner, previous: acked, split };
    return [send(proposal, { op: 'castVote', ...cast })];
  }

  /** @param endsBy null: the vote came back */
  private acknowledged(now: number, from: Party, nonce: number, counted: boolean, endsBy: number | null): Outgoing[] {
    const receipt = this.votes.get(from);
    const expected = receipt?.pending != null && (receipt.nonce === nonce || !this.rules.oneVote);
    if (endsBy !== null) refuseUnless(expected, 'daoBadSender');
    if (receipt === undefined || !expected) return [];
    if (counted) receipt.acked = receipt.pending!;
    receipt.pending = null;
    // A proposal that is none must not take a place for ever.
    if (endsBy !== null) receipt.endsBy = Math.min(endsBy, this.horizon(now));
    if (sumOf(receipt.acked) === 0n) this.votes.delete(from);
    return [];
  }

  private horizon(now: number): number {
    return now + this.terms.horizonEpochs * this.terms.epochSeconds;
  }

  private freeReceipts(now: number): number {
    const full = this.votes.size >= this.terms.mostReceipts;
    const over = full ? [...this.votes.values()].filter(({ endsBy }) => endsBy <= now).length : 0;
    return this.terms.mostReceipts - this.votes.size + over;
  }

  /** Only where there is none, receipts whose time is over are dropped. */
  private makeRoom(now: number): void {
    if (this.votes.size < this.terms.mostReceipts) return;
    for (const [proposal, { endsBy }] of this.votes) if (endsBy <= now) this.votes.delete(proposal);
  }
}
