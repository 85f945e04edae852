import { parseActions, printable } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { table } from '../format';
import { type DaoContext, openVault, usage } from './context';
import { actionJson, actionLines, describeActions } from './describe';
import { PROPOSAL_STATES, type ProposalView, readProposal, readProposals } from './proposals';
import { readStake, stakeOf } from './status';
import { bps, percent, type Row, rows, span, toJson, ton, when } from './text';

/** `ls` and `show`. */

export async function listProposals(context: DaoContext, state: string | undefined, member: Address | undefined) {
  if (state !== undefined && !(PROPOSAL_STATES as readonly string[]).includes(state)) {
    throw usage(`--state ${state}: there is no such state.`, `Give one of ${PROPOSAL_STATES.join(', ')}.`);
  }
  const proposals = (await readProposals(context)).filter((each) => state === undefined || each.state === state);
  const votes = await Promise.all(proposals.map((each) => myVote(context, each, member)));
  if (context.json) {
    context.print(toJson(proposals.map((each, i) => ({ ...summary(each), ...(votes[i] ? { mine: votes[i] } : {}) }))));
    return;
  }
  if (proposals.length === 0) {
    context.print(state === undefined ? 'There is no proposal yet.' : `No proposal is ${state}.`);
    return;
  }
  const head = ['id', 'state', 'class', 'turnout', 'quorum', 'for', 'against', 'abstain', 'time left', 'title'];
  const lines = proposals.map((each) => [
    String(each.id),
    each.state,
    each.critical ? 'critical' : 'normal',
    percent(each.yes + each.no + each.abstain, each.total),
    percent(each.quorum, each.total),
    ton(each.yes),
    ton(each.no),
    ton(each.abstain),
    timeLeft(each, context.now),
    printable(each.payload.title),
  ]);
  const right = 'right' as const;
  const left = 'left' as const;
  context.print(table([head, ...lines], [right, left, left, right, right, right, right, right, left, left], ''));
  votes.forEach((vote, i) => {
    if (vote) context.print(`your vote on ${proposals[i]!.id}: ${mineText(vote)}`);
  });
}

interface Mine {
  weight: bigint;
  why?: string;
  yes: bigint;
  no: bigint;
  abstain: bigint;
  pending: boolean;
}

async function myVote(context: DaoContext, proposal: ProposalView, member: Address | undefined) {
  if (member === undefined) return undefined;
  const stake = await readStake(context, member);
  const none = { yes: 0n, no: 0n, abstain: 0n, pending: false };
  if (stake === null) return { ...none, weight: 0n, why: 'you have no stake' } satisfies Mine;
  // What was active before the proposal is what counts, whether the vote is over or not.
  const tooOld = proposal.epoch < Math.floor(context.now / 86_400) - 30;
  const weight = tooOld ? 0n : await stakeOf(context, member).getWeightAt(proposal.epoch);
  const receipt = stake.votes.get(proposal.address.hash.toString('hex'));
  const { yes, no, abstain } = receipt ?? none;
  const why = weight > 0n ? {} : { why: whyNoWeight(stake.own, stake.out, tooOld) };
  return { weight, ...why, yes, no, abstain, pending: receipt?.pending != null } satisfies Mine;
}

function whyNoWeight(own: bigint, out: bigint, tooOld: boolean): string {
  if (tooOld) return 'too long ago';
  if (out > 0n && own === 0n) return 'you delegated your stake';
  return own > 0n ? 'your stake became active after the snapshot' : 'you have no active stake';
}

function mineText({ weight, why, yes, no, abstain, pending }: Mine): string {
  const cast = yes + no + abstain === 0n ? 'none' : `for ${ton(yes)}, against ${ton(no)}, abstain ${ton(abstain)}`;
  const reason = why === undefined ? '' : ` (${why})`;
  return `${cast}${pending ? '; one is on its way' : ''}; weight ${ton(weight)}${reason}`;
}

function timeLeft({ state, startAt, endAt, eta, expires, finalizeBy }: ProposalView, now: number): string {
  const until = { pending: startAt, active: endAt, passed: finalizeBy, queued: eta, ready: expires } as Record<
    string,
    number
  >;
  const at = until[state];
  return at === undefined ? '' : span(Math.max(0, at - now));
}

