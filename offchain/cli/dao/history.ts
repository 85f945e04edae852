import { Address } from '@ton/core';
import { table } from '../format';
import { type DaoContext, usage } from './context';
import { daoEvents } from './events';
import { readStake, stakeOf } from './status';
import { percent, toJson, ton } from './text';

/** `history` and `delegates`: what only the messages tell. */

export async function showHistory(context: DaoContext, flags: { limit: string; member?: Address | undefined }) {
  if (!/^[1-9]\d{0,4}$/.test(flags.limit))
    throw usage(`--limit ${flags.limit}: no number of events.`, 'Give 1 to 99999.');
  const member = flags.member?.toString();
  const all = await daoEvents(context, member === undefined ? Number(flags.limit) : Number.MAX_SAFE_INTEGER);
  const events = all.filter(({ by }) => member === undefined || by === member).slice(0, Number(flags.limit));
  if (context.json) return context.print(toJson(events));
  if (events.length === 0) return context.print('Nothing has happened yet.');
  for (const { at, text } of events)
    context.print(`${new Date(at * 1000).toISOString().replace('.000Z', 'Z')}  ${text}`);
}

interface Delegate {
  delegate: string;
  own: bigint;
  delegated: bigint;
  from: { member: string; amount: bigint }[];
}

/** Every member that the Dao ever heard of is asked for its delegate. */
async function readDelegates(context: DaoContext): Promise<Delegate[]> {
  const events = await daoEvents(context, Number.MAX_SAFE_INTEGER);
  const members = new Map(events.flatMap(({ kind, by }) => (kind === 'staked' && by ? [[by, by] as const] : [])));
  const found = new Map<string, Delegate>();
  for (const member of members.keys()) {
    const stake = await readStake(context, Address.parse(member));
    if (stake === null || stake.out === 0n || stake.delegate === null) continue;
    const key = stake.delegate.toString();
    const known = found.get(key) ?? { delegate: key, own: 0n, delegated: 0n, from: [] };
    known.delegated += stake.out;
    known.from.push({ member, amount: stake.out });
    found.set(key, known);
  }
  for (const delegate of found.values()) {
    const stake = stakeOf(context, Address.parse(delegate.delegate));
    delegate.own = (await stake.getData()).own;
  }
  return [...found.values()].sort((a, b) => Number(b.own + b.delegated - (a.own + a.delegated)));
}

export async function showDelegates(context: DaoContext): Promise<void> {
  const delegates = await readDelegates(context);
  if (context.json) return context.print(toJson(delegates));
  if (delegates.length === 0) return context.print('Nobody has delegated anything.');
  const lines = delegates.map(({ delegate, own, delegated, from }) => [
    delegate,
    ton(own),
    ton(delegated),
    String(from.length),
    percent(own + delegated, context.info.total),
  ]);
  const right = 'right' as const;
  const head = ['delegate', 'own', 'delegated', 'members', 'of all stake'];
  context.print(table([head, ...lines], ['left', right, right, right, right], ''));
}
