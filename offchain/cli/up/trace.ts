import type { Address, Message, Transaction } from '@ton/core';
import type { Chain } from '../../chain/port';

/** One transaction with the account it ran on. */
export interface Step {
  account: Address;
  transaction: Transaction;
}

/** What an external message set off: its transactions in order, their fees (nanoTON) and gas (units). */
export interface Trace {
  steps: Step[];
  fees: bigint;
  gas: bigint;
}

/** Every transaction of the accounts after the given logical time, oldest first. */
export async function transactionsSince(chain: Chain, accounts: readonly Address[], afterLt: bigint): Promise<Step[]> {
  const steps: Step[] = [];
  for (const account of accounts) {
    let before: { lt: bigint; hash: Buffer } | undefined;
    for (;;) {
      const page: Transaction[] = await chain.transactions(account, { limit: 50, before });
      const fresh = page.filter((transaction) => transaction.lt > afterLt);
      steps.push(...fresh.map((transaction) => ({ account, transaction })));
      const last = page.at(-1);
      if (last === undefined || fresh.length < page.length) break;
      before = { lt: last.lt, hash: last.hash() };
    }
  }
  return steps.sort((a, b) => (a.transaction.lt < b.transaction.lt ? -1 : 1));
}

/** Groups transactions into traces, each starting with an external message; follows messages by (source, lt). */
export function traces(steps: readonly Step[]): Trace[] {
  const byIncoming = new Map<string, Step>();
  for (const step of steps) {
    const key = messageKey(step.transaction.inMessage);
    if (key !== undefined) byIncoming.set(key, step);
  }
  return steps
    .filter((step) => step.transaction.inMessage?.info.type === 'external-in')
    .map((root) => follow(root, byIncoming));
}

function follow(root: Step, byIncoming: ReadonlyMap<string, Step>): Trace {
  const trace: Trace = { steps: [], fees: 0n, gas: 0n };
  const queue = [root];
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    trace.steps.push(step);
    trace.fees += feesOf(step.transaction);
    trace.gas += gasUsed(step.transaction);
    for (const message of step.transaction.outMessages.values()) {
      const key = messageKey(message);
      const next = key === undefined ? undefined : byIncoming.get(key);
      if (next !== undefined) queue.push(next);
    }
  }
  return trace;
}

/**
 * What the network took: the transaction's own fees, and of its incoming message the part of the forward fee that
 * goes to whoever delivers it, which no transaction counts as its own.
 */
function feesOf(transaction: Transaction): bigint {
  const info = transaction.inMessage?.info;
  return transaction.totalFees.coins + (info?.type === 'internal' ? info.forwardFee : 0n);
}

/** An internal message is unique by its source and creation time; external ones have neither. */
function messageKey(message: Message | null | undefined): string | undefined {
  if (message?.info.type !== 'internal') return undefined;
  return `${message.info.src.toRawString()}:${message.info.createdLt}`;
}

function gasUsed(transaction: Transaction): bigint {
  const { description } = transaction;
  if (description.type !== 'generic' || description.computePhase.type !== 'vm') return 0n;
  return description.computePhase.gasUsed;
}

/** The 32-bit opcode of a message body; undefined for an empty or shorter one. */
export function opcode(message: Message | null | undefined): number | undefined {
  const body = message?.body.beginParse();
  return body !== undefined && body.remainingBits >= 32 ? body.preloadUint(32) : undefined;
}
