import { DaoModel, type DaoModelParams } from './dao-model';
import {
  DAO,
  type Message,
  NO_VOTES,
  type Outgoing,
  type Party,
  proposalOf,
  type Split,
  send,
  stakeOf,
  sumOf,
  VAULT,
} from './messages';
import { type Delivery, Network } from './network';
import { ProposalModel } from './proposal-model';
import { Random } from './random';
import { ALL_RULES, CHAIN_TERMS, type ModelRules, type ModelTerms, Refusal, Violation } from './rules';
import { StakeModel } from './stake-model';

/** Epochs of 100 seconds and windows to match, so that a short run crosses many. */
export const SIMULATED_TERMS: ModelTerms = {
  ...CHAIN_TERMS,
  epochSeconds: 100,
  horizonEpochs: 6,
  leastUnbonding: 150,
  unbondingAfterUse: 500,
};

const SIMULATED_PARAMS: DaoModelParams = {
  warmup: 0,
  votingDelay: 20,
  votingPeriod: 180,
  extension: 40,
  grace: 60,
  thresholdBps: 10,
  thresholdFloor: 1n,
  quorumNormalBps: 1_000,
  quorumCriticalBps: 2_500,
  quorumFloor: 1n,
  approvalNormalBps: 5_000,
  approvalCriticalBps: 6_667,
  activationStake: 0n,
  activationMembers: 0,
};

export interface SimulationOptions {
  seed: number;
  rules?: Partial<ModelRules>;
  params?: Partial<DaoModelParams>;
  /** seconds that a contract's clock may lag behind */
  lag?: number;
  /** share of bounceable messages that are refused */
  bounces?: number;
  members?: number;
  steps?: number;
  /** how long a message takes, seconds */
  delay?: (random: Random) => number;
}

export interface Outcome {
  /** null: none */
  violation: string | null;
  /** the largest share of a snapshot that was voted, in basis points */
  turnoutBps: bigint;
  votes: number;
  proposals: number;
}

/** Members who do anything at any time, on a network that delays and refuses. Says which invariant did not hold. */
export class Simulation {
  readonly random: Random;
  readonly network: Network;
  readonly dao: DaoModel;
  readonly members: Party[];
  readonly stakes = new Map<Party, StakeModel>();
  readonly proposals: ProposalModel[] = [];
  private readonly deposited = new Map<Party, bigint>();
  private readonly paid = new Map<Party, bigint>();
  /** what the Dao's total must at least be: kept as the sum changes */
  private active = 0n;
  /** per proposal, each voter's votes as counted */
  private readonly counted = new Map<Party, Map<Party, Split>>();
  private readonly bounces: number;
  private votes = 0;

  constructor(private readonly options: SimulationOptions) {
    this.random = new Random(options.seed);
    this.network = new Network(this.random, options.lag ?? 6, options.delay);
    this.bounces = options.bounces ?? 0.08;
    const rules = { ...ALL_RULES, ...options.rules };
    this.dao = new DaoModel({ ...SIMULATED_PARAMS, ...options.params }, true, SIMULATED_TERMS, rules);
    this.members = Array.from({ length: options.members ?? 6 }, (_, index) => `m${index}`);
    for (const member of this.members) {
      this.stakes.set(stakeOf(member), new StakeModel(member, 0, SIMULATED_TERMS, rules));
    }
  }

  run(): Outcome {
    let violation: string | null = null;
    try {
      for (let step = this.options.steps ?? 600; step > 0; step -= 1) {
        while (this.network.due) this.deliver();
        this.act();
        this.network.time += this.random.pick([0.05, 0.5, 4]);
      }
      this.settle();
      this.checkAtRest();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
    }
    let turnoutBps = 0n;
    for (const { tally, terms } of this.proposals) {
      if (terms === null || terms.total === 0n) continue;
      const turnout = (sumOf(tally) * 10_000n) / terms.total;
      if (turnout > turnoutBps) turnoutBps = turnout;
    }
    return { violation, turnoutBps, votes: this.votes, proposals: this.proposals.length };
  }

  stake(member: Party): StakeModel {
    return this.stakes.get(stakeOf(member))!;
  }

  /** A member tells their Stake something. @returns false where it was refused */
  tell(member: Party, message: Message): boolean {
    const to = stakeOf(member);
    const stake = this.stakes.get(to)!;
    stake.able = true;
    if (message.op === 'stakeDeposit') add(this.deposited, member, message.amount);
    return this.apply(to, stake, () => stake.receive(this.network.now(to), member, message));
  }

  drain(): void {
    while (this.network.busy) this.deliver();
  }

