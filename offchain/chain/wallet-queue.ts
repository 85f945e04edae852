import { MAX_WALLET_MESSAGES, type WalletMessage } from '@cocoon/sdk';
import type { Transaction } from '@ton/core';
import {
  type Address,
  beginCell,
  type Cell,
  fromNano,
  internal,
  type MessageRelaxed,
  storeMessageRelaxed,
} from '@ton/core';
import type { SentMessage } from './outcome';
import { WalletError } from './wallet-errors';

/** Under this the contract does not obey its key (exit code 1035). */
export const WALLET_MINIMUM = 2_000_000_000n;
/** Kept for gas: one batch of four costs a small part of it. */
export const WALLET_RESERVE = 100_000_000n;

export interface OutMessage {
  to: Address;
  /** nanoTON */
  value: bigint;
  body?: Cell;
  init?: { code: Cell; data: Cell };
  /** Default: only without `init`; a message that deploys must not come back. */
  bounce?: boolean;
  /** Send mode; default 0, and 1 (fees on top) for a message of at most 1 nanoTON. */
  mode?: number;
}

export interface SentTransaction {
  /** The wallet's own transaction; sends that went out together share it. */
  transaction: Transaction;
  /** The messages of this send, in its order. */
  messages: SentMessage[];
}

/** One call of send(): its messages always travel together. */
export interface QueuedSend {
  messages: readonly OutMessage[];
  encoded: WalletMessage[];
  /** nanoTON */
  total: bigint;
  /** Must go alone: a batch with it was refused. */
  alone: boolean;
  /** How often the network refused it. */
  refusals: number;
  /** It is in a message that was signed and may be on its way. */
  signed: boolean;
  resolve(sent: SentTransaction): void;
  reject(error: Error): void;
}

function messageCell(message: MessageRelaxed): Cell {
  return beginCell().store(storeMessageRelaxed(message)).endCell();
}

/** @throws WalletError `wallet-bad-message` */
export function encodeMessages(messages: readonly OutMessage[]): { encoded: WalletMessage[]; total: bigint } {
  const bad = (what: string, cause?: unknown): WalletError =>
    new WalletError('wallet-bad-message', what, { retryable: false, cause });
  if (messages.length === 0 || messages.length > MAX_WALLET_MESSAGES) {
    throw bad(`a send takes 1 to ${MAX_WALLET_MESSAGES} messages, not ${messages.length}; split it`);
  }
  let total = 0n;
  const encoded = messages.map((message, i) => {
    if (message.value < 0n) {
      throw bad(`message ${i} to ${message.to} has the negative value ${message.value} nanoTON`);
    }
    total += message.value;
    const init = message.init;
    try {
      return {
        mode: message.mode ?? (message.value <= 1n ? 1 : 0),
        message: messageCell(
          internal({
            to: message.to,
            value: message.value,
            bounce: message.bounce ?? init === undefined,
            ...(init === undefined ? {} : { init }),
            ...(message.body === undefined ? {} : { body: message.body }),
          }),
        ),
      };
    } catch (error) {
      throw bad(
        `message ${i} to ${message.to} cannot be encoded: ${error instanceof Error ? error.message : error}`,
        error,
      );
    }
  });
  return { encoded, total };
}

/** First in, first out; sends that are too large for what is there fail instead of holding up the others. */
export class SendQueue {
  readonly #waiting: QueuedSend[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  push(send: QueuedSend): void {
    this.#waiting.push(send);
  }

  /** Puts the sends of a batch that did not happen back to the front, in their order. */
  putBack(batch: readonly QueuedSend[]): void {
    this.#waiting.unshift(...batch);
  }

  /** @returns whether it was still waiting */
  remove(send: QueuedSend): boolean {
    const at = this.#waiting.indexOf(send);
    if (at === -1) {
      return false;
    }
    this.#waiting.splice(at, 1);
    return true;
  }

  removeAll(): QueuedSend[] {
    return this.#waiting.splice(0);
  }

  /** The next batch that `balance` (nanoTON) pays for: at most four messages of sends in their order; maybe none. */
  take(balance: bigint, wallet: Address): QueuedSend[] {
    const batch: QueuedSend[] = [];
    let messages = 0;
    let left = balance - WALLET_RESERVE;
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      if (head.total + WALLET_RESERVE > balance) {
        this.#waiting.shift();
        head.reject(
          new WalletError(
            'wallet-insufficient-balance',
            `the wallet ${wallet} holds ${fromNano(balance)} TON and cannot send ${fromNano(head.total)} TON and keep ${fromNano(WALLET_RESERVE)} TON for fees; top it up and send again`,
            { retryable: true },
          ),
        );
        continue;
      }
      const fits = head.total <= left && messages + head.encoded.length <= MAX_WALLET_MESSAGES;
      if (!fits || (batch.length > 0 && (head.alone || batch[0]?.alone === true))) {
        break;
      }
      this.#waiting.shift();
      batch.push(head);
      messages += head.encoded.length;
      left -= head.total;
    }
    return batch;
  }
}
