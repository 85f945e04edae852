import { CocoonStake, Op, operationCost, type StakeInfo, VoteCode, voteCost } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { CliError } from '../errors';
import { parseSplit, parseTon } from './amounts';
import { type Act, type Acting, requireOk } from './carry-out';
import { parseAddress, refused, usage } from './context';
import { ExitCode } from './exit-codes';
import { answerIn, type Hop } from './follow';
import { readProposal } from './proposals';
import { tallyRows } from './reads';
import { readStake, stakeOf, stakeRows } from './status';
import { epochDay, rows, ton, when } from './text';

/** What a member does with its stake and its votes. */

async function requireStake(context: Acting): Promise<StakeInfo> {
  const stake = await readStake(context, context.me);
  if (stake === null) throw refused(`${context.me} has no stake in this DAO.`, 'Begin with `cocoon dao stake AMOUNT`.');
  return stake;
}

function names(context: Acting, more: readonly (readonly [Address, string])[] = []): Map<string, string> {
  const own = [[stakeOf(context, context.me).address, 'stake'], [context.dao, 'dao'], ...more] as const;
  return new Map(own.map(([address, name]) => [address.toRawString(), name]));
}

async function nowHeld(context: Acting): Promise<string> {
  const stake = await readStake(context, context.me);
  return stake === null ? 'You have no stake.' : `Your stake now\n${rows(stakeRows(stake, context.now))}`;
}

export async function stakeAct(context: Acting, text: string): Promise<Act> {
  const amount = parseTon(text, 'amount');
  const stake = stakeOf(context, context.me);
  const first = (await readStake(context, context.me)) === null;
  return {
    title: `stake ${ton(amount)}${first ? ' (deploys your Stake; 0.1 TON stay there for its rent)' : ''}`,
    message: CocoonStake.buildDeposit(stake.address, { amount, ...(first && stake.init ? { init: stake.init } : {}) }),
    moves: amount,
    cost: operationCost(first ? 'first deposit' : 'deposit'),
    tree: [
      'you -> your Stake: stakeDeposit',
      'Stake -> Dao: daoStakeAdd',
      'Dao -> Stake: stakeActivated',
      'Stake -> you: change',
    ],
    names: names(context),
    conclude: async (hops) => {
      requireOk(hops);
      const answer = answerIn(hops, Op.stakeActivated, stake.address);
      if (answer === undefined) {
        throw new CliError(
          'The Dao did not take the deposit.',
          'The coins wait in your Stake: `cocoon dao withdraw`.',
          {
            exitCode: ExitCode.rejected,
          },
        );
      }
      answer.loadCoins();
      const label = answer.loadUint(16);
      return [`Active. It counts in proposals made from ${epochDay(label)} (UTC) on.`, await nowHeld(context)];
    },
  };
}

export async function unstakeAct(context: Acting, text: string): Promise<Act> {
  const amount = parseTon(text, 'amount');
  const stake = await requireStake(context);
  const most = stake.own + stake.out;
  if (amount > most)
    throw refused(`You have ${ton(most)} active, less than ${ton(amount)}.`, 'See `cocoon dao status`.');
  return {
    title: `unstake ${ton(amount)}: it votes no more from now, and can be withdrawn 3 to 21 days later`,
    message: CocoonStake.buildUnstake(stakeOf(context, context.me).address, { amount }),
    cost: operationCost(amount > stake.own ? 'unstake while delegated' : 'unstake'),
    tree: ['you -> your Stake: stakeUnstake', 'Stake -> Dao: daoStakeSub', 'Stake -> you: change'],
    names: names(context, delegateOf(context, stake)),
    conclude: async (hops) => {
      requireOk(hops);
      return [await nowHeld(context)];
    },
  };
}

function delegateOf(context: Acting, { delegate }: StakeInfo): [Address, string][] {
  return delegate === null ? [] : [[stakeOf(context, delegate).address, "the delegate's stake"]];
}

