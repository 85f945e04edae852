import { exitCodeName } from '@cocoon/sdk';
import { type Address, Cell, fromNano, type Message, type Transaction } from '@ton/core';
import type { SentMessage } from './outcome';
import { WalletError } from './wallet-errors';
import type { OutMessage, QueuedSend } from './wallet-queue';

/** Send modes in which the value of a message is not the one it was written with: the rest of a message, all there is. */
const OTHER_VALUE = 64 | 128;

/**
 * Tells the callers of an executed batch what left: each gets the messages that are its own, in its order. That the seqno is used
 * up says nothing about that: the contract skips what it cannot send, so that the number is used up whatever happens.
 */
export function settle(wallet: Address, batch: readonly QueuedSend[], transaction: Transaction): void {
  const failure = transactionFailure(wallet, batch, transaction);
  const left = transaction.outMessages.values();
  for (const send of batch) {
    if (failure !== undefined) {
      send.reject(failure);
      continue;
    }
    const found = send.messages.map((message) => takeFirst(left, message));
    const messages = found.filter((message) => message !== undefined);
    if (messages.length === found.length) {
      send.resolve({ transaction, messages });
    } else {
      send.reject(skipped(wallet, send, found, transaction));
    }
  }
}

/** The transaction as a whole did nothing. */
function transactionFailure(
  wallet: Address,
  batch: readonly QueuedSend[],
  transaction: Transaction,
): WalletError | undefined {
  const { description, outMessages } = transaction;
  if (description.type === 'generic' && !description.aborted) {
    return undefined;
  }
  const wanted = batch.reduce((count, send) => count + send.messages.length, 0);
  const code = (description.type === 'generic' ? description.actionPhase?.resultCode : undefined) ?? 0;
  const name = exitCodeName(code);
  return new WalletError(
    'wallet-transaction-failed',
    `the wallet ${wallet} executed the message and sent ${outMessages.size} of ${wanted} messages (result code ${code}${name === undefined ? '' : `, ${name}`}); look at transaction ${transaction.hash().toString('hex')} before sending again`,
    { retryable: false, exitCode: code },
  );
}

/** Takes the message out of `left` if it is next: what was sent lies there in the order in which it was to be sent. */
function takeFirst(left: Message[], message: OutMessage): SentMessage | undefined {
  const [next] = left;
  if (next?.info.type !== 'internal' || !isCopy(next, message)) {
    return undefined;
  }
  left.shift();
  const { src, dest, createdLt, value } = next.info;
  return { source: src, destination: dest, createdLt, value: value.coins };
}

function isCopy({ info, body }: Message, message: OutMessage): boolean {
  if (info.type !== 'internal' || !info.dest.equals(message.to) || !body.equals(message.body ?? Cell.EMPTY)) {
    return false;
  }
  if (((message.mode ?? 0) & OTHER_VALUE) !== 0) {
    return true;
  }
  // The forward fee may come off the value; what the message names of it is the two thirds for the validators on the way.
  const fee = message.value - info.value.coins;
  return fee >= 0n && fee <= 2n * info.forwardFee;
}

function skipped(
  wallet: Address,
  { messages }: QueuedSend,
  found: readonly (SentMessage | undefined)[],
  transaction: Transaction,
): WalletError {
  const missing = messages.filter((_, i) => found[i] === undefined);
  const list = missing.map(({ to, value }) => `${fromNano(value)} TON to ${to}`).join(', ');
  const none = missing.length === messages.length;
  const next = none
    ? 'top it up or check the address, and send again'
    : `the other ${messages.length - missing.length} are on their way: look at what they did before sending again`;
  return new WalletError(
    'wallet-message-skipped',
    `the wallet ${wallet} could not send ${list} (too few coins, or an address that takes none; transaction ${transaction.hash().toString('hex')}); ${next}`,
    { retryable: none },
  );
}
