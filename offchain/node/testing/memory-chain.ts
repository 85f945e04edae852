import { CocoonState, type ProxyBooks } from '@cocoon/sdk';
import { type Address, beginCell, type Cell, type Transaction, type TupleItem, TupleReader } from '@ton/core';
import { type AccountState, type Chain, ChainError } from '../../chain/port';

/** Accounts, and what their get methods answer, as a test sets them. Nothing is executed. */
export class MemoryChain implements Chain {
  readonly #accounts = new Map<string, AccountState>();
  readonly #answers = new Map<string, TupleItem[]>();
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

  /** What the get methods of a proxy contract say; until then it has none, like those of the live network. */
  setBooks(proxy: Address, books: Partial<ProxyBooks>, state: CocoonState = CocoonState.normal): void {
    const { escrow = 0n, earned = 0n, payable = 0n, backedStake = 0n, clients = 0 } = books;
    const int = (value: bigint | number): TupleItem => ({ type: 'int', value: BigInt(value) });
    const address: TupleItem = { type: 'slice', cell: beginCell().storeAddress(proxy).endCell() };
    const rest = [state, 0, 0, 0, 20, 19, 0, 0, 1].map(int);
    this.#answers.set(`${proxy} get_cocoon_proxy_books`, [escrow, earned, payable, backedStake, clients].map(int));
    this.#answers.set(`${proxy} get_cocoon_proxy_data`, [address, int(1), address, ...rest]);
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

  async runMethod(address: Address, name: string): Promise<TupleReader> {
    if (this.outage !== undefined) throw this.outage;
    const answer = this.#answers.get(`${address} ${name}`);
    if (answer !== undefined) return new TupleReader([...answer]);
    throw new ChainError(`${address} has no get method ${name}`, { code: 'exit-code', exitCode: 11, retryable: false });
  }

  async sendBoc(): Promise<void> {
    throw new ChainError('nothing is sent here', { code: 'message-rejected', retryable: false });
  }

  async time(): Promise<number> {
    return 1_800_000_000;
  }
}