export function summary(p: ProposalView) {
  const { id, state, startAt, endAt, hardEnd, eta, expires, quorum, total, yes, no, abstain, voters, passing } = p;
  const times = { startAt, endAt, hardEnd, finalizeBy: p.finalizeBy, eta, expires };
  const { title, uri, sha256 } = p.payload;
  return {
    id,
    address: p.address.toString(),
    title,
    uri,
    sha256: sha256.toString('hex'),
    class: p.critical ? 'critical' : 'normal',
    state,
    ...times,
    epoch: p.epoch,
    quorum,
    total,
    approvalBps: p.approvalBps,
    yes,
    no,
    abstain,
    voters,
    passing,
    proposer: p.parties?.proposer.toString() ?? null,
    bond: p.parties?.bond ?? 0n,
    actionsHash: p.payload.actions?.hash().toString('hex') ?? null,
  };
}

export async function showProposal(context: DaoContext, id: number, member: Address | undefined): Promise<void> {
  const proposal = await readProposal(context, id);
  const { payload, now } = { ...proposal, now: context.now };
  const told = payload.actions && (await describeActions(context, payload.actions));
  const actions = told?.actions ?? [];
  const warnings = [...(told?.warnings ?? [])];
  const operation = await openVault(context).getOperation(id);
  if (operation && payload.actions && !operation.actionsHash.equals(payload.actions.hash())) {
    warnings.push('THE VAULT HAS ANOTHER LIST OF ACTIONS UNDER THIS NUMBER');
  }
  const mine = await myVote(context, proposal, member);
  if (context.json) {
    context.print(
      toJson({ ...summary(proposal), actions: actions.map(actionJson), warnings, ...(mine ? { mine } : {}) }),
    );
    return;
  }
  const { print } = context;
  print(`Proposal ${id}: ${printable(payload.title)}`);
  print(
    rows([
      ['state', proposal.state],
      ['address', proposal.address.toString()],
      ['class', proposal.critical ? 'critical' : 'normal'],
      ['why', told?.classification.reason ?? 'it does nothing'],
      ['actions hash', payload.actions?.hash().toString('hex') ?? 'none: a text only'],
      ['text', `${printable(payload.uri)} (sha256 ${payload.sha256.toString('hex')})`],
      ['proposer', proposal.parties?.proposer.toString() ?? 'unknown'],
      ['bond', ton(proposal.parties?.bond ?? 0n)],
    ]),
  );
  print(actions.length === 0 ? 'It does nothing: a text only.' : `Actions\n${actionLines(actions)}`);
  for (const warning of warnings) print(`! ${warning}`);
  print(`Votes\n${rows(tallyRows(proposal))}`);
  const times: Row[] = [
    ['snapshot', `stake active since UTC day ${proposal.epoch} began`],
    ['voting starts', when(proposal.startAt, now)],
    ['voting ends', `${when(proposal.endAt, now)}, at the latest ${when(proposal.hardEnd, now)}`],
    ['finalize before', when(proposal.finalizeBy, now)],
    ...(proposal.eta === 0
      ? []
      : ([
          ['executable from', when(proposal.eta, now)],
          ['until', when(proposal.expires, now)],
        ] as Row[])),
  ];
  print(`Times\n${rows(times)}`);
  if (mine) print(`Your vote\n  ${mineText(mine)}`);
}

export function tallyRows(p: ProposalView): Row[] {
  const approval = percent(p.yes, p.yes + p.no);
  const needed = p.critical || p.approvalBps !== 5_000 ? `at least ${bps(p.approvalBps)}` : 'more than 50 %';
  return [
    ['for', `${ton(p.yes)} (${percent(p.yes, p.total)})`],
    ['against', `${ton(p.no)} (${percent(p.no, p.total)})`],
    ['abstain', `${ton(p.abstain)} (${percent(p.abstain, p.total)})`],
    ['quorum', `${ton(p.yes + p.abstain)} of ${ton(p.quorum)} (for and abstain)`],
    ['approval', `${approval}, needs ${needed}`],
    ['votes cast', p.voters],
    ['would pass now', p.passing ? 'yes' : 'no'],
  ];
}

/** The actions as the Vault executes them. @throws CliError for a text-only proposal */
export function actionsOf(proposal: ProposalView) {
  return proposal.payload.actions === null ? [] : parseActions(proposal.payload.actions);
}
