import {
  type CocoonParams,
  contractCode,
  initialRootData,
  MAINNET_TERMS,
  packRootData,
  packWorkerData,
  type WorkerData,
} from '@cocoon/sdk';
import { Address, Cell, type Transaction, type TupleReader } from '@ton/core';
import { type AccountState, type Chain, ChainError } from '../../chain/port';

export const ROOT = new Address(0, Buffer.alloc(32, 0x11));

export function testParams(change: Partial<CocoonParams> = {}): CocoonParams {
  const code = (name: 'proxy' | 'worker' | 'client') => Cell.fromBase64(contractCode[name].boc);
  return {
    ...MAINNET_TERMS,
    structVersion: 3,
    paramsVersion: 1,
    isTest: true,
    proxyCode: code('proxy'),
    workerCode: code('worker'),
    clientCode: code('client'),
    ...change,
  };
}

/** Accounts as a test sets them. Nothing is executed. */
export class FakeChain implements Chain {
  readonly #accounts = new Map<string, AccountState>();
  /** While set, every call fails with it. */
  failure: ChainError | undefined;

  setAccount(address: Address, state: AccountState): void {
    this.#accounts.set(address.toRawString(), state);
  }

  setRoot(options: { version: number; params?: CocoonParams; proxies: readonly string[] }): void {
    const data = packRootData({
      ...initialRootData({ owner: ROOT, params: options.params ?? testParams(), version: options.version }),
      registeredProxies: new Map(options.proxies.map((text, index) => [index + 1, text])),
      lastProxySeqno: options.proxies.length,
    });
    this.setAccount(ROOT, { balance: 1n, status: 'active', code: Cell.EMPTY, data });
  }

  setWorker(address: Address, data: WorkerData): void {
    this.setAccount(address, { balance: 1n, status: 'active', code: Cell.EMPTY, data: packWorkerData(data) });
  }

  async account(address: Address): Promise<AccountState> {
    if (this.failure !== undefined) throw this.failure;
    return this.#accounts.get(address.toRawString()) ?? { balance: 10_000_000_000n, status: 'uninit' };
  }

  async transactions(): Promise<Transaction[]> {
    if (this.failure !== undefined) throw this.failure;
    return [];
  }

  runMethod(): Promise<TupleReader> {
    return Promise.reject(new ChainError('no get methods here', { code: 'bad-request', retryable: false }));
  }

  sendBoc(): Promise<void> {
    return Promise.reject(new ChainError('nothing is sent here', { code: 'message-rejected', retryable: false }));
  }

  async time(): Promise<number> {
    return 1_800_000_000;
  }
}