export async function withdrawAct(context: Acting): Promise<Act> {
  const stake = await requireStake(context);
  const due = [...stake.releases].filter(([at]) => at <= context.now).reduce((sum, [, amount]) => sum + amount, 0n);
  const all = due + stake.refundable;
  if (all === 0n) {
    const [next] = [...stake.releases.keys()].sort((a, b) => a - b);
    const wait = next === undefined ? 'Unstake first.' : `The next release is ${when(next, context.now)}.`;
    throw refused('Nothing can be withdrawn yet.', wait);
  }
  return {
    title: `withdraw ${ton(all)}`,
    message: CocoonStake.buildWithdraw(stakeOf(context, context.me).address),
    cost: operationCost('withdraw'),
    tree: ['you -> your Stake: stakeWithdraw', `Stake -> you: ${ton(all)} and change`],
    names: names(context),
    conclude: async (hops) => {
      requireOk(hops);
      return [`${ton(all)} came to ${context.me}.`, await nowHeld(context)];
    },
  };
}

export async function syncAct(context: Acting): Promise<Act> {
  const stake = await requireStake(context);
  if (stake.refundable + stake.unsynced + stake.exit === 0n) {
    throw refused('Everything has arrived.', 'There is nothing to send again.');
  }
  return {
    title: 'send again what did not arrive',
    message: CocoonStake.buildSync(stakeOf(context, context.me).address),
    cost: operationCost('sync'),
    tree: ['you -> your Stake: stakeSync', 'Stake -> Dao: what is missing'],
    names: names(context, delegateOf(context, stake)),
    conclude: async (hops) => {
      requireOk(hops);
      return [await nowHeld(context)];
    },
  };
}

function requireNoDelegationUnderWay({ busy, exit }: StakeInfo): void {
  if (busy === 0 && exit === 0n) return;
  throw refused(
    'A delegation is still under way.',
    'Look with `cocoon dao status`; `cocoon dao sync` sends again what is stuck.',
  );
}

export async function delegateAct(context: Acting, text: string): Promise<Act> {
  const delegate = parseAddress(text, 'delegate');
  const stake = await requireStake(context);
  if (delegate.equals(context.me))
    throw usage('You cannot delegate to yourself.', 'Give the wallet of another member.');
  requireNoDelegationUnderWay(stake);
  // The Stake remembers its last delegate, also when it has taken everything back.
  if (stake.out > 0n && stake.delegate !== null && !stake.delegate.equals(delegate)) {
    throw refused(
      `You delegate to ${stake.delegate}.`,
      'Run `cocoon dao undelegate` first: there is one delegate each.',
    );
  }
  if (stake.own === 0n) throw refused('You have no own active stake to delegate.', 'See `cocoon dao status`.');
  return {
    title: `delegate ${ton(stake.own)} to ${delegate}`,
    message: CocoonStake.buildDelegate(stakeOf(context, context.me).address, { delegate }),
    cost: operationCost('delegate'),
    tree: [
      'you -> your Stake: stakeDelegate',
      "Stake -> the delegate's Stake: delegateIn",
      "the delegate's Stake -> Stake: delegateOk",
    ],
    names: names(context, [[stakeOf(context, delegate).address, "the delegate's stake"]]),
    conclude: async (hops) => {
      requireOk(hops);
      return [await nowHeld(context)];
    },
  };
}

export async function undelegateAct(context: Acting): Promise<Act> {
  const stake = await requireStake(context);
  requireNoDelegationUnderWay(stake);
  if (stake.out === 0n) throw refused('You delegate nothing.', 'There is nothing to end.');
  return {
    title: `take ${ton(stake.out)} back from ${stake.delegate}; it votes again in proposals made from tomorrow (UTC) on`,
    message: CocoonStake.buildUndelegate(stakeOf(context, context.me).address),
    cost: operationCost('undelegate'),
    tree: [
      'you -> your Stake: stakeUndelegate',
      "Stake -> the delegate's Stake: undelegate",
      "the delegate's Stake -> Stake: undelegateOk",
    ],
    names: names(context, delegateOf(context, stake)),
    conclude: async (hops) => {
      requireOk(hops);
      return [await nowHeld(context)];
    },
  };
}