  private act(): void {
    const { random } = this;
    const member = random.pick(this.members);
    const stake = this.stake(member);
    switch (random.weighted(ACTIONS)) {
      case 'deposit':
        this.tell(member, { op: 'stakeDeposit', amount: random.upTo(49n) });
        return;
      case 'unstake':
        if (stake.own > 0n) this.tell(member, { op: 'stakeUnstake', amount: random.upTo(stake.own) });
        return;
      case 'delegate': {
        const to = stake.out > 0n ? stake.delegate! : random.pick(this.members);
        if (stake.own > 0n) this.tell(member, { op: 'stakeDelegate', to });
        return;
      }
      case 'undelegate':
        if (stake.out > 0n) this.tell(member, { op: 'stakeUndelegate' });
        return;
      case 'leave':
        if (stake.out > 0n) this.tell(member, { op: 'stakeUnstake', amount: stake.own + random.upTo(stake.out) });
        return;
      case 'withdraw':
        if (stake.releases.size > 0) this.tell(member, { op: 'stakeWithdraw' });
        return;
      case 'sync':
        if (stake.exit + stake.unsynced + stake.refundable > 0n) this.tell(member, { op: 'stakeSync' });
        return;
      case 'propose':
        if (this.dao.open.size < 4) this.propose(member);
        return;
      case 'finalize':
        this.finalize(random.pick(this.recent()));
        return;
      case 'vote':
        this.vote(member, random.pick(this.recent()));
    }
  }

  private recent(): (ProposalModel | undefined)[] {
    return this.proposals.length === 0 ? [undefined] : this.proposals.slice(-4);
  }

  /** Makes a proposal with the Dao's clock, whoever it is that proposes. */
  open(epoch: number): void {
    const draft = { class: 0 as const, actionsHash: null, answer: 'accepted' as const };
    const weight = this.dao.total;
    const message = { op: 'daoPropose' as const, weight, epoch, owner: 'stranger', draft };
    this.emit(DAO, () => this.dao.receive(this.network.now(DAO), stakeOf('stranger'), message));
  }

  private propose(member: Party): void {
    const actionsHash = this.random.pick([null, 'actions']);
    const draft = { class: this.random.pick([0, 1] as const), actionsHash, answer: 'accepted' as const };
    this.tell(member, { op: 'stakePropose', draft });
  }

  private vote(member: Party, proposal: ProposalModel | undefined): void {
    const terms = proposal?.terms;
    if (!terms) return;
    const stake = this.stake(member);
    const most = stake.rules.snapshot ? stake.weightAt(terms.epoch) : stake.own + stake.inn;
    if (most <= 0n) return;
    const yes = this.random.pick([most, most, BigInt(this.random.below(Number(most) + 1))]);
    const rest = most - yes;
    const split = this.random.pick([
      { yes, no: rest, abstain: 0n },
      { yes, no: 0n, abstain: rest },
    ]);
    this.tell(member, { op: 'stakeVote', proposal: proposalOf(proposal!.id), epoch: terms.epoch, split });
  }

  private finalize(proposal: ProposalModel | undefined): void {
    if (proposal === undefined) return;
    const party = proposalOf(proposal.id);
    this.emit(party, () => proposal.receive(this.network.now(party), 'anybody', { op: 'proposalFinalize' }));
  }

  /** Delivers the next message: to its contract, or back to its sender. */
  private deliver(): void {
    const delivery = this.network.take();
    const refused = delivery.bounce && this.random.next() < this.bounces;
    if (refused || !this.accept(delivery)) {
      if (delivery.bounce) this.network.send(delivery.to, { ...delivery, to: delivery.from, bounce: false }, true);
    }
  }

  private accept({ from, to, message, bounced }: Delivery): boolean {
    if (message.op === 'payout') return true;
    const now = this.network.now(to);
    const stake = this.stakes.get(to);
    if (stake !== undefined) {
      const hears = bounced ? 'bounced' : 'receive';
      stake.able = this.random.next() >= this.bounces;
      const done = this.apply(to, stake, () => stake[hears](now, from, message));
      if (message.op === 'voteAck' || (bounced && message.op === 'castVote')) this.checkReceipt(stake, from);
      return done;
    }
    if (to === stakeOf('stranger')) return true;
    if (to === VAULT) return this.emit(to, () => schedule(now, message)) !== null;
    const model = to === DAO ? this.dao : this.proposal(to);
    const sent = this.emit(to, () => (bounced ? model.bounced(now, from, message) : model.receive(now, from, message)));
    const answer = sent?.[0]?.message;
    if (message.op === 'castVote' && answer?.op === 'voteAck' && answer.code === 'counted') this.noteVote(to, message);
    return sent !== null;
  }

