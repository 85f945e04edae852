import { exitCodeMeaning, exitCodeName, opName } from '@cocoon/sdk';
import type { Address, Cell, Transaction } from '@ton/core';
import { tonAmount } from './format';

/** What became of one message at its destination. */
export interface Hop {
  from: Address | undefined;
  to: Address;
  /** name of the operation, `text`, `empty`, or the number in hex */
  op: string;
  /** nanoTON that arrived with it */
  value: bigint;
  /** nanoTON that validators took: gas, rent, and the way of the messages it sent */
  fees: bigint;
  ok: boolean;
  /** `ok`, or what happened instead, exit codes by name */
  outcome: string;
}

/** @returns undefined for what is no message (tick-tock and such) */
export function hopOf(transaction: Transaction, account: Address): Hop | undefined {
  const { inMessage } = transaction;
  if (!inMessage) return undefined;
  const internal = inMessage.info.type === 'internal' ? inMessage.info : undefined;
  let fees = transaction.totalFees.coins;
  for (const { info } of transaction.outMessages.values()) if (info.type === 'internal') fees += info.forwardFee;
  return {
    from: internal?.src,
    to: account,
    op: internal?.bounced === true ? 'bounced message' : operationOf(inMessage.body),
    value: internal?.value.coins ?? 0n,
    fees,
    ...outcomeOf(transaction),
  };
}

export function operationOf(body: Cell): string {
  if (body.bits.length < 32) return 'empty';
  const slice = body.beginParse();
  const op = slice.loadUint(32);
  if (op === 0) return slice.remainingBits === 8 ? `text "${String.fromCharCode(slice.loadUint(8))}"` : 'text';
  return opName(op) ?? `0x${op.toString(16).padStart(8, '0')}`;
}

/** A code with its name and meaning, as far as this network knows it. */
export function exitCodeText(code: number): string {
  const name = exitCodeName(code);
  return name === undefined ? `exit code ${code}` : `exit code ${code} ${name}: ${exitCodeMeaning[name]}`;
}

function outcomeOf({ description, inMessage }: Transaction): { ok: boolean; outcome: string } {
  if (description.type !== 'generic') return { ok: true, outcome: 'ok' };
  const { computePhase, actionPhase, bouncePhase } = description;
  const back = bouncePhase?.type === 'ok' ? '; the coins come back' : '';
  if (computePhase.type === 'skipped') {
    const { reason } = computePhase;
    const value = inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n;
    // A notification carries one nanoTON on purpose: it is to be read off the chain, not to be executed.
    if (reason === 'no-gas' && value <= 1n) return { ok: true, outcome: 'ok (a notification)' };
    if (reason === 'no-state' && back === '' && !inMessage?.init) return { ok: true, outcome: 'ok (coins received)' };
    const why = { 'no-gas': 'too few coins for gas', 'no-state': 'there is no contract' } as Record<string, string>;
    return { ok: false, outcome: `not executed: ${why[reason] ?? reason}${back}` };
  }
  if (!computePhase.success) return { ok: false, outcome: `${exitCodeText(computePhase.exitCode)}${back}` };
  if (actionPhase && !actionPhase.success) {
    return { ok: false, outcome: `could not send its messages, ${exitCodeText(actionPhase.resultCode)}${back}` };
  }
  return { ok: true, outcome: 'ok' };
}

/** Names of the accounts that play a part, by raw address. */
export type Names = ReadonlyMap<string, string>;

export function nameOf(names: Names, address: Address | undefined): string {
  if (address === undefined) return 'outside';
  return names.get(address.toRawString()) ?? shortened(address);
}

/** One line for each message, in the order of execution. */
export function traceLines(hops: readonly Hop[], names: Names): string {
  return hops
    .map(
      ({ from, to, op, value, fees, outcome }, index) =>
        `  ${index + 1}. ${nameOf(names, from)} → ${nameOf(names, to)}  ${op}  ${tonAmount(value)}  ${outcome}  (fees ${tonAmount(fees)})`,
    )
    .join('\n');
}

function shortened(address: Address): string {
  const text = address.toString();
  return `${text.slice(0, 6)}…${text.slice(-4)}`;
}
