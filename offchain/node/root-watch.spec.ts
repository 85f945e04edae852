import { type CocoonParams, initialRootData, MAINNET_TERMS, packRootData } from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import pino from 'pino';
import { ChainError } from '../chain/port';
import { ManualClock } from '../transport/testing/manual-clock';
import { type RootConfig, RootConfigError, RootWatch, rootStats } from './root-watch';
import { MemoryChain } from './testing/memory-chain';

const ROOT = new Address(0, Buffer.alloc(32, 0x11));
const REFRESH_MS = 30_000;
const RETRY_MS = 2000;
const params: CocoonParams = {
  ...MAINNET_TERMS,
  structVersion: 3,
  paramsVersion: 5,
  isTest: true,
  proxyCode: Cell.EMPTY,
  workerCode: null,
  clientCode: null,
};

let chain: MemoryChain;
let clock: ManualClock;
let logged: { level: number; msg: string; seqno?: number }[];
let changes: [number, number | undefined][];
let watch: RootWatch;

function publish(version: number, proxies: readonly string[] = [], changed: Partial<CocoonParams> = {}): void {
  const data = initialRootData({ owner: ROOT, params: { ...params, ...changed }, version });
  data.registeredProxies = new Map(proxies.map((text, index) => [index + 1, text]));
  chain.set(ROOT, { code: Cell.EMPTY, data: packRootData(data) });
}

/** Lets a reading that has begun come to its end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}

const warnings = () => logged.filter(({ level }) => level === 40).map(({ msg }) => msg);

beforeEach(() => {
  chain = new MemoryChain();
  clock = new ManualClock();
  logged = [];
  changes = [];
  watch = new RootWatch({
    chain,
    address: ROOT,
    isTest: true,
    refreshMs: REFRESH_MS,
    retryMs: RETRY_MS,
    clock,
    logger: pino({}, { write: (line: string) => logged.push(JSON.parse(line)) }),
    onChange: (current, previous) => changes.push([current.version, previous?.version]),
  });
});

describe('watching the root contract', () => {
  it('tells of the first reading and of every higher version, and of nothing else', async () => {
    publish(3);
    watch.start();
    await settled();
    expect(changes).toEqual([[3, undefined]]);
    await pass(REFRESH_MS);
    publish(5, ['127.0.0.1:1 127.0.0.1:2']);
    await pass(REFRESH_MS);
    expect(watch.current?.proxies).toMatchObject([{ seqno: 1, clients: { host: '127.0.0.1', port: 2 } }]);
    // An endpoint that lags behind.
    publish(4);
    await pass(REFRESH_MS);
    expect(changes).toEqual([
      [3, undefined],
      [5, 3],
    ]);
    expect(watch.known.version).toBe(5);
  });

  it('tries again soon until the first reading has succeeded, says the same trouble once, and forgets it', async () => {
    chain.outage = new ChainError('endpoint away', { code: 'unreachable', retryable: true });
    watch.start();
    await settled();
    for (let i = 0; i < 3; i++) await pass(RETRY_MS);
    expect(watch.problem).toBe('endpoint away');
    expect(warnings()).toEqual(['the root contract could not be read: endpoint away']);
    expect(() => watch.known).toThrow('before it has been read');
    chain.outage = undefined;
    publish(1);
    await pass(RETRY_MS);
    expect(watch.problem).toBeUndefined();
    expect(watch.readAtMs).toBe(clock.nowMs());
    expect(clock.nextInMs).toBe(REFRESH_MS);
  });

  it('keeps the last state through an outage, and when the contract changes to another network', async () => {
    publish(1);
    await watch.refresh();
    watch.start();
    chain.outage = new Error('endpoint away');
    await pass(REFRESH_MS);
    expect(watch.current?.version).toBe(1);
    chain.outage = undefined;
    publish(2, [], { isTest: false });
    await pass(REFRESH_MS);
    expect(watch.current?.version).toBe(1);
    expect(watch.problem).toContain('"is_test"');
  });

  it.each([
    ['where no contract is', () => undefined, '"root_contract_address"'],
    ['of another network', () => publish(1, [], { isTest: false }), '"is_test"'],
  ])('refuses a root %s, naming the key to change', async (_what, given, key) => {
    given();
    await expect(watch.refresh()).rejects.toThrow(RootConfigError);
    expect(watch.problem).toContain(key);
  });

  it('leaves out a registered proxy that cannot be dialled, with a warning that names it', async () => {
    publish(1, ['nonsense', '127.0.0.1:1 127.0.0.1:2']);
    expect((await watch.refresh()).proxies.map(({ seqno }) => seqno)).toEqual([2]);
    expect(logged.filter(({ level }) => level === 40)).toMatchObject([{ seqno: 1 }]);
  });

  it('is silent once it is stopped, also when a reading was under way', async () => {
    publish(1);
    watch.start();
    watch.stop();
    await settled();
    watch.start();
    await pass(REFRESH_MS);
    expect(changes).toEqual([]);
    expect(clock.waiting).toBe(0);
  });
});

describe('root_contract_config of /jsonstats', () => {
  it('has prices that take more than 32 bits as they are (B21)', async () => {
    const terms = { pricePerToken: 2n ** 31n + 1n, workerFeePerToken: 2n ** 40n };
    publish(7, [], terms);
    const { params: read } = await watch.refresh();
    expect(read).toMatchObject(terms);
    expect(rootStats(watch.current)).toMatchObject({
      price_per_token: terms.pricePerToken,
      worker_fee_per_token: terms.workerFeePerToken,
    });
  });

  it('has the prices, the proxies and the hash of each code, and is null before the first reading', async () => {
    expect(rootStats(watch.current)).toBeNull();
    publish(7, ['127.0.0.1:1 127.0.0.1:2']);
    const current: RootConfig = await watch.refresh();
    expect(rootStats(current)).toMatchObject({
      version: 7,
      params_version: 5,
      price_per_token: MAINNET_TERMS.pricePerToken,
      registered_proxies: [{ seqno: 1, address_for_clients: '127.0.0.1:2', address_for_workers: '127.0.0.1:1' }],
      proxy_code_hash: Cell.EMPTY.hash().toString('hex'),
      worker_code_hash: '',
    });
  });
});
