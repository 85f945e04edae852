import type { Address, Cell, Transaction, TupleReader } from '@ton/core';
import { type AccountState, type Chain, ChainError } from '../../chain/port';

/** Accounts as a test sets them. Nothing is executed. */
export class MemoryChain implements Chain {
  readonly #accounts = new Map<string, AccountState>();
  readonly #elsewhere: bigint;
  #lt = 0n;
  /** While set, every call fails with it. */
  outage: Error | undefined;

  /** @param elsewhere nanoTON of accounts that were not set */
  constructor(elsewhere = 0n) {
    this.#elsewhere = elsewhere;
  }

  set(address: Address, state: { code: Cell; data: Cell; balance?: bigint }): void {
    // As on a real chain, every change has its own logical time.
    this.#lt += 1n;
    const last = { lt: this.#lt, hash: Buffer.alloc(32) };
    this.#accounts.set(address.toRawString(), { balance: 1_000_000_000n, status: 'active', last, ...state });
  }

  /** No contract there any more. */
  remove(address: Address): void {
    this.#accounts.delete(address.toRawString());
  }

  /** undefined when nothing was set there. */
  dataOf(address: Address): Cell | undefined {
    return this.#accounts.get(address.toRawString())?.data;
  }

  async account(address: Address): Promise<AccountState> {
    if (this.outage !== undefined) throw this.outage;
    return this.#accounts.get(address.toRawString()) ?? { balance: this.#elsewhere, status: 'uninit' };
  }

  async transactions(): Promise<Transaction[]> {
    if (this.outage !== undefined) throw this.outage;
    return [];
  }

  async runMethod(): Promise<TupleReader> {
    throw new ChainError('no get methods here', { code: 'bad-request', retryable: false });
  }

  async sendBoc(): Promise<void> {
    throw new ChainError('nothing is sent here', { code: 'message-rejected', retryable: false });
  }

  async time(): Promise<number> {
    return 1_800_000_000;
  }
}
