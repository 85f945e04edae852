import type { KeyObject } from 'node:crypto';
import { ExitCode, rawPublicKey, stateInitAddress, walletStateInit } from '@cocoon/sdk';
import type { Address, Cell, Transaction } from '@ton/core';
import type { Logger } from 'pino';
import { assertSucceeded, type FollowMessageOptions, followMessage } from './outcome';
import type { Chain, ChainError } from './port';
import { followRequest } from './requests';
import { type Sleep, sleepFor, throwUnlessAborted } from './sleep';
import { BatchCarrier, type BatchEnd, type Executed, readWallet, type Seen } from './wallet-carrier';
import { WalletError } from './wallet-errors';
import { encodeMessages, type OutMessage, type QueuedSend, SendQueue, type SentTransaction } from './wallet-queue';
import { closed, lowBalance, refusalFor, rejected } from './wallet-refusals';
import { settle } from './wallet-settle';

export type { OutMessage, SentTransaction } from './wallet-queue';

/** How often a send may be refused for no reason we know before it is given up. */
const MAX_REFUSALS = 5;
const MAX_PAUSE_MS = 30_000;

export interface CocoonWalletOptions {
  chain: Chain;
  /** Ed25519 private key; see privateKeyFromSeed of the SDK. */
  key: KeyObject;
  owner: Address;
  /** Code of the wallet contract. */
  code: Cell;
  logger: Logger;
  /** Default 1 000. */
  pollMs?: number;
  /** How long a signed message may be executed (default 60 s); after that it is built and signed again. */
  validFor?: number;
  /** An unconfirmed message is handed to the network again after this long (default 10 000). */
  resendMs?: number;
  /** Milliseconds, any origin. */
  clock?: () => number;
  sleep?: Sleep;
}

/**
 * The wallet contract a runner signs for. send() queues; one batch of up to four messages is under way at a time, because
 * each takes the next seqno. A batch that was not executed in its time is taken apart and built anew from what the chain
 * says by then, so neither an expired message nor one that is too large can hold up those behind it.
 *
 * Exactly one of two messages signed with one seqno can ever be executed, so sending again is safe. What is queued lives in
 * this process only: after a restart the owner of the intention looks at the chain and sends again what did not happen.
 * One process per key: two that sign the very same messages in the same second sign one message, which is executed once.
 */
export class CocoonWalletSender {
  readonly address: Address;
  readonly #chain: Chain;
  readonly #publicKey: Buffer;
  readonly #init: { code: Cell; data: Cell };
  readonly #logger: Logger;
  readonly #pollMs: number;
  readonly #clock: () => number;
  readonly #sleep: Sleep;
  readonly #carrier: BatchCarrier;
  readonly #queue = new SendQueue();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #batch: readonly QueuedSend[] = [];

