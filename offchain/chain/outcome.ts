import { exitCodeName } from '@cocoon/sdk';
import type { Address, Transaction } from '@ton/core';
import { type Chain, ChainError } from './port';
import { type Sleep, sleepFor, throwUnlessAborted } from './sleep';

const PAGE = 20;

/** An internal message that is on chain as sent; `source` and `createdLt` identify it among all messages. */
export interface SentMessage {
  source: Address;
  destination: Address;
  createdLt: bigint;
  /** nanoTON, as it left the sender */
  value: bigint;
}

/** What became of a message at its destination. */
export type Outcome =
  | { result: 'success'; transaction: Transaction }
  /** Coins that arrived at an account without code and stayed there. */
  | { result: 'credited'; transaction: Transaction }
  /** The contract threw, or could not do what it decided (`phase`). The exit code is the contract's or the action phase's. */
  | {
      result: 'failed';
      phase: 'compute' | 'action';
      exitCode: number;
      exitName: string | undefined;
      bounced: boolean;
      transaction: Transaction;
    }
  /** No contract ran. */
  | {
      result: 'skipped';
      reason: 'no-state' | 'bad-state' | 'no-gas' | 'suspended';
      bounced: boolean;
      transaction: Transaction;
    };

export type OutcomeErrorCode =
  | 'message-failed'
  | 'message-skipped'
  /** The receiver did its part, and its proxy contract refused the other half; see ./requests. */
  | 'request-refused'
  | 'outcome-timeout'
  | 'aborted';

/** The message did not do what it was sent for. One line: what happened and what to do. */
export class OutcomeError extends Error {
  readonly code: OutcomeErrorCode;
  readonly retryable: boolean;
  readonly outcome: Outcome | undefined;

  constructor(
    code: OutcomeErrorCode,
    message: string,
    options: { retryable: boolean; outcome?: Outcome; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'OutcomeError';
    this.code = code;
    this.retryable = options.retryable;
    this.outcome = options.outcome;
  }

  get shortMessage(): string {
    return this.message;
  }

  get exitCode(): number | undefined {
    return this.outcome?.result === 'failed' ? this.outcome.exitCode : undefined;
  }
}

/** Reads the result off the transaction that received the message. */
export function outcomeOf(transaction: Transaction): Outcome {
  const { description, inMessage } = transaction;
  if (description.type !== 'generic') {
    return { result: 'success', transaction };
  }
  const { computePhase, actionPhase, bouncePhase } = description;
  const bounced = bouncePhase?.type === 'ok';
  if (computePhase.type === 'skipped') {
    const { reason } = computePhase;
    if (reason === 'no-state' && !bounced && !inMessage?.init) {
      return { result: 'credited', transaction };
    }
    return { result: 'skipped', reason, bounced, transaction };
  }
  if (!computePhase.success) {
    const { exitCode } = computePhase;
    return { result: 'failed', phase: 'compute', exitCode, exitName: exitCodeName(exitCode), bounced, transaction };
  }
  if (actionPhase && !actionPhase.success) {
    const exitCode = actionPhase.resultCode;
    return { result: 'failed', phase: 'action', exitCode, exitName: exitCodeName(exitCode), bounced, transaction };
  }
  return { result: 'success', transaction };
}

/** @throws OutcomeError unless the message succeeded (or its coins simply arrived) */
export function assertSucceeded(outcome: Outcome, destination: Address): Transaction {
  switch (outcome.result) {
    case 'success':
    case 'credited':
      return outcome.transaction;
    case 'failed': {
      const name = outcome.exitName === undefined ? '' : ` (${outcome.exitName})`;
      const back = outcome.bounced ? '; the coins came back' : '';
      throw new OutcomeError(
        'message-failed',
        `${destination} refused the message with exit code ${outcome.exitCode}${name} in its ${outcome.phase} phase${back}; see docs/errors.md for the code`,
        { retryable: false, outcome },
      );
    }
    case 'skipped': {
      const back = outcome.bounced ? 'the coins came back' : 'the coins stayed there';
      const next =
        outcome.reason === 'no-gas' ? 'attach more coins' : 'check the address, or deploy the contract first';
      throw new OutcomeError(
        'message-skipped',
        `no contract ran at ${destination} (${outcome.reason}); ${back}; ${next}`,
        { retryable: false, outcome },
      );
    }
  }
}

export interface FollowMessageOptions {
  /** How long to wait for it to arrive (default 120 000). */
  timeoutMs?: number;
  /** Default 1 000. */
  pollMs?: number;
  signal?: AbortSignal;
  /** Milliseconds, any origin. */
  clock?: () => number;
  sleep?: Sleep;
}

async function findArrival(chain: Chain, message: SentMessage): Promise<Transaction | undefined> {
  let page = await chain.transactions(message.destination, { limit: PAGE });
  for (;;) {
    for (const transaction of page) {
      // A message is received later than it is created, on the logical clock too.
      if (transaction.lt <= message.createdLt) {
        return undefined;
      }
      const info = transaction.inMessage?.info;
      if (info?.type === 'internal' && info.createdLt === message.createdLt && info.src.equals(message.source)) {
        return transaction;
      }
    }
    const oldest = page.at(-1);
    if (oldest === undefined || oldest.prevTransactionLt <= message.createdLt) {
      return undefined;
    }
    page = await chain.transactions(message.destination, {
      limit: PAGE,
      before: { lt: oldest.lt, hash: oldest.hash() },
    });
  }
}

/**
 * Waits until a message has been received and tells what became of it, good or bad.
 * @throws OutcomeError `outcome-timeout` or `aborted`; ChainError when the chain cannot be asked
 */
export async function followMessage(
  chain: Chain,
  message: SentMessage,
  options: FollowMessageOptions = {},
): Promise<Outcome> {
  const { timeoutMs = 120_000, pollMs = 1000, signal, clock = () => performance.now(), sleep = sleepFor } = options;
  const deadline = clock() + timeoutMs;
  for (;;) {
    if (signal?.aborted === true) {
      throw new OutcomeError('aborted', `nobody waits any more for the message to ${message.destination}`, {
        retryable: true,
        cause: signal.reason,
      });
    }
    const transaction = await findArrival(chain, message).catch((error: unknown) => {
      // The message is on chain: a spell of bad connection is no reason to stop looking before the time is up.
      if (error instanceof ChainError && error.retryable && clock() < deadline) {
        return undefined;
      }
      throw error;
    });
    if (transaction !== undefined) {
      return outcomeOf(transaction);
    }
    if (clock() >= deadline) {
      throw new OutcomeError(
        'outcome-timeout',
        `the message to ${message.destination} (created at lt ${message.createdLt}) did not arrive within ${timeoutMs} ms; it is on chain and still may, look at the account before sending again`,
        { retryable: false },
      );
    }
    await sleep(pollMs, signal).catch(throwUnlessAborted(signal));
  }
}
