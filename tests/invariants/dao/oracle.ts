import { VoteCode, type VoteSplit } from '../../../wrappers';
import type { Delivery, InternalMessage } from '../../support/message-pool';
import { readProposal, readStake, votesIn } from './books';
import { type Cast, type Contract, DAY, daoParams, epochOf, MEMBERS, memberAt } from './cast';
import { Lots } from './lots';
import { accountOf, amountIn, findSaid, readAck, readCast, said } from './said';

/** A vote as its voter must see it. */
export interface Receipt {
  nonce: number;
  acked: VoteSplit;
  pending: VoteSplit | null;
  /** until then no other vote on the proposal may be sent if it is not answered */
  until: number;
}

/** How long a vote may wait for its answer. */
const PATIENCE = 30 * DAY;

export interface Account {
  lots: Lots;
  /** nanoTON of deposits that the Stake took */
  deposited: bigint;
  /** nanoTON of released and refunded coins that it paid */
  paid: bigint;
  /** by the account id of what was voted on */
  receipts: Map<string, Receipt>;
}

export interface Poll {
  /** by voter: what the proposal counted last */
  counted: Map<number, VoteSplit>;
  /** hash of what never changes; undefined before the proposal is made */
  terms: string | undefined;
}

export const NO_VOTES: VoteSplit = { yes: 0n, no: 0n, abstain: 0n };

/**
 * The accountant: follows what was delivered and, from the rules of the specification, knows who holds which units since when, what
 * was counted for whom, and how much stake there was at the start of the day. It reads messages; of the contracts' books it believes
 * only how own and delegated stake divide, which the conservation of coins checks.
 */
export class Oracle {
  readonly accounts: Account[] = Array.from({ length: MEMBERS }, () => ({
    ...{ lots: new Lots(), deposited: 0n, paid: 0n, receipts: new Map<string, Receipt>() },
  }));
  readonly polls = new Map<number, Poll>();
  total = 0n;
  /** of `total`, when the first message of `epoch` came */
  startTotal = 0n;
  private epoch = 0;
  private warmup = daoParams.warmup;
  /** the youngest label of units on their way */
  private tops = new WeakMap<InternalMessage, number>();
  private wrongs: string[] = [];

  constructor(private readonly cast: Cast) {}

  /** What the last delivery did against the rules. */
  takeWrong(): string | undefined {
    const wrong = this.wrongs[0];
    this.wrongs = [];
    return wrong;
  }

  fork(): Oracle {
    const twin = new Oracle(this.cast);
    for (const [i, { lots, receipts, ...rest }] of this.accounts.entries()) {
      twin.accounts[i] = { ...rest, lots: lots.fork(), receipts: new Map(receipts) };
    }
    for (const [id, { counted, terms }] of this.polls) twin.polls.set(id, { counted: new Map(counted), terms });
    const { total, startTotal, epoch, warmup } = this;
    return Object.assign(twin, { total, startTotal, epoch, warmup });
  }

  poll(id: number): Poll {
    const poll = this.polls.get(id) ?? { counted: new Map<number, VoteSplit>(), terms: undefined };
    this.polls.set(id, poll);
    return poll;
  }

  record(delivery: Delivery): void {
    const contract = this.cast.at(delivery.message.info.dest);
    if (contract === undefined || !delivery.ok) return;
    if (contract.kind === 'stake') {
      if (delivery.message.info.bounced) this.cameBack(delivery, contract.number);
      else this.atStake(delivery, contract.number);
    } else if (!delivery.message.info.bounced) {
      if (contract.kind === 'dao') this.atDao(delivery);
      else if (contract.kind === 'proposal') this.atProposal(delivery, contract);
    }
  }

  private atStake({ message, sent, dataBefore, now }: Delivery, member: number): void {
    const account = this.accounts[member]!;
    const books = dataBefore && readStake(dataBefore);
    const today = epochOf(now);
    const { op, rest } = said(message);
    switch (op) {
      case 'stakeDeposit':
        account.deposited += rest.loadCoins();
        return;
      case 'stakeActivated':
        account.lots.enter(rest.loadCoins(), rest.loadUint(16), today);
        return;
      case 'stakeUnstake': {
        const [amount, own] = [rest.loadCoins(), books?.own ?? 0n];
        account.lots.leave(amount < own ? amount : own);
        return;
      }
      case 'stakeWithdraw':
        account.paid += books?.refundable ?? 0n;
        for (const [time, amount] of books?.releases ?? []) if (time <= now) account.paid += amount;
        return;
      case 'stakeDelegate': {
        const moving = findSaid(sent, 'delegateIn')!;
        this.tops.set(moving, account.lots.leave(amountIn(moving)));
        return;
      }
      case 'delegateIn':
        account.lots.enter(rest.loadCoins(), this.tops.get(message)!, today);
        return;
      case 'undelegate': {
        const moving = findSaid(sent, 'undelegateOk')!;
        this.tops.set(moving, account.lots.leave(rest.loadCoins()));
        return;
      }
      case 'undelegateOk':
        this.returned(account, rest.loadCoins(), books?.exit ?? 0n, this.tops.get(message)!, today);
        return;
      case 'stakeVote':
        this.voted(account, findSaid(sent, 'castVote')!, now);
        return;
      case 'voteAck':
        this.answered(account, message);
    }
  }

