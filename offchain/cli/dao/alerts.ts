import { hasQuorum, isFinal, printable } from '@cocoon/sdk';
import { z } from 'zod';
import type { DaoEvent } from './events';
import type { ProposalView } from './proposals';
import { percent, ton, when } from './text';

/** What is worth waking somebody for: the difference between what a watcher saw last and what is there now. No I/O. */

export const ALERT_KINDS = [
  'proposed',
  'critical',
  'quorum',
  'extended',
  'queued',
  'eta',
  'ended',
  'guardian',
  'stake',
] as const;

const alert = z.object({
  /** counts up; a receiver that has seen it may drop it */
  id: z.number(),
  kind: z.enum(ALERT_KINDS),
  /** the chain's clock, unix seconds */
  at: z.number(),
  text: z.string(),
  proposal: z.number().optional(),
  printed: z.boolean().default(false),
});
export type Alert = z.infer<typeof alert>;

const seenProposal = z.object({
  endAt: z.number(),
  quorum: z.boolean(),
  queued: z.boolean(),
  etaTold: z.boolean(),
});
type SeenProposal = z.infer<typeof seenProposal>;

/** What a watcher keeps between its looks, and between its runs. */
export const watchState = z.object({
  version: z.literal(1),
  dao: z.string(),
  /** nanoTON: all stake when it was last told, or first seen */
  total: z.string().regex(/^\d+$/),
  nextId: z.number(),
  /** logical time of the newest transaction of the Vault that was looked at */
  vaultLt: z.string().regex(/^\d+$/),
  /** those that can still change, by number */
  proposals: z.record(z.string(), seenProposal),
  nextAlert: z.number(),
  /** told to nobody yet, or not to everybody; oldest first */
  outbox: z.array(alert),
});
export type WatchState = z.infer<typeof watchState>;

export interface Look {
  dao: string;
  /** unix seconds */
  now: number;
  total: bigint;
  nextId: number;
  vaultLt: bigint;
  /** those that the state knows as open, and all newer ones */
  proposals: readonly ProposalView[];
  /** of the Vault since the last look, newest first */
  events: readonly DaoEvent[];
}

const DAY = 86_400;

/** The first look: nothing is news. */
export function firstState(look: Look): WatchState {
  return after(
    {
      version: 1,
      dao: look.dao,
      total: look.total.toString(),
      nextId: 1,
      vaultLt: '0',
      proposals: {},
      nextAlert: 1,
      outbox: [],
    },
    { ...look, events: [] },
    [],
  );
}

/** @returns the state with the news in its outbox */
export function compare(state: WatchState, look: Look): WatchState {
  const news: Omit<Alert, 'id' | 'at' | 'printed'>[] = [];
  for (const proposal of [...look.proposals].sort((a, b) => a.id - b.id)) {
    news.push(...ofProposal(proposal, state.proposals[proposal.id], look.now));
  }
  const guardian = look.events.filter((event) => event.guardian).reverse();
  for (const { text, proposal } of guardian) {
    news.push({ kind: 'guardian', text, ...(proposal === undefined ? {} : { proposal }) });
  }
  const before = BigInt(state.total);
  const jumped = jump(before, look.total);
  if (jumped) news.push({ kind: 'stake', text: jumped });
  const next = after(state, look, news);
  return jumped ? { ...next, total: look.total.toString() } : next;
}

function after(state: WatchState, look: Look, news: readonly Omit<Alert, 'id' | 'at' | 'printed'>[]): WatchState {
  const alerts = news.map((each, i): Alert => ({ id: state.nextAlert + i, at: look.now, printed: false, ...each }));
  const open = look.proposals.filter((proposal) => !isFinal(proposal.state));
  return {
    ...state,
    nextId: look.nextId,
    vaultLt: look.vaultLt.toString(),
    proposals: Object.fromEntries(open.map((proposal) => [proposal.id, seen(proposal, look.now)])),
    nextAlert: state.nextAlert + alerts.length,
    outbox: [...state.outbox, ...alerts],
  };
}

function seen(proposal: ProposalView, now: number): SeenProposal {
  return {
    endAt: proposal.endAt,
    quorum: hasQuorum(proposal, proposal),
    queued: wasQueued(proposal),
    etaTold: isNear(proposal, now),
  };
}

/** Also of one that has been executed since. */
function wasQueued({ state }: ProposalView): boolean {
  return ['queued', 'ready', 'executed', 'vetoed'].includes(state);
}

function isNear({ state, eta }: ProposalView, now: number): boolean {
  return state === 'ready' || (state === 'queued' && eta - now <= DAY);
}

function ofProposal(proposal: ProposalView, before: SeenProposal | undefined, now: number) {
  const { id, state, critical, endAt, eta, total, yes, no, abstain, quorum } = proposal;
  const title = printable(proposal.payload.title);
  const news: Omit<Alert, 'id' | 'at' | 'printed'>[] = [];
  const tell = (kind: Alert['kind'], text: string) =>
    news.push({ kind, text: `proposal ${id} (${title}) ${text}`, proposal: id });
  if (before === undefined) {
    tell('proposed', `was made; voting from ${when(proposal.startAt, now)} to ${when(endAt, now)}`);
    if (critical) tell('critical', 'is critical: read its actions with `cocoon dao show`');
  }
  if (before !== undefined && endAt > before.endAt) {
    tell('extended', `goes on: a late turn of the result moved its end to ${when(endAt, now)}`);
  }
  const is = seen(proposal, now);
  if (is.quorum && !before?.quorum) {
    const cast = `${percent(yes + abstain, total)} for or abstaining, ${percent(no, total)} against`;
    tell('quorum', `has its quorum of ${ton(quorum)}: ${cast}, it would ${proposal.passing ? '' : 'not '}pass now`);
  }
  if (is.queued && !before?.queued) tell('queued', `is queued; it can be executed ${when(eta, now)}`);
  if (is.etaTold && !before?.etaTold) tell('eta', `can be executed ${when(eta, now)}`);
  if (isFinal(state)) tell('ended', `is ${state}`);
  return news;
}

/** More than a twentieth, up or down, since it was last told. */
function jump(before: bigint, now: bigint): string | undefined {
  const change = now > before ? now - before : before - now;
  if (change === 0n || change * 20n <= before) return undefined;
  return `the stake went from ${ton(before)} to ${ton(now)}${before === 0n ? '' : `, ${percent(change, before)} ${now > before ? 'more' : 'less'}`}`;
}
