import {
  type Account,
  type Address,
  Cell,
  getMethodId,
  loadAccount,
  loadTransaction,
  serializeTuple,
  type Transaction,
  type TupleItem,
  type TupleReader,
} from '@ton/core';
import type { Clock } from '../../transport/clock';
import { checkExitCode } from '../get-method';
import { checkHistory } from '../history';
import { type AccountState, type Chain, ChainError, type TransactionCursor } from '../port';
import { isRefusedMessage, messageRejected } from '../refused-message';
import { LiteConnection, type LiteServer } from './connection';
import { proveAccount } from './proof';
import { readStack } from './stack';
import { answers, type BlockId, type LatestBlock, LiteServerRefusal, queries } from './tl';

export type { LiteServer } from './connection';

/** The most transactions a lite server lists in one answer. */
const PAGE = 16;
/** Far above the network's own limit for external messages. */
const MAX_MESSAGE_BYTES = 1 << 16;
/** Where an account's history begins, or has not begun. */
const NO_LT = 0n;

export interface LiteServerOptions {
  server: LiteServer;
  /** File hash of the masterchain's block 0, 32 bytes: a server of another network is not believed. */
  zeroState?: Buffer;
  /** For each answer (default 10 000). */
  timeoutMs?: number;
  clock?: Clock;
}

/**
 * The chain through one lite server. Account states are proven from the hash of the masterchain block that the server names,
 * histories by the hash of their newest transaction; the name of that block and the results of get methods are believed.
 * Failures are not tried again here: see FailoverChain.
 */
export class LiteServerChain implements Chain {
  readonly #connection: LiteConnection;
  readonly #zeroState: Buffer | undefined;
  #newestSeqno = 0;
  #latest: Promise<LatestBlock> | undefined;
  #closed = false;

  constructor(options: LiteServerOptions) {
    const { server, zeroState, timeoutMs = 10_000, clock } = options;
    this.#connection = new LiteConnection({ server, timeoutMs, ...(clock === undefined ? {} : { clock }) });
    this.#zeroState = zeroState;
  }

