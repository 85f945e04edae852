import { Op } from '@cocoon/sdk';
import type { Address, Transaction } from '@ton/core';
import type { Chain } from '../../chain/port';
import { table } from '../format';
import type { DaoContext } from './context';
import { readProposal } from './proposals';
import { tallyRows } from './reads';
import { rows, toJson, ton } from './text';

/** Everything an account went through, oldest first. */
export async function wholeHistory(chain: Chain, address: Address, most = 10_000): Promise<Transaction[]> {
  const found: Transaction[] = [];
  for (;;) {
    const oldest = found.at(-1);
    const before = oldest && { lt: oldest.lt, hash: oldest.hash() };
    const page = await chain.transactions(address, { limit: 50, ...(before ? { before } : {}) });
    found.push(...page);
    if (page.length === 0 || page.at(-1)!.prevTransactionLt === 0n || found.length >= most) return found.reverse();
  }
}

interface Ballot {
  owner: string;
  yes: bigint;
  no: bigint;
  abstain: bigint;
  at: number;
}

/** Counted votes, from the messages that the proposal acknowledged: the last of each member. */
async function ballots(context: DaoContext, proposal: Address): Promise<Ballot[]> {
  const last = new Map<string, Ballot>();
  for (const transaction of await wholeHistory(context.chain, proposal)) {
    const body = transaction.inMessage?.body.beginParse();
    if (body === undefined || body.remainingBits < 32 || body.loadUint(32) !== Op.castVote) continue;
    if (!wasCounted(transaction)) continue;
    body.skip(64 + 32 + 16);
    const owner = body.loadAddress().toString();
    const parts = body.loadRef().beginParse();
    for (let skipped = 0; skipped < 3; skipped += 1) parts.loadCoins();
    const [yes, no, abstain] = [parts.loadCoins(), parts.loadCoins(), parts.loadCoins()];
    last.set(owner, { owner, yes, no, abstain, at: transaction.now });
  }
  return [...last.values()];
}

function wasCounted({ outMessages }: Transaction): boolean {
  for (const { body } of outMessages.values()) {
    const s = body.beginParse();
    if (s.remainingBits >= 136 && s.loadUint(32) === Op.voteAck) return s.skip(96).loadUint(8) === 0;
  }
  return false;
}

export async function showVotes(context: DaoContext, id: number): Promise<void> {
  const proposal = await readProposal(context, id);
  const found = await ballots(context, proposal.address);
  found.sort((a, b) => Number(b.yes + b.no + b.abstain - (a.yes + a.no + a.abstain)));
  if (context.json) {
    const { yes, no, abstain, quorum, total, voters, passing } = proposal;
    context.print(toJson({ id, yes, no, abstain, quorum, total, voters, passing, votes: found }));
    return;
  }
  context.print(rows(tallyRows(proposal)));
  if (found.length === 0) {
    context.print('Nobody has voted yet.');
    return;
  }
  const lines = found.map((each) => [
    each.owner,
    ton(each.yes),
    ton(each.no),
    ton(each.abstain),
    new Date(each.at * 1000).toISOString(),
  ]);
  const head = ['member', 'for', 'against', 'abstain', 'last changed'];
  context.print(table([head, ...lines], ['left', 'right', 'right', 'right', 'left'], ''));
}
