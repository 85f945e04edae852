import { type Address, type Transaction, TupleReader } from '@ton/core';
import type { AccountState, Chain, ChainError } from '../port';

/** One endpoint as a test wants it to be. */
export class ScriptedChain implements Chain {
  state: AccountState = { balance: 0n, status: 'uninit' };
  nowS: number;
  /** While set, every call fails with it. */
  outage: ChainError | undefined;
  /** While set, messages fail with it. */
  refusal: ChainError | undefined;
  list: Transaction[] = [];
  readonly calls: string[] = [];
  readonly sent: Buffer[] = [];

  constructor(nowS: number) {
    this.nowS = nowS;
  }

  /** @param hash of the newest transaction, as one byte repeated */
  at(lt: bigint, hash = 1, balance = lt): this {
    this.state = { balance, status: 'uninit', last: { lt, hash: Buffer.alloc(32, hash) } };
    return this;
  }

  async account(_address: Address): Promise<AccountState> {
    this.#called('account');
    return this.state;
  }

  async transactions(): Promise<Transaction[]> {
    this.#called('transactions');
    return this.list;
  }

  async runMethod(): Promise<TupleReader> {
    this.#called('runMethod');
    return new TupleReader([{ type: 'int', value: this.state.balance }]);
  }

  async sendBoc(boc: Buffer): Promise<void> {
    this.#called('sendBoc');
    if (this.refusal !== undefined) throw this.refusal;
    this.sent.push(boc);
  }

  async time(): Promise<number> {
    this.#called('time');
    return this.nowS;
  }

  count(call: string): number {
    return this.calls.filter((name) => name === call).length;
  }

  #called(name: string): void {
    this.calls.push(name);
    if (this.outage !== undefined) throw this.outage;
  }
}