  /** Proposals exist from the moment that somebody writes to them. */
  private proposal(party: Party): ProposalModel {
    const id = Number(party.slice('proposal:'.length));
    while (this.proposals.length < id) this.proposals.push(new ProposalModel(this.proposals.length + 1));
    return this.proposals[id - 1]!;
  }

  private noteVote(proposal: Party, { owner, split }: { owner: Party; split: Split }): void {
    const voters = this.counted.get(proposal) ?? new Map<Party, Split>();
    this.counted.set(proposal, voters.set(owner, split));
    this.votes += 1;
  }

  /** Runs a contract and sends what it says. @returns null where it refused */
  private emit(party: Party, act: () => readonly Outgoing[]): readonly Outgoing[] | null {
    try {
      const sent = act();
      for (const outgoing of sent) this.network.send(party, outgoing);
      return sent;
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  private apply(party: Party, stake: StakeModel, act: () => readonly Outgoing[]): boolean {
    const before = stake.active;
    const sent = this.emit(party, act);
    this.active += stake.active - before;
    for (const { message } of sent ?? []) if (message.op === 'payout') add(this.paid, stake.owner, message.amount);
    this.checkStake(stake);
    return sent !== null;
  }

  private checkStake(stake: StakeModel): void {
    const { own, pend, inn, exit, owner, labels } = stake;
    if (this.dao.total < this.active) throw new Violation(`I2 total ${this.dao.total} < active ${this.active}`);
    if (own < 0n || pend < 0n || inn < 0n || exit < 0n) throw new Violation('I3 the books are negative');
    if (labels.sum() > own + inn) throw new Violation('I3 more is labelled than can vote');
    const paid = this.paid.get(owner) ?? 0n;
    if ((this.deposited.get(owner) ?? 0n) !== stake.principal + paid)
      throw new Violation(`C1 coins of ${owner} differ`);
  }

  /** Once an answer is there, the voter knows what the proposal has counted. */
  private checkReceipt(stake: StakeModel, proposal: Party): void {
    const receipt = stake.votes.get(proposal);
    if (receipt !== undefined && receipt.pending !== null) return;
    // Receipts are forgotten once nothing can be counted any more.
    const hardEnd = this.proposal(proposal).terms?.hardEnd ?? Infinity;
    if (receipt === undefined && this.network.now(stakeOf(stake.owner)) >= hardEnd) return;
    const known = receipt?.acked ?? NO_VOTES;
    const counted = this.counted.get(proposal)?.get(stake.owner) ?? NO_VOTES;
    if (known.yes !== counted.yes || known.no !== counted.no || known.abstain !== counted.abstain) {
      throw new Violation('I4 a voter and the tally do not agree');
    }
  }

  private settle(): void {
    for (let round = 0; round < 60; round += 1) {
      this.drain();
      const told = this.members.map((member) => this.tell(member, { op: 'stakeSync' }));
      if (!told.includes(true)) return;
    }
    throw new Violation('it does not come to rest');
  }

  private checkAtRest(): void {
    let [inn, out, counted] = [0n, 0n, 0];
    for (const stake of this.stakes.values()) {
      inn += stake.inn;
      out += stake.out;
      if (stake.joined) counted += 1;
      if (stake.busy !== 'idle' || stake.exit > 0n || stake.pend > 0n)
        throw new Violation('something is still under way at rest');
    }
    if (inn !== out) throw new Violation('I4 delegated sums differ at rest');
    if (this.dao.total !== this.active) throw new Violation(`I2 total ${this.dao.total} is not ${this.active} at rest`);
    // A refused farewell of a member who has come back meanwhile is never said again.
    const members = this.dao.members;
    if (members < counted || (this.bounces === 0 && members > counted)) {
      throw new Violation(`I2 ${members} members are not ${counted} at rest`);
    }
    for (const { id, tally } of this.proposals) {
      let votes = 0n;
      for (const split of this.counted.get(proposalOf(id))?.values() ?? []) votes += sumOf(split);
      if (votes !== sumOf(tally)) throw new Violation('I4 the votes do not make the tally');
    }
  }
}

function add(sums: Map<Party, bigint>, key: Party, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** A Vault that takes everything. */
function schedule(now: number, message: Message): Outgoing[] {
  if (message.op !== 'vaultSchedule') return [];
  return [send(message.proposal, { op: 'opScheduled', id: message.id, eta: now + 50, expires: now + 500 })];
}

const ACTIONS = [
  ['deposit', 4],
  ['unstake', 2],
  ['delegate', 4],
  ['undelegate', 4],
  ['propose', 2],
  ['vote', 14],
  ['leave', 1],
  ['withdraw', 1],
  ['sync', 1],
  ['finalize', 4],
] as const;
