import {
  CellFormatError,
  type ObservedClientRequest,
  type ObservedWorkerRequest,
  parseClientProxyRequest,
  parseSaveState,
  parseWorkerProxyRequest,
} from '@cocoon/sdk';
import type { Address, Cell, Transaction } from '@ton/core';
import type { Logger } from 'pino';
import { type LedgerRecord, LedgerWriteError } from '../ledger';
import type { ClientAccount, WorkerAccount } from './accounts';
import type { Books } from './books';
import { clientAfter, fateOf, stillUnbacked, topUpFate, workerAfter } from './request-effects';

export interface ChainViewOptions {
  books: Books;
  logger: Logger;
  /** Our node's wallet: only its save_state messages count. */
  wallet: Address;
  onSaveState(seqno: number, sessionHash: Buffer, lt: bigint): Promise<void>;
  /** A client contract registered with this nonce (long authentication). */
  onRegister(owner: Address, nonce: bigint): void;
  /** An account changed because of what the chain says. */
  onAccount(account: ClientAccount | WorkerAccount): void;
}

/** Key of the ledger's meta row that says which transaction of the proxy contract was handled last. */
export const FOLLOW_KEY = (proxy: Address) => `follow_lt ${proxy.toRawString()}`;

/**
 * The most coins the ledger can hold, and more than there are. A client contract lets its owner name any stake, coins or not:
 * one that the ledger refuses would otherwise be tried again for ever and keep the view from everything behind it.
 */
const MOST_COINS = 2n ** 63n - 1n;

/**
 * Reads the proxy contract's transactions, oldest first, each once, into the books.
 *
 * Messages of child contracts are believed only from the address derived for the owner they name: most of them carry
 * 1 nanoTON, their execution is skipped for lack of gas, and nothing on chain checks who sent them.
 */
export class ChainView {
  private readonly options: ChainViewOptions;

  constructor(options: ChainViewOptions) {
    this.options = options;
  }

  /** Applies one transaction. Malformed messages are logged and skipped: no peer can stop the view. */
  async apply(tx: Transaction): Promise<void> {
    const { books, logger } = this.options;
    const changed: (ClientAccount | WorkerAccount)[] = [];
    const message = tx.inMessage;
    if (message?.info.type === 'internal' && !message.info.bounced) {
      try {
        await this.applyMessage(message.info.src, message.body, tx, changed);
      } catch (error) {
        if (!(error instanceof CellFormatError)) throw error;
        logger.warn(
          { lt: tx.lt.toString(), from: message.info.src.toString(), reason: error.message },
          'unreadable message to the proxy contract ignored',
        );
      }
    }
    const done: LedgerRecord = {
      kind: 'meta',
      row: { key: FOLLOW_KEY(books.identity.address), value: tx.lt.toString() },
    };
    try {
      await books.write(changed, [done]);
    } catch (error) {
      // The ledger keeps the records and tries again; applying the transaction twice would count it twice.
      if (!(error instanceof LedgerWriteError && error.retryable)) throw error;
    }
    for (const account of changed) this.options.onAccount(account);
  }

  private async applyMessage(
    from: Address,
    body: Cell,
    tx: Transaction,
    changed: (ClientAccount | WorkerAccount)[],
  ): Promise<void> {
    const client = parseClientProxyRequest(body);
    const worker = client ? null : parseWorkerProxyRequest(body);
    const account = client ? this.client(from, client, tx) : worker && this.worker(from, worker, tx);
    if (account) changed.push(account);
    if (client || worker) return;
    const save = parseSaveState(body);
    if (save && from.equals(this.options.wallet)) await this.options.onSaveState(save.seqno, save.uniqueHash, tx.lt);
  }

  private worker(from: Address, message: ObservedWorkerRequest, tx: Transaction): WorkerAccount | undefined {
    const { books, logger } = this.options;
    if (!this.believed(from, books.identity.workerContract(message.owner), message.owner)) return undefined;
    const account = books.openWorker(message.owner);
    this.compare('worker', account, message.tokens, account.state !== 'unknown');
    const fate = message.payload ? fateOf(tx) : 'executed';
    const facts = { worker: account.owner, tokens: message.tokens.toString(), lt: tx.lt.toString() };
    if (fate === 'undone') {
      logger.warn(facts, 'the proxy contract refused a payout; the voucher stays good and can be cashed in later');
    } else if (fate !== 'executed') {
      logger.error(facts, 'the proxy contract could not carry out a payout; the worker is unpaid for these tokens');
    }
    const { tokens, state } = workerAfter(message, fate, books.identity.prices.pricePerToken);
    account.observe(state, tokens);
    return account;
  }

  private client(from: Address, message: ObservedClientRequest, tx: Transaction): ClientAccount | undefined {
    const { books, logger, onRegister } = this.options;
    if (!this.believed(from, books.identity.clientContract(message.owner), message.owner)) return undefined;
    const account = books.openClient(message.owner);
    const { payload } = message;
    if (payload?.kind === 'register' && payload.nonce !== null) onRegister(message.owner, payload.nonce);
    this.compare('client', account, message.tokensUsed, account.chain.state !== 'unknown');
    const before = account.chain;
    const fate = payload?.kind === 'topUp' ? topUpFate(tx) : fateOf(tx);
    const { state, balance } = clientAfter(message, fate);
    const applied = account.observe({
      state,
      balance: bounded(balance),
      stake: bounded(message.stake),
      tokensUsed: message.tokensUsed,
      secretHash: message.secretHash,
    });
    if (!applied) return undefined;
    account.unbacked = stillUnbacked(account.unbacked, before, message, books.identity.prices.pricePerToken);
    if (payload?.kind === 'topUp' && payload.amount > 0n && fate !== 'executed') {
      account.unbacked = bounded(account.unbacked + payload.amount);
      logger.warn(
        { client: account.owner, amount: payload.amount.toString(), fate },
        'a top-up did not reach the proxy contract, or was sent back, and is not credited',
      );
    } else if (fate === 'undone') {
      logger.warn({ client: account.owner, lt: tx.lt.toString() }, 'the proxy contract refused a refund');
    }
    return account;
  }

  /** Only what this ledger holds is ever signed; a contract that settled more was shown another signer's voucher. */
  private compare(role: string, account: ClientAccount | WorkerAccount, settled: bigint, known: boolean): void {
    if (!known || settled <= account.levels.max) return;
    this.options.logger.error(
      { [role]: account.owner, settled: settled.toString(), counted: account.levels.max.toString() },
      'a contract has settled more tokens than this ledger has counted: somebody else signs with machine_specific_private_key; close this proxy and make a new key',
    );
  }

  private believed(from: Address, derived: Address, owner: Address): boolean {
    if (from.equals(derived)) return true;
    this.options.logger.warn(
      { from: from.toString(), owner: owner.toString(), expected: derived.toString() },
      'message in the name of another contract ignored',
    );
    return false;
  }
}

function bounded(coins: bigint): bigint {
  return coins < MOST_COINS ? coins : MOST_COINS;
}
