import { exitCodeMeaning, exitCodeName, opName } from '@cocoon/sdk';
import type { Address, Message, Transaction } from '@ton/core';
import { followMessage, type Outcome, OutcomeError } from '../../chain/outcome';
import type { Chain } from '../../chain/port';
import { CliError } from '../errors';
import { ExitCode } from './exit-codes';
import { ton } from './text';

/** One message that arrived, and what became of it. */
export interface Hop {
  to: string;
  name: string;
  op: string;
  ok: boolean;
  outcome: string;
  transaction: Transaction;
}

export interface FollowOptions {
  chain: Chain;
  /** accounts whose part is waited for, by raw address */
  names: ReadonlyMap<string, string>;
  pollMs: number;
  report: (hop: Hop) => void;
}

/** Longer than this and people want to know why. */
const STUCK_MS = 120_000;

/** Everything that the message set off at accounts that are named, in the order of travel. */
export async function followTree(message: Message, options: FollowOptions): Promise<Hop[]> {
  const { info } = message;
  if (info.type !== 'internal') return [];
  const name = options.names.get(info.dest.toRawString());
  if (name === undefined) return [];
  const sent = { source: info.src, destination: info.dest, createdLt: info.createdLt, value: info.value.coins };
  const outcome = await followMessage(options.chain, sent, { timeoutMs: STUCK_MS, pollMs: options.pollMs }).catch(
    (error: unknown) => {
      if (!(error instanceof OutcomeError)) throw error;
      throw new CliError(
        `${operation(message)} has been on its way to the ${name} for more than 2 minutes.`,
        `The chain is busy, or the endpoint lags behind. Nothing is lost and nothing needs to be sent again; look at ${info.dest} and run \`cocoon dao show\` or \`status\`.`,
        { exitCode: ExitCode.unknown, cause: error },
      );
    },
  );
  const ok = outcome.result === 'success' || outcome.result === 'credited';
  const hop: Hop = {
    to: info.dest.toString(),
    name,
    op: operation(message),
    ok,
    outcome: outcomeText(outcome),
    transaction: outcome.transaction,
  };
  options.report(hop);
  const hops = [hop];
  for (const next of outcome.transaction.outMessages.values()) hops.push(...(await followTree(next, options)));
  return hops;
}

export function operation({ info, body }: Message): string {
  if (info.type === 'internal' && info.bounced) return 'bounced message';
  if (body.bits.length < 32) return 'coins';
  const op = body.beginParse().loadUint(32);
  return opName(op) ?? `0x${op.toString(16).padStart(8, '0')}`;
}

export function outcomeText(outcome: Outcome): string {
  switch (outcome.result) {
    case 'success':
    case 'credited':
      return 'ok';
    case 'skipped':
      return `no contract ran (${outcome.reason})`;
    case 'failed': {
      const name = exitCodeName(outcome.exitCode);
      const why = name === undefined ? '' : ` ${name}: ${exitCodeMeaning[name]}`;
      return `exit code ${outcome.exitCode}${why}${outcome.bounced ? '; the coins come back' : ''}`;
    }
  }
}

/** What validators took for the sender's coins: gas and the way of messages, without rent. @param treasuryPays names of accounts */
export function paidBySender(hops: readonly Hop[], treasuryPays: readonly string[] = []): bigint {
  const theirs = new Set(hops.filter(({ name }) => treasuryPays.includes(name)).map(({ to }) => to));
  let fees = 0n;
  for (const { to, transaction } of hops) {
    const { inMessage, totalFees, description, outMessages } = transaction;
    const from = inMessage?.info.type === 'internal' ? inMessage.info.src.toString() : '';
    if (theirs.has(to) || theirs.has(from)) continue;
    const rent = description.type === 'generic' ? (description.storagePhase?.storageFeesCollected ?? 0n) : 0n;
    fees += totalFees.coins - rent;
    for (const { info } of outMessages.values()) if (info.type === 'internal') fees += info.forwardFee;
  }
  return fees;
}

export function hopLine({ name, op, outcome, transaction }: Hop): string {
  const { inMessage } = transaction;
  const value = inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n;
  return `  ${op} -> ${name}: ${outcome} (${ton(value)} arrived)`;
}

/** The answer with this operation that arrived at the account, behind op and query id. */
export function answerIn(hops: readonly Hop[], op: number, at: Address) {
  for (const { transaction, to } of hops) {
    const body = transaction.inMessage?.body.beginParse();
    if (to !== at.toString() || body === undefined || body.remainingBits < 96) continue;
    if (body.loadUint(32) === op) return body.skip(64);
  }
  return undefined;
}