  constructor(options: CocoonWalletOptions) {
    this.#chain = options.chain;
    this.#publicKey = rawPublicKey(options.key);
    this.#init = walletStateInit({ publicKey: this.#publicKey, owner: options.owner, code: options.code });
    this.address = stateInitAddress(this.#init);
    this.#logger = options.logger;
    this.#pollMs = options.pollMs ?? 1000;
    this.#clock = options.clock ?? (() => performance.now());
    this.#sleep = options.sleep ?? sleepFor;
    this.#carrier = new BatchCarrier({
      chain: this.#chain,
      wallet: this.address,
      key: options.key,
      init: this.#init,
      logger: this.#logger,
      validFor: options.validFor ?? 60,
      resendMs: options.resendMs ?? 10_000,
      clock: this.#clock,
      pause: () => this.#pause(this.#pollMs),
      signal: this.#closing.signal,
    });
  }

  /** Sends that are waiting or under way. */
  get pending(): number {
    return this.#queue.length + this.#batch.length;
  }

  /**
   * Sends one to four messages in one transaction, first come first served; calls made together share transactions.
   * The signal takes the send out of the queue; once it has been signed only its fate on chain decides.
   * @returns when the wallet's transaction is on chain; what the receivers made of it is for {@link waitForOutcome}
   * @throws WalletError
   */
  send(messages: readonly OutMessage[], options: { signal?: AbortSignal } = {}): Promise<SentTransaction> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) {
        throw closed();
      }
      options.signal?.throwIfAborted();
      const send: QueuedSend = {
        messages,
        ...encodeMessages(messages),
        alone: false,
        refusals: 0,
        signed: false,
        resolve,
        reject,
      };
      options.signal?.addEventListener(
        'abort',
        () => {
          if (!send.signed && this.#queue.remove(send)) {
            reject(
              new WalletError('wallet-aborted', 'the send was taken back before it was signed', {
                retryable: true,
                cause: options.signal?.reason,
              }),
            );
          }
        },
        { once: true },
      );
      this.#queue.push(send);
      this.#running ??= this.#run();
    });
  }

  /**
   * Waits until a message of a send has been received and, where the receiver is a client or worker contract that asks its
   * proxy to move coins, until the proxy has done that.
   * @returns the receiver's transaction
   * @throws OutcomeError when it was refused, bounced or no contract ran, there or at the proxy; ChainError
   */
  async waitForOutcome(sent: SentTransaction, index = 0, options: FollowMessageOptions = {}): Promise<Transaction> {
    const message = sent.messages[index];
    if (message === undefined) {
      throw new WalletError('wallet-bad-message', `the send has ${sent.messages.length} messages, no number ${index}`, {
        retryable: false,
      });
    }
    const following = {
      pollMs: this.#pollMs,
      signal: this.#closing.signal,
      clock: this.#clock,
      sleep: this.#sleep,
      ...options,
    };
    const received = assertSucceeded(await followMessage(this.#chain, message, following), message.destination);
    await followRequest(this.#chain, received, following);
    return received;
  }

  /** Stops. What was not confirmed is rejected; what was signed may still be executed until it expires. */
  async close(): Promise<void> {
    this.#closing.abort();
    // A question to the chain may be under way for long; nothing is signed or sent after its answer any more.
    for (const send of [...this.#batch, ...this.#queue.removeAll()]) {
      send.reject(closed());
    }
    this.#batch = [];
  }

  async #run(): Promise<void> {
    // Callers of the same moment share the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let failures = 0;
    while (this.#queue.length > 0 && !this.#closing.signal.aborted) {
      try {
        await this.#next();
        failures = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) {
          break;
        }
        failures += 1;
        const pause = Math.min(this.#pollMs * 2 ** Math.min(failures, 10), MAX_PAUSE_MS);
        this.#logger.warn(
          {
            wallet: this.address.toString(),
            error: error instanceof Error ? error.message : String(error),
            pauseMs: pause,
          },
          'the wallet could not work; trying again',
        );
        await this.#pause(pause);
      }
    }
    this.#running = undefined;
  }

  async #pause(ms: number): Promise<void> {
    await this.#sleep(ms, this.#closing.signal).catch(throwUnlessAborted(this.#closing.signal));
  }

  /** One batch, from the queue to its end. Throws only what leaves every send where it can be tried again. */
  async #next(): Promise<void> {
    const seen = await this.#look();
    if (seen === undefined) {
      return;
    }
    this.#batch = this.#queue.take(seen.account.balance, this.address);
    if (this.#batch.length === 0) {
      return;
    }
    let end: BatchEnd;
    try {
      end = await this.#carrier.carry(this.#batch, seen);
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        this.#putBack();
      }
      throw error;
    }
    if (end.kind === 'confirmed') {
      this.#settle(end);
    } else if (end.kind === 'dead') {
      this.#putBack();
    } else if (end.kind === 'refused') {
      this.#refused(end.error);
      // Makes the loop pause: the state that was looked at may have been an old one.
      throw end.error;
    }
  }

  #putBack(): void {
    this.#queue.putBack(this.#batch);
    this.#batch = [];
  }

  /** The wallet as it is now, or undefined when there is nothing to send (any more): also after all sends were refused. */
  async #look(): Promise<Seen | undefined> {
    const account = await this.#chain.account(this.address);
    const data = readWallet(account, this.#init.data);
    if (data === undefined) {
      this.#logger.error({ wallet: this.address.toString() }, 'the wallet data cannot be read');
    }
    // First of all, what earlier signed messages have come to: none of their sends may go out twice.
    if (data !== undefined) {
      const executed = await this.#carrier.reconcile(account, data.seqno);
      if (executed !== undefined) {
        this.#settle(executed);
      }
    }
    const refusal = refusalFor(this.address, this.#publicKey, account, data);
    if (refusal !== undefined || data === undefined) {
      for (const send of this.#queue.removeAll()) {
        send.reject(refusal ?? closed());
      }
      return undefined;
    }
    return this.#queue.length === 0 ? undefined : { account, data };
  }

  /** Tells the callers of an executed batch; what else was under way goes back to the queue. */
  #settle({ executed, transaction }: Executed): void {
    const rest = this.#batch.filter((send) => !executed.batch.includes(send));
    this.#batch = [];
    this.#queue.putBack(rest);
    for (const send of executed.batch) {
      this.#queue.remove(send);
    }
    settle(this.address, executed.batch, transaction);
  }

  #refused(cause: ChainError): void {
    const batch = this.#batch;
    this.#batch = [];
    const { exitCode } = cause;
    for (const send of [...batch].reverse()) {
      if (exitCode === ExitCode.walletLowBalance) {
        send.reject(lowBalance(this.address));
        continue;
      }
      send.refusals += 1;
      // One of them may be what spoils the others.
      send.alone = true;
      if (send.refusals < MAX_REFUSALS) {
        this.#queue.putBack([send]);
        continue;
      }
      send.reject(rejected(this.address, cause));
    }
  }
}
