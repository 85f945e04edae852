import type { Cell } from '@ton/core';
import { DaoModel } from '../../dao/model/dao-model';
import type { ProposalModel } from '../../dao/model/proposal-model';
import { StakeModel } from '../../dao/model/stake-model';
import { readDao, readProposal, readStake } from './books';
import type { Cast, Contract } from './cast';
import { partyAt } from './translation';

/** What a contract and its model keep, as text: so that any difference shows, and is read. */

export type Model = DaoModel | StakeModel | ProposalModel;

/** Undefined: nothing, it is not there or has not been told anything. */
export function keptBy(cast: Cast, { kind }: Contract, data: Cell | undefined): string | undefined {
  if (data === undefined) return undefined;
  if (kind === 'dao') return daoText(readDao(data));
  if (kind === 'proposal') {
    const books = readProposal(data);
    return books && proposalText(books);
  }
  const books = readStake(data);
  if (books === undefined) return undefined;
  const votes = [...books.votes].map(([account, { nonce, endsBy, yes, no, abstain, pending }]) => {
    return [cast.partyById(account), { nonce, endsBy, acked: { yes, no, abstain }, pending }] as const;
  });
  const delegate = books.delegate && partyAt(cast, books.delegate);
  return stakeText({ ...books, delegate, votes, labels: [...books.labels] });
}

export function keptByModel(model: Model): string {
  if (model instanceof DaoModel) {
    return daoText({ ...model, startTotal: model.total0, open: [...model.open.keys()] });
  }
  if (model instanceof StakeModel) {
    const busy = ['idle', 'delegating', 'undelegating'].indexOf(model.busy);
    return stakeText({ ...model, busy, labels: model.labels.entries(), votes: [...model.votes] });
  }
  return proposalText({ ...model, ...model.tally });
}

type Kept<K extends string> = Readonly<Record<K, unknown>>;
type Entries<K> = readonly (readonly [K, unknown])[];

function daoText(
  kept: Kept<'total' | 'startTotal' | 'epoch' | 'members' | 'nextId' | 'active' | 'enoughSince'> & {
    open: readonly number[];
  },
) {
  const { total, startTotal, epoch, members, nextId, active, enoughSince, open } = kept;
  return written({
    total,
    startTotal,
    epoch,
    members,
    nextId,
    active,
    enoughSince,
    open: open.toSorted((a, b) => a - b),
  });
}

function proposalText(kept: Kept<'status' | 'endAt' | 'yes' | 'no' | 'abstain' | 'voters' | 'eta' | 'expires'>) {
  const { status, endAt, yes, no, abstain, voters, eta, expires } = kept;
  return written({ status, endAt, yes, no, abstain, voters, eta, expires });
}

type StakeKept = Kept<
  | 'own'
  | 'pend'
  | 'inn'
  | 'out'
  | 'exit'
  | 'refundable'
  | 'unsynced'
  | 'lastUse'
  | 'nonce'
  | 'busy'
  | 'joined'
  | 'delegate'
> & { labels: Entries<number>; releases: ReadonlyMap<number, unknown>; votes: Entries<string> };

function stakeText({ labels, releases, votes, ...kept }: StakeKept) {
  const { own, pend, inn, out, exit, refundable, unsynced, lastUse, nonce, busy, joined, delegate } = kept;
  const numbers = { own, pend, inn, out, exit, refundable, unsynced, lastUse, nonce, busy, joined, delegate };
  return written({ ...numbers, labels: byNumber(labels), releases: byNumber([...releases]), votes: byName(votes) });
}

const byNumber = (entries: Entries<number>) => entries.toSorted(([a], [b]) => a - b);
const byName = (entries: Entries<string>) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1));

/** As text, in which the order of an object's fields makes no difference. */
export function written(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