  private cameBack({ message, cause, dataBefore, now }: Delivery, member: number): void {
    const account = this.accounts[member]!;
    const { op, rest } = said(message);
    if (op === 'delegateIn') {
      const exit = (dataBefore && readStake(dataBefore)?.exit) ?? 0n;
      this.returned(account, rest.loadCoins(), exit, this.tops.get(cause!.message)!, epochOf(now));
    } else if (op === 'castVote') {
      const receipt = account.receipts.get(accountOf(message));
      if (receipt?.pending && receipt.nonce === rest.loadUint(32)) this.settle(account, message, receipt, false);
    }
  }

  /** What leaves goes first, the rest is the member's again, younger than it was. */
  private returned({ lots }: Account, amount: bigint, exit: bigint, top: number, today: number): void {
    if (amount > exit) lots.enter(amount - exit, top, today);
  }

  private voted({ lots, receipts }: Account, message: InternalMessage, now: number): void {
    const { nonce, epoch, previous, split } = readCast(message);
    const proposal = message.info.dest.hash.toString('hex');
    const before = receipts.get(proposal);
    const weight = lots.weightAt(epoch);
    if (votesIn(split) > weight) this.wrongs.push(`V2 ${votesIn(split)} votes of ${weight} units`);
    if (epoch > epochOf(now)) this.wrongs.push(`V4 a vote for epoch ${epoch} on day ${epochOf(now)}`);
    if (before?.pending && now < before.until) this.wrongs.push('L4 two votes on one proposal are on their way');
    if (!same(previous, before?.acked ?? NO_VOTES)) this.wrongs.push('V7 a vote replaces what was not counted');
    receipts.set(proposal, { nonce, acked: before?.acked ?? NO_VOTES, pending: split, until: now + PATIENCE });
  }

  private answered(account: Account, message: InternalMessage): void {
    const { nonce, code } = readAck(message);
    const receipt = account.receipts.get(accountOf(message));
    if (!receipt?.pending || receipt.nonce !== nonce) this.wrongs.push(`V8 an answer to no vote, number ${nonce}`);
    else this.settle(account, message, receipt, code === VoteCode.counted);
  }

  private settle({ receipts }: Account, message: InternalMessage, receipt: Receipt, counted: boolean): void {
    const acked = counted ? receipt.pending! : receipt.acked;
    const proposal = accountOf(message);
    if (votesIn(acked) === 0n) receipts.delete(proposal);
    else receipts.set(proposal, { ...receipt, acked, pending: null });
  }

  private atDao({ message, sent, now }: Delivery): void {
    const { op, rest } = said(message);
    const counts = op === 'daoStakeAdd' || op === 'daoStakeSub' || op === 'daoPropose' || op === 'daoSetParams';
    if (counts && epochOf(now) > this.epoch) {
      this.startTotal = this.total;
      this.epoch = epochOf(now);
    }
    if (op === 'daoStakeAdd') {
      this.total += rest.loadCoins();
      const answer = findSaid(sent, 'stakeActivated')!;
      const expected = this.epoch + 1 + this.warmup;
      const label = said(answer).rest.skip(coinsBits(answer)).loadUint(16);
      if (label !== expected) this.wrongs.push(`V12 new stake counts from ${label}, not from ${expected}`);
    }
    if (op === 'daoStakeSub') this.total -= rest.loadCoins();
    if (op === 'daoSetParams') this.warmup = rest.skip(256).loadRef().beginParse().loadUint(8);
    const made = findSaid(sent, 'proposalInit');
    if (made === undefined) return;
    const terms = said(made).rest.loadRef().beginParse();
    const [epoch, total] = [terms.loadUint(16), terms.loadCoins()];
    if (epoch !== this.epoch || total !== this.startTotal) {
      this.wrongs.push(`V12 a snapshot of ${total} in epoch ${epoch}, not ${this.startTotal} in epoch ${this.epoch}`);
    }
  }

  private atProposal({ message, sent, dataBefore, dataAfter, now }: Delivery, { number }: Contract): void {
    const poll = this.poll(number);
    const { op } = said(message);
    if (op === 'proposalInit') poll.terms = readProposal(dataAfter!)!.terms.hash().toString('hex');
    if (op !== 'castVote' || readAck(findSaid(sent, 'voteAck')!).code !== VoteCode.counted) return;
    const voter = this.cast.at(message.info.src)?.number ?? memberAt(message.info.src);
    const { epoch, previous, split } = readCast(message);
    const books = readProposal(dataBefore!)!;
    if (now < books.startAt || now >= books.endAt) this.wrongs.push('V3 a vote is counted out of time');
    if (epoch !== books.epoch) this.wrongs.push('V6 a vote of another snapshot is counted');
    if (!same(previous, poll.counted.get(voter) ?? NO_VOTES)) this.wrongs.push('I4 a vote replaces another one');
    poll.counted.set(voter, split);
  }
}

export function same(one: VoteSplit, other: VoteSplit): boolean {
  return one.yes === other.yes && one.no === other.no && one.abstain === other.abstain;
}

/** Bits of the amount behind the query id. */
function coinsBits(message: InternalMessage): number {
  return 4 + 8 * said(message).rest.loadUint(4);
}
