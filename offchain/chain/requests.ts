import { CellFormatError, parseClientProxyRequest, parseWorkerProxyRequest } from '@cocoon/sdk';
import type { Cell, Transaction } from '@ton/core';
import { type FollowMessageOptions, followMessage, type Outcome, OutcomeError, type SentMessage } from './outcome';
import type { Chain } from './port';

/**
 * Clients and workers are contracts that move no coins: each asks its proxy contract to do it, in a second message. Whether an
 * operation has happened is said by the proxy's transaction, not by theirs.
 */

/** Begins a bounce that brings back more than the first bits of a body, where the sender has asked for it (TVM 12). */
const WHOLE_BODY_BOUNCE = 0xffff_fffe;

/** The message by which the receiver of `transaction` asks its proxy to move coins; what only informs the proxy is none. */
export function requestIn(transaction: Transaction): SentMessage | undefined {
  for (const { info, body } of transaction.outMessages.values()) {
    if (info.type !== 'internal' || info.bounced || !movesCoins(body)) {
      continue;
    }
    return { source: info.src, destination: info.dest, createdLt: info.createdLt, value: info.value.coins };
  }
  return undefined;
}

/**
 * Whether the transaction threw its message back whole. Only contracts that undo what they have booked for a request ask for
 * that, so this is how to tell whether a failed request leaves a trace.
 */
export function bouncedWhole(transaction: Transaction): boolean {
  const sent = transaction.inMessage?.body.hash();
  if (sent === undefined) {
    return false;
  }
  return transaction.outMessages.values().some(({ info, body }) => {
    const [original] = body.refs;
    const whole = info.type === 'internal' && info.bounced && body.bits.length >= 32 && original?.hash().equals(sent);
    return whole === true && body.beginParse().loadUint(32) === WHOLE_BODY_BOUNCE;
  });
}

/**
 * Waits until the proxy has carried out what the receiver of a message asked it for.
 * @param received the receiver's transaction
 * @returns the proxy's transaction; undefined when it was not asked for anything
 * @throws OutcomeError `request-refused` (retryable when the receiver has undone its part), and as followMessage
 */
export async function followRequest(
  chain: Chain,
  received: Transaction,
  options: FollowMessageOptions = {},
): Promise<Transaction | undefined> {
  const request = requestIn(received);
  if (request === undefined) {
    return undefined;
  }
  const outcome = await followMessage(chain, request, options);
  if (outcome.result === 'success') {
    return outcome.transaction;
  }
  throw refused(request, outcome);
}

function refused({ source, destination }: SentMessage, outcome: Outcome): OutcomeError {
  const undone = bouncedWhole(outcome.transaction);
  const next = undone
    ? `${source} takes back what it had booked for it, so it can be tried again later`
    : `${source} has booked it all the same; ask who runs the proxy`;
  const why = outcome.result === 'failed' ? describe(outcome) : 'no contract ran there';
  return new OutcomeError('request-refused', `${destination} refused what ${source} asked of it: ${why}; ${next}`, {
    retryable: undone,
    outcome,
  });
}

function describe({ exitCode, exitName, phase }: Extract<Outcome, { result: 'failed' }>): string {
  return `exit code ${exitCode}${exitName === undefined ? '' : ` (${exitName})`} in its ${phase} phase`;
}

function movesCoins(body: Cell): boolean {
  try {
    const payload = (parseClientProxyRequest(body) ?? parseWorkerProxyRequest(body))?.payload;
    return payload != null && payload.kind !== 'register' && payload.kind !== 'unknown';
  } catch (error) {
    // Not in the form of our contracts, so whatever it is, it is no request of theirs.
    if (error instanceof CellFormatError) {
      return false;
    }
    throw error;
  }
}
