import {
  type CocoonParams,
  contractCode,
  initialRootData,
  MAINNET_TERMS,
  modelHash,
  packRootData,
  packWorkerData,
  type WorkerData,
} from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import { MemoryChain } from '../../node/testing/memory-chain';

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

/** Root and worker contracts as a test sets them; everybody else has coins enough and no contract. */
export class FakeChain extends MemoryChain {
  constructor() {
    super(10_000_000_000n);
  }

  /** @param options.models full names; default: those that this folder's tests serve */
  setRoot(options: {
    version: number;
    params?: CocoonParams;
    proxies: readonly string[];
    models?: readonly string[];
    /** of proxies, hex */
    images?: readonly string[];
  }): void {
    const { models = ['m', 'm@abc:def'] } = options;
    const data = packRootData({
      ...initialRootData({ owner: ROOT, params: options.params ?? testParams(), version: options.version }),
      registeredProxies: new Map(options.proxies.map((text, index) => [index + 1, text])),
      lastProxySeqno: options.proxies.length,
      proxyHashes: new Set(options.images),
      modelHashes: new Set(models.map((model) => modelHash(model).toString('hex'))),
    });
    this.set(ROOT, { code: Cell.EMPTY, data });
  }

  setWorker(address: Address, data: WorkerData): void {
    this.set(address, { code: Cell.EMPTY, data: packWorkerData(data) });
  }
}
