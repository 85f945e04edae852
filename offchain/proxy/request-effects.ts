import { type ObservedClientRequest, type ObservedWorkerRequest, Op, parseHeader } from '@cocoon/sdk';
import type { Transaction } from '@ton/core';
import { bouncedWhole } from '../chain/requests';
import type { ClientChainState } from './accounts';

/**
 * What a request to the proxy contract leaves in the books of the contract that sent it. A request names the books as they are with
 * it; where it failed they are as without it, or will be once the bounce has arrived.
 */

export type Fate =
  | 'executed'
  /** A top-up that a closing proxy contract sent back to the owner: the client contract counts it all the same. */
  | 'returned'
  /** Thrown back whole: the sender undoes what it booked for it. */
  | 'undone'
  /** Failed, and the sender has booked it all the same: it cannot undo (contracts of the live network). */
  | 'lost';

const CLIENT_STATES = ['normal', 'closing', 'closed'] as const;

export function fateOf(tx: Transaction): Fate {
  const { description } = tx;
  if (description.type === 'generic' && description.computePhase.type === 'vm' && description.computePhase.success) {
    const acted = description.actionPhase?.success ?? true;
    if (acted && !description.aborted) return 'executed';
  }
  return bouncedWhole(tx) ? 'undone' : 'lost';
}

/** As fateOf, for a top-up: carried out, it may still have been sent back. */
export function topUpFate(tx: Transaction): Fate {
  const fate = fateOf(tx);
  const paidOut = tx.outMessages.values().some(({ body }) => parseHeader(body)?.op === Op.payout);
  return fate === 'executed' && paidOut ? 'returned' : fate;
}

/** The worker contract's counter after a request: of a refused payout it takes the tokens back, and is open again. */
export function workerAfter(
  { tokens, state, payload }: ObservedWorkerRequest,
  fate: Fate,
  pricePerToken: bigint,
): { tokens: bigint; state: 'normal' | 'closed' } {
  if (fate !== 'undone' || payload?.kind !== 'payout') return { tokens, state: state === 2 ? 'closed' : 'normal' };
  const refused = pricePerToken === 0n ? 0n : (payload.workerPart + payload.proxyPart) / pricePerToken;
  return { tokens: tokens > refused ? tokens - refused : 0n, state: 'normal' };
}

/**
 * State and balance of the client contract after a request: of a refused refund it takes the balance back, and with anything in it closes no more.
 * A refused top-up stays in the balance here and counts as unbacked, until a report shows that it is gone.
 */
export function clientAfter(
  { state, balance, payload }: ObservedClientRequest,
  fate: Fate,
): { state: (typeof CLIENT_STATES)[number]; balance: bigint } {
  const refund = payload?.kind === 'refundGranted' || payload?.kind === 'refundForce';
  if (fate !== 'undone' || !refund) return { state: CLIENT_STATES[state], balance };
  const back = balance + payload.amount;
  return { state: state === 2 && back > 0n ? 'closing' : CLIENT_STATES[state], balance: back };
}

/** What is still unbacked of coins that a client contract counted and the proxy contract never got, when the next report comes. */
export function stillUnbacked(
  unbacked: bigint,
  before: Pick<ClientChainState, 'balance' | 'tokensUsed'>,
  now: ObservedClientRequest,
  pricePerToken: bigint,
): bigint {
  const { payload } = now;
  const added = payload?.kind === 'topUp' ? payload.amount : 0n;
  const taken = payload?.kind === 'refundGranted' || payload?.kind === 'refundForce' ? payload.amount : 0n;
  // A balance that ran empty has nothing unbacked in it: what is added now is real.
  if (now.balance <= added) return 0n;
  // The bounce is the only thing that lowers a balance without a report.
  const gone = before.balance - (now.tokensUsed - before.tokensUsed) * pricePerToken + added - taken - now.balance;
  if (gone <= 0n) return unbacked;
  return unbacked > gone ? unbacked - gone : 0n;
}
