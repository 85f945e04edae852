import type { Address, Transaction, TupleReader } from '@ton/core';
import type { AccountState, Chain, TransactionCursor } from '../port';

/** Passes everything on; tests replace what is to go wrong. */
export class PassingChain implements Chain {
  readonly #inner: Chain;

  constructor(inner: Chain) {
    this.#inner = inner;
  }

  account(address: Address): Promise<AccountState> {
    return this.#inner.account(address);
  }

  transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]> {
    return this.#inner.transactions(address, options);
  }

  runMethod(address: Address, name: string): Promise<TupleReader> {
    return this.#inner.runMethod(address, name);
  }

  sendBoc(boc: Buffer): Promise<void> {
    return this.#inner.sendBoc(boc);
  }

  time(): Promise<number> {
    return this.#inner.time();
  }
}