  async account(address: Address): Promise<AccountState> {
    const { last } = await this.#latestBlock();
    const answer = await this.#ask('getAccountState', queries.account(last, address), answers.account);
    return this.#check('getAccountState', () => {
      const proven = proveAccount(address, last, answer);
      if (proven === undefined) {
        if (answer.state.length > 0) throw new Error('an account where the proof says that there is none');
        return { balance: 0n, status: 'uninit' };
      }
      const cell = Cell.fromBoc(answer.state)[0];
      if (cell === undefined || !cell.hash().equals(proven.hash)) throw new Error('the account is not the proven one');
      const slice = cell.beginParse();
      return accountState(slice.loadBit() ? loadAccount(slice) : undefined, proven.last);
    });
  }

  async transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]> {
    const { limit, before } = options;
    if (before === undefined) {
      const { last } = await this.account(address);
      return last === undefined ? [] : await this.#history(address, last, limit);
    }
    // The server's cursor is inclusive: ask for one more, and check that it is the one we know.
    return (await this.#history(address, before, limit + 1)).slice(1);
  }

  async runMethod(address: Address, name: string, args: TupleItem[] = []): Promise<TupleReader> {
    const { last } = await this.#latestBlock();
    const params = serializeTuple(args).toBoc();
    const run = await this.#ask('runSmcMethod', queries.run(last, address, getMethodId(name), params), answers.run);
    this.#check('runSmcMethod', () => sameBlock(run.block, last));
    checkExitCode(address, name, run.exitCode);
    return this.#check('runSmcMethod', () => {
      if (run.result === undefined) throw new Error('there is no result');
      return readStack(run.result);
    });
  }

  async sendBoc(boc: Buffer): Promise<void> {
    if (boc.length > MAX_MESSAGE_BYTES) {
      throw new ChainError(`a message of ${boc.length} bytes is too long for the network`, {
        code: 'bad-request',
        retryable: false,
      });
    }
    await this.#ask('sendMessage', queries.send(boc), answers.send);
  }

  async time(): Promise<number> {
    return (await this.#latestBlock()).time;
  }

  /** Ends calls under way and makes later ones fail. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connection.close();
  }

  /** Calls that come at the same time share one question. */
  #latestBlock(): Promise<LatestBlock> {
    this.#latest ??= this.#readLatest().finally(() => {
      this.#latest = undefined;
    });
    return this.#latest;
  }

  async #readLatest(): Promise<LatestBlock> {
    const latest = await this.#ask('getMasterchainInfoExt', queries.latest(), answers.latest);
    const { seqno, workchain } = latest.last;
    if (this.#zeroState !== undefined && !latest.zeroStateFileHash.equals(this.#zeroState)) {
      throw new ChainError(
        `the lite server ${this.#connection.name} is of another network than ton_config_filename says`,
        { code: 'bad-answer', retryable: false },
      );
    }
    if (workchain !== -1)
      throw this.#badAnswer('getMasterchainInfoExt', new Error('the block is not the masterchain’s'));
    if (seqno < this.#newestSeqno) {
      throw new ChainError(
        `the lite server ${this.#connection.name} went back from block ${this.#newestSeqno} to ${seqno}`,
        { code: 'stale', retryable: true },
      );
    }
    this.#newestSeqno = seqno;
    return latest;
  }

  async #history(address: Address, from: TransactionCursor, limit: number): Promise<Transaction[]> {
    const found: Transaction[] = [];
    let next = from;
    while (found.length < limit && next.lt !== NO_LT) {
      const count = Math.min(limit - found.length, PAGE);
      const page = await this.#page(address, next, count, found.length > 0);
      if (page === undefined) break;
      found.push(...page);
      const oldest = page.at(-1)!;
      const hash = Buffer.from(oldest.prevTransactionHash.toString(16).padStart(64, '0'), 'hex');
      next = { lt: oldest.prevTransactionLt, hash };
    }
    return found;
  }

  /** Undefined where the server's memory ends and the caller has something already: asking for more will say so. */
  async #page(
    address: Address,
    from: TransactionCursor,
    count: number,
    mayEnd: boolean,
  ): Promise<Transaction[] | undefined> {
    let boc: Buffer;
    try {
      boc = await this.#ask('getTransactions', queries.transactions(address, from, count), answers.transactions);
    } catch (error) {
      if (mayEnd && error instanceof ChainError && error.code === 'not-found') return undefined;
      throw error;
    }
    return this.#check('getTransactions', () => {
      const page = Cell.fromBoc(boc).map((cell) => loadTransaction(cell.beginParse()));
      if (page.length === 0 || page.length > count) throw new Error(`${page.length} transactions of ${count}`);
      checkHistory(page, from);
      return page;
    });
  }

  async #ask<T>(method: string, question: Buffer, read: (answer: Buffer) => T): Promise<T> {
    if (this.#closed) throw new ChainError('the chain is closed', { code: 'aborted', retryable: false });
    const answer = await this.#connection.query(question);
    return this.#check(method, () => read(answer));
  }

  #check<T>(method: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof ChainError) throw error;
      throw error instanceof LiteServerRefusal ? this.#refusal(method, error) : this.#badAnswer(method, error as Error);
    }
  }

  #badAnswer(method: string, cause: Error): ChainError {
    return new ChainError(
      `the answer of the lite server ${this.#connection.name} to ${method} is not to be believed: ${cause.message}`,
      { code: 'bad-answer', retryable: true, cause },
    );
  }

  #refusal(method: string, refusal: LiteServerRefusal): ChainError {
    const { message } = refusal;
    if (method === 'sendMessage' && isRefusedMessage(message)) return messageRejected(message);
    const said = `${message} (code ${refusal.code})`;
    // There is no code for it. Elsewhere the same texts mean a server that is behind.
    if (method === 'getTransactions' && /cannot locate|not in db|cannot find|not found|cannot load/i.test(message)) {
      return new ChainError(
        `the lite server ${this.#connection.name} does not have that transaction: ${said}; use one that keeps old blocks`,
        { code: 'not-found', retryable: false },
      );
    }
    const code = /too many|limit/i.test(refusal.message) ? 'rate-limited' : 'server-error';
    return new ChainError(
      `the lite server ${this.#connection.name} could not answer ${method}: ${said}; try again later`,
      { code, retryable: true },
    );
  }
}

function sameBlock(a: BlockId, b: BlockId): void {
  if (a.seqno !== b.seqno || !a.rootHash.equals(b.rootHash)) throw new Error('it is about another block');
}

function accountState(account: Account | undefined, last: TransactionCursor): AccountState {
  const known = last.lt === NO_LT ? {} : { last };
  if (account === undefined) return { balance: 0n, status: 'uninit', ...known };
  const { balance, state } = account.storage;
  const found: AccountState = { balance: balance.coins, status: state.type, ...known };
  if (state.type === 'active') {
    found.code = state.state.code ?? Cell.EMPTY;
    found.data = state.state.data ?? Cell.EMPTY;
  }
  return found;
}