const NACKS: Readonly<Record<number, string>> = {
  [VoteCode.notStarted]: 'voting has not started',
  [VoteCode.ended]: 'voting was over when it arrived',
  [VoteCode.wrongEpoch]: "it was cast for another snapshot than the proposal's",
  [VoteCode.cancelled]: 'the proposal was cancelled',
};

export async function voteAct(
  context: Acting,
  id: number,
  choice: string | undefined,
  options: { split?: string; reason?: string },
): Promise<Act> {
  if ((choice === undefined) === (options.split === undefined)) {
    throw usage('What is your vote?', 'Give one of yes, no, abstain, or --split FOR,AGAINST,ABSTAIN.');
  }
  if (choice !== undefined && !['yes', 'no', 'abstain'].includes(choice)) {
    throw usage(`"${choice}" is no vote.`, 'Give yes, no or abstain.');
  }
  if (Buffer.byteLength(options.reason ?? '') > 512) throw usage('--reason is longer than 512 bytes.', 'Shorten it.');
  const proposal = await readProposal(context, id);
  if (proposal.state === 'pending') {
    throw refused(`Voting on ${id} has not started.`, `It starts ${when(proposal.startAt, context.now)}.`);
  }
  if (proposal.state !== 'active') throw refused(`Proposal ${id} is ${proposal.state}.`, 'Its voting is over.');
  const { votes } = await requireStake(context);
  const stake = stakeOf(context, context.me);
  const weight = await stake.getWeightAt(proposal.epoch);
  if (weight === 0n) {
    const since = `became active after its snapshot (${epochDay(proposal.epoch)}), or is delegated`;
    throw refused(`You have no weight in proposal ${id}: your stake ${since}.`, 'It counts in later proposals.');
  }
  const split =
    options.split === undefined
      ? { yes: 0n, no: 0n, abstain: 0n, [choice!]: weight }
      : parseSplit(options.split, weight);
  const retry = `cocoon dao vote ${id} ${choice ?? `--split ${options.split}`}`;
  return {
    title: `vote on ${id}: for ${ton(split.yes)}, against ${ton(split.no)}, abstain ${ton(split.abstain)}`,
    message: CocoonStake.buildVote(stake.address, {
      proposal: proposal.address,
      epoch: proposal.epoch,
      ...split,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }),
    cost: voteCost({ reason: options.reason, changes: votes.has(proposal.address.hash.toString('hex')) }),
    tree: [
      'you -> your Stake: stakeVote',
      'Stake -> Proposal: castVote',
      'Proposal -> Stake: voteAck',
      'Stake -> you: change',
    ],
    names: names(context, [[proposal.address, 'proposal']]),
    conclude: async (hops) => [...counted(hops, stake.address, retry), ...(await tallyNow(context, id))],
  };
}

/** @throws CliError with the plain reason where the Proposal did not count the vote */
function counted(hops: readonly Hop[], stake: Address, retry: string): string[] {
  const answer = answerIn(hops, Op.voteAck, stake);
  if (answer === undefined) {
    requireOk(hops);
    throw new CliError('The vote came back without an answer.', `Try again: ${retry}`, { exitCode: ExitCode.rejected });
  }
  const code = answer.skip(32).loadUint(8);
  if (code === VoteCode.counted) return ['Counted (ack code 0).'];
  const reason = NACKS[code] ?? 'it did not say why';
  throw new CliError(`Not counted (ack code ${code}): ${reason}.`, `Nothing is lost. To try again: ${retry}`, {
    exitCode: ExitCode.rejected,
  });
}

async function tallyNow(context: Acting, id: number): Promise<string[]> {
  return [`Tally now\n${rows(tallyRows(await readProposal(context, id)))}`];
}
