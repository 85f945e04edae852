import { Labels } from './labels';
import { DAO, type Message, NO_VOTES, type Outgoing, type Party, type Split, send, stakeOf, sumOf, tell } from './messages';
import { ALL_RULES, CHAIN_TERMS, epochAt, type ModelRules, type ModelTerms, refuseUnless, Violation } from './rules';

export interface Receipt {
  nonce: number;
  epoch: number;
  /** what the Proposal has counted */
  acked: Split;
  /** what is on its way; null: nothing */
  pending: Split | null;
  /** from then on the Proposal counts nothing */
  until: number;
}

export interface Unbonding {
  amount: bigint;
  releaseAt: number;
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
  /** a delegation operation waits for its answer */
  busy = false;
  /** the Dao counts this member, or has been told to */
  counted = false;
  lastUse = 0;
  readonly labels = new Labels();
  readonly votes = new Map<Party, Receipt>();
  unbonding: Unbonding[] = [];

  constructor(
    readonly owner: Party,
    /** grows with each vote; a Stake that is born again must not start where it did before */
    public nonce = 0,
    readonly terms: ModelTerms = CHAIN_TERMS,
    readonly rules: ModelRules = ALL_RULES,
  ) {}

  /** What the member has at this Stake in all. */
  get principal(): bigint {
    const unbonding = this.unbonding.reduce((sum, { amount }) => sum + amount, 0n);
    return this.own + this.pend + this.out + this.refundable + unbonding;
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
        this.pend -= message.amount;
        this.own += message.amount;
        this.labels.add(message.label, message.amount);
        return [];
      case 'proposeResult':
        refuseUnless(from === DAO, 'daoBadSender');
        return [];
      case 'delegateIn':
        refuseUnless(from === stakeOf(message.from) && message.from !== this.owner, 'daoBadSender');
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
        this.busy = false;
        return this.leave();
      case 'undelegateOk':
        refuseUnless(this.fromDelegate(from), 'daoBadSender');
        return this.returned(now, message.amount, message.top);
      case 'voteAck':
        return this.acknowledged(now, from, message.nonce, message.code === 'counted', message.until);
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
        if (message.joins) this.counted = false;
        return [];
      case 'daoStakeSub':
        this.unsynced += message.amount;
        if (message.leaves) this.counted = true;
        return [];
      case 'delegateIn':
        return this.returned(now, message.amount, message.top);
      case 'undelegate':
        this.busy = false;
        return [];
      case 'castVote':
        return this.acknowledged(now, from, message.nonce, false, 0);
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
    const joins = !this.counted;
    this.counted = true;
    this.pend += amount;
    return send(DAO, { op: 'daoStakeAdd', amount, joins, owner: this.owner });
  }

  /** Tells the Dao that stake has gone, with what it has not heard of so far. */
  private sub(amount: bigint): Outgoing[] {
    const told = amount + this.unsynced;
    if (told === 0n) return [];
    this.unsynced = 0n;
    const leaves = this.counted && this.own + this.out + this.pend + this.exit === 0n;
    if (leaves) this.counted = false;
    return [send(DAO, { op: 'daoStakeSub', amount: told, leaves, owner: this.owner })];
  }

  /** Takes own stake first, then delegated stake, which leaves without anybody's consent. */
  private unstake(now: number, amount: bigint): Outgoing[] {
    refuseUnless(amount > 0n, 'stakeNothing');
    refuseUnless(amount <= this.own + this.out, 'stakeTooMuch');
    const ofOwn = amount < this.own ? amount : this.own;
    this.labels.remove(ofOwn, this.own + this.inn);
    this.own -= ofOwn;
    this.out -= amount - ofOwn;
    this.exit += amount - ofOwn;
    this.unbond(now, amount);
    const leaving = this.leave();
    return ofOwn > 0n ? [...this.sub(ofOwn), ...leaving] : leaving;
  }

  private unbond(now: number, amount: bigint): void {
    const { leastUnbonding, unbondingAfterUse, mostUnbondings } = this.terms;
    const releaseAt = Math.max(now + leastUnbonding, this.lastUse + unbondingAfterUse);
    const newest = this.unbonding.at(-1);
    if (newest !== undefined && this.unbonding.length === mostUnbondings) {
      newest.amount += amount;
      newest.releaseAt = Math.max(newest.releaseAt, releaseAt);
    } else {
      this.unbonding.push({ amount, releaseAt });
    }
  }

  private withdraw(now: number): Outgoing[] {
    const released = this.unbonding.filter(({ releaseAt }) => releaseAt <= now);
    const amount = released.reduce((sum, entry) => sum + entry.amount, this.refundable);
    refuseUnless(amount > 0n, 'stakeNothing');
    this.unbonding = this.unbonding.filter(({ releaseAt }) => releaseAt > now);
    this.refundable = 0n;
    return [tell(this.owner, { op: 'payout', amount })];
  }

