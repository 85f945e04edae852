import {
  type CocoonParams,
  contractCode,
  initialProxyData,
  MAINNET_TERMS,
  packProxyData,
  proxyStateInit,
  stateInitAddress,
} from '@cocoon/sdk';
import { Address, beginCell, Cell } from '@ton/core';
import { ContractTermsError, contractTerms, worseForClient, worseForWorker } from './contract-terms';
import { MemoryChain } from './testing/memory-chain';

const address = (byte: number) => new Address(0, Buffer.alloc(32, byte));
const ROOT = address(1);
const OWNER = address(2);
const KEY = Buffer.alloc(32, 3);
const release = (name: 'proxy' | 'worker' | 'client') => Cell.fromBase64(contractCode[name].boc);
const other = beginCell().storeStringTail('other code').endCell();

const OLD: CocoonParams = {
  ...MAINNET_TERMS,
  structVersion: 3,
  paramsVersion: 4,
  isTest: true,
  proxyCode: release('proxy'),
  workerCode: release('worker'),
  clientCode: release('client'),
};
/** What the root says after a vote on the price. */
const NEW: CocoonParams = { ...OLD, paramsVersion: 5, pricePerToken: 30n, workerFeePerToken: 28n };

let chain: MemoryChain;
beforeEach(() => {
  chain = new MemoryChain();
});

/** A proxy contract of these terms, on chain. */
function deployed(params: CocoonParams, opts: { root?: Address; owner?: Address; publicKey?: Buffer } = {}): Address {
  const parts = { owner: OWNER, publicKey: KEY, root: ROOT, params, ...opts };
  const init = proxyStateInit({ ...parts, proxyCode: params.proxyCode! });
  const contract = stateInitAddress(init);
  // In use: its data is not its initial one any more.
  const data = packProxyData({ ...initialProxyData(parts), balance: 7n, stake: params.minProxyStake });
  chain.set(contract, { code: init.code, data });
  return contract;
}

const terms = (contract: Address, root = NEW) =>
  contractTerms(chain, { address: ROOT, params: root }, { owner: OWNER, publicKey: KEY, contract });

describe("the terms of a proxy's contract", () => {
  it("are the root's where the address follows from them, without a look at the chain", async () => {
    const contract = deployed(NEW);
    chain.outage = new Error('endpoint away');
    expect(await terms(contract)).toBe(NEW);
  });

  it('are those that it carries where it was deployed under older ones', async () => {
    const found = await terms(deployed(OLD));
    expect(found).toMatchObject({ paramsVersion: 4, pricePerToken: 20n, workerFeePerToken: 19n });
    expect(found.proxyCode?.equals(release('proxy'))).toBe(true);
  });

  it("may come with this release's code after the root has been given another", async () => {
    const root = { ...NEW, proxyCode: other, clientCode: other, workerCode: other };
    expect(await terms(deployed(OLD), root)).toMatchObject({ paramsVersion: 4 });
    expect(await terms(deployed({ ...OLD, clientCode: other }), root)).toMatchObject({ paramsVersion: 4 });
  });

  it.each([
    ['where nothing is', () => address(9), 'there is no contract'],
    [
      'of something else than a proxy',
      () => {
        chain.set(address(9), { code: release('worker'), data: Cell.EMPTY });
        return address(9);
      },
      'what lives there is no proxy contract',
    ],
    ['of another root', () => deployed(OLD, { root: address(8) }), 'another root, owner or key'],
    ['of another owner', () => deployed(OLD, { owner: address(8) }), 'another root, owner or key'],
    ['with another key', () => deployed(OLD, { publicKey: Buffer.alloc(32, 8) }), 'another root, owner or key'],
    ['of another network', () => deployed({ ...OLD, uniqueId: 1 }), 'another network'],
    ['of the main network', () => deployed({ ...OLD, isTest: false }), 'another network'],
    ['of a version that the root has not reached', () => deployed({ ...OLD, paramsVersion: 6 }), 'has version 6'],
    ["that are not the root's, with its version", () => deployed({ ...NEW, pricePerToken: 1n }), 'has version 5'],
    ['with proxy code that nobody knows', () => deployed({ ...OLD, proxyCode: other }), 'proxy code that is neither'],
    [
      'with client code that nobody knows',
      () => deployed({ ...OLD, clientCode: other }),
      'client code that is neither',
    ],
    [
      'with worker code that nobody knows',
      () => deployed({ ...OLD, workerCode: other }),
      'worker code that is neither',
    ],
    ['without client code', () => deployed({ ...OLD, clientCode: null }), 'client code that is neither'],
  ])('are refused %s', async (_what, contract, why) => {
    const asked = terms(contract());
    await expect(asked).rejects.toThrow(ContractTermsError);
    await expect(asked).rejects.toThrow(why);
  });

  it('cannot be told while the chain is away', async () => {
    const contract = deployed(OLD);
    chain.outage = new Error('endpoint away');
    await expect(terms(contract)).rejects.toThrow('endpoint away');
  });
});

describe('terms that are worse than the root has', () => {
  it('are dearer ones for a client, and lower pay for a worker', () => {
    expect([worseForClient(OLD, NEW), worseForWorker(NEW, OLD)]).toEqual([[], []]);
    expect(worseForClient(NEW, OLD)).toEqual(['pricePerToken 30 > 20']);
    expect(worseForWorker(OLD, NEW)).toEqual(['workerFeePerToken 19 < 28']);
  });

  it.each([
    ['promptMultiplier', 1],
    ['cachedMultiplier', 1],
    ['completionMultiplier', 1],
    ['reasoningMultiplier', 1],
    ['minClientStake', 1n],
    ['clientDelayBeforeClose', 1],
  ] as const)('compare %s for a client', (name, value) => {
    const less = { ...OLD, [name]: value };
    expect(worseForClient(OLD, less)).toEqual([`${name} ${OLD[name]} > ${value}`]);
    expect(worseForClient(less, OLD)).toEqual([]);
  });

  it.each(['promptMultiplier', 'cachedMultiplier', 'completionMultiplier', 'reasoningMultiplier'] as const)(
    'compare %s for a worker',
    (name) => {
      const less = { ...OLD, [name]: 1 };
      expect(worseForWorker(less, OLD)).toEqual([`${name} 1 < ${OLD[name]}`]);
      expect(worseForWorker(OLD, less)).toEqual([]);
    },
  );
});
