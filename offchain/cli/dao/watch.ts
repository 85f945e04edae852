import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperationState } from '@cocoon/sdk';
import { z } from 'zod';
import { ChainError } from '../../chain/port';
import { replaceFile } from '../../node/durable-file';
import { CliError } from '../errors';
import { type Alert, compare, firstState, type Look, type WatchState, watchState } from './alerts';
import { type DaoContext, openVault, readDao, usage } from './context';
import { vaultEvents } from './events';
import { ExitCode } from './exit-codes';
import { type ProposalView, readProposal } from './proposals';
import { toJson } from './text';

/**
 * `watch`: looks again and again, prints what is new, and posts it. What it has seen and not yet delivered is in a file, written before
 * anything is delivered: an alert is told at least once, whatever dies in between.
 */

export interface WatchFlags {
  interval: string;
  state?: string;
  webhook?: string;
  once?: boolean;
}

const WEBHOOK_TIMEOUT_MS = 10_000;

export async function watchDao(context: DaoContext, flags: WatchFlags, signal: AbortSignal): Promise<void> {
  const seconds = Number(flags.interval);
  if (!/^\d{1,5}$/.test(flags.interval) || seconds < 1) {
    throw usage(`--interval ${flags.interval}: no number of seconds.`, 'Give 1 to 99999.');
  }
  if (flags.webhook !== undefined && !/^https?:\/\//.test(flags.webhook)) {
    throw usage(`--webhook ${flags.webhook}: no http(s) URL.`, 'Give where to post alerts.');
  }
  const file = flags.state ?? `.cocoon/dao-watch-${context.network}.json`;
  let state = readState(file, context);
  while (!signal.aborted) {
    try {
      state = await lookOnce(context, state, file);
    } catch (error) {
      if (flags.once || !(error instanceof ChainError) || !error.retryable) throw error;
      process.stderr.write(`${error.message}; looking again in ${seconds} s\n`);
    }
    const problem = state && (await deliver(context, state, file, flags.webhook));
    if (problem) process.stderr.write(`${problem}\n`);
    if (flags.once) {
      if (!problem) return;
      throw new CliError(problem, `${state!.outbox.length} alerts wait in ${file}; the next run tries again.`, {
        exitCode: ExitCode.failed,
      });
    }
    await delay(seconds * 1000, undefined, { signal }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }
}

function readState(file: string, { dao }: DaoContext): WatchState | undefined {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    return undefined;
  }
  let state: WatchState;
  try {
    state = watchState.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}` : error;
    throw usage(
      `The state in ${file} is damaged (${why}).`,
      'Remove it to start afresh; alerts in it are lost.',
      error,
    );
  }
  if (state.dao === dao.toString()) return state;
  throw usage(`The state in ${file} is of another DAO, ${state.dao}.`, 'Give another --state.');
}

async function lookOnce(old: DaoContext, state: WatchState | undefined, file: string): Promise<WatchState> {
  const [now, info] = await Promise.all([old.chain.time(), readDao(old.chain, old.dao)]);
  const context = { ...old, now, info };
  const look = await lookAt(context, state);
  const next = state === undefined ? firstState(look) : compare(state, look);
  await replaceFile(file, `${JSON.stringify(next, null, 2)}\n`);
  if (state === undefined) {
    const open = Object.keys(next.proposals);
    const told = open.length === 0 ? 'no open proposal' : `open: ${open.join(', ')}`;
    process.stderr.write(`Watching ${old.dao} from now on (${told}).\n`);
  }
  return next;
}

async function lookAt(context: DaoContext, state: WatchState | undefined): Promise<Look> {
  const { info, now, dao, chain } = context;
  const ids = new Set<number>();
  if (state === undefined) {
    for (const id of info.open.keys()) ids.add(id);
    for (const [id, operation] of await openVault(context).getOperations()) {
      if (operation.state === OperationState.waiting) ids.add(id);
    }
  } else {
    for (const id of Object.keys(state.proposals)) ids.add(Number(id));
    for (let id = state.nextId; id < info.nextId; id += 1) ids.add(id);
  }
  const proposals: ProposalView[] = [];
  for (const id of ids) {
    const proposal = await readIfThere(context, id);
    if (proposal !== undefined) proposals.push(proposal);
  }
  // Read before the events: what happens in between is told by the next look.
  const { last } = await chain.account(info.vault);
  const range = { after: BigInt(state?.vaultLt ?? last?.lt ?? 0n), limit: Number.MAX_SAFE_INTEGER };
  const events = state === undefined ? [] : await vaultEvents(context, range);
  const vaultLt = events.reduce((most, { lt }) => (lt > most ? lt : most), last?.lt ?? 0n);
  return { dao: dao.toString(), now, total: info.total, nextId: info.nextId, vaultLt, proposals, events };
}

/** Undefined once it has been cleaned up. */
async function readIfThere(context: DaoContext, id: number): Promise<ProposalView | undefined> {
  try {
    return await readProposal(context, id);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === ExitCode.refused) return undefined;
    throw error;
  }
}

/** Changes the state's outbox and saves it. @returns what keeps the webhook from being told */
async function deliver(
  { json, print }: DaoContext,
  state: WatchState,
  file: string,
  webhook: string | undefined,
): Promise<string | undefined> {
  if (state.outbox.length === 0) return undefined;
  for (const alert of state.outbox) {
    if (alert.printed) continue;
    print(json ? toJson(shown(alert)) : `${new Date(alert.at * 1000).toISOString()}  ${alert.kind}: ${alert.text}`);
    alert.printed = true;
  }
  let problem: string | undefined;
  while (webhook !== undefined && state.outbox.length > 0) {
    problem = await post(webhook, state.outbox[0]!);
    if (problem !== undefined) break;
    state.outbox.shift();
  }
  if (webhook === undefined) state.outbox = [];
  await replaceFile(file, `${JSON.stringify(state, null, 2)}\n`);
  return problem;
}

function shown({ printed: _, ...alert }: Alert) {
  return alert;
}

async function post(webhook: string, alert: Alert): Promise<string | undefined> {
  try {
    const response = await fetch(webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(shown(alert)),
      signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `The webhook answered ${response.status} to alert ${alert.id}.`;
  } catch (error) {
    const { message, cause } = error as Error;
    return `The webhook did not take alert ${alert.id}: ${cause instanceof Error ? cause.message || message : message}.`;
  }
}