  /** Says again what was not heard. */
  private sync(): Outgoing[] {
    const again: Outgoing[] = [];
    if (this.refundable > 0n) {
      const amount = this.refundable;
      this.refundable = 0n;
      again.push(this.add(amount));
    }
    again.push(...this.sub(0n), ...this.leave());
    refuseUnless(again.length > 0, 'stakeNothing');
    return again;
  }

  /** All own stake, to one delegate at a time. */
  private delegateTo(now: number, to: Party): Outgoing[] {
    refuseUnless(to !== this.owner && (this.out === 0n || to === this.delegate), 'badDelegate');
    this.requireIdle();
    refuseUnless(this.own > 0n, 'stakeNothing');
    const amount = this.own;
    const top = this.labels.remove(amount, this.own + this.inn);
    this.own = 0n;
    this.out += amount;
    this.delegate = to;
    this.busy = true;
    this.lastUse = now;
    return [send(stakeOf(to), { op: 'delegateIn', amount, top, from: this.owner })];
  }

  private undelegate(now: number): Outgoing[] {
    this.requireIdle();
    refuseUnless(this.out > 0n, 'stakeNothing');
    this.busy = true;
    this.lastUse = now;
    return [send(stakeOf(this.delegate!), { op: 'undelegate', amount: this.out, from: this.owner })];
  }

  private requireIdle(): void {
    refuseUnless(this.exit === 0n && !(this.rules.oneDelegation && this.busy), 'stakeBusy');
  }

  /** Asks the delegate for what has left already. */
  private leave(): Outgoing[] {
    if (this.exit === 0n || this.busy) return [];
    this.busy = true;
    return [send(stakeOf(this.delegate!), { op: 'undelegate', amount: this.exit, from: this.owner })];
  }

  /** Delegated units are back, or never arrived: those that leave go first. */
  private returned(now: number, amount: bigint, top: number): Outgoing[] {
    this.busy = false;
    const leaving = amount < this.exit ? amount : this.exit;
    const rest = amount - leaving;
    this.exit -= leaving;
    this.out -= rest;
    if (this.out < 0n) throw new Violation('I3 more came back than was delegated');
    this.own += rest;
    if (rest > 0n) this.relabel(now, rest, top);
    const told = leaving > 0n ? this.sub(leaving) : [];
    return [...told, ...this.leave()];
  }

  private relabel(now: number, amount: bigint, top: number): void {
    const epoch = epochAt(now, this.terms) + (this.rules.nextEpoch ? 1 : 0);
    const label = this.rules.keepTop ? Math.max(epoch, top) : epoch;
    this.labels.add(this.rules.relabel || top === 0 ? label : top, amount);
    this.labels.fold(epochAt(now, this.terms) - this.terms.horizonEpochs);
  }

  private vote(now: number, proposal: Party, epoch: number, split: Split): Outgoing[] {
    const present = epochAt(now, this.terms);
    refuseUnless(!this.rules.ownEpoch || epoch <= present, 'stakeBadEpoch');
    refuseUnless(epoch >= present - this.terms.horizonEpochs, 'stakeBadEpoch');
    const weight = this.rules.snapshot ? this.weightAt(epoch) : this.own + this.inn;
    refuseUnless(sumOf(split) <= weight, 'stakeTooMuch');
    const last = this.votes.get(proposal);
    refuseUnless(last === undefined || last.pending === null || !this.rules.oneVote, 'votePending');
    refuseUnless(sumOf(split) > 0n || last !== undefined, 'stakeNothing');
    if (last === undefined) {
      this.prune(now);
      refuseUnless(this.votes.size < this.terms.mostVotes, 'votesFull');
    }
    this.nonce += 1;
    this.lastUse = now;
    const acked = last?.acked ?? NO_VOTES;
    this.votes.set(proposal, { nonce: this.nonce, epoch, acked, pending: split, until: this.horizon(now) });
    const cast = { nonce: this.nonce, epoch, owner: this.owner, previous: acked, split };
    return [send(proposal, { op: 'castVote', ...cast })];
  }

  private acknowledged(now: number, from: Party, nonce: number, counted: boolean, until: number): Outgoing[] {
    const receipt = this.votes.get(from);
    if (receipt === undefined || receipt.pending === null) return [];
    if (this.rules.oneVote && receipt.nonce !== nonce) return [];
    if (counted) receipt.acked = receipt.pending;
    receipt.pending = null;
    // A proposal that is none must not take a place for ever.
    if (until > 0) receipt.until = Math.min(until, this.horizon(now));
    if (sumOf(receipt.acked) === 0n) this.votes.delete(from);
    return [];
  }

  private horizon(now: number): number {
    return now + this.terms.horizonEpochs * this.terms.epochSeconds;
  }

  private prune(now: number): void {
    for (const [proposal, { pending, until }] of this.votes) {
      if (pending === null && until <= now) this.votes.delete(proposal);
    }
  }
}
