import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  initialProxyData,
  modelHash,
  packProxyData,
  parseProxyData,
  parseRootData,
  parseWalletData,
  proxyStateInit,
  stateInitAddress,
  walletStateInit,
} from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { Address, beginCell, Cell } from '@ton/core';
import fc from 'fast-check';
import { followTransactions } from '../follow';
import { openPseudoChain, parseRootFile, readRootFile } from './index';

const address = (byte: number) => new Address(0, Buffer.alloc(32, byte));
const ROOT = address(1);

describe('the file that stands in for the root contract', () => {
  it('fills in what the live runners imply', () => {
    const data = parseRootFile({});
    expect(data.params).toMatchObject({
      structVersion: 1,
      uniqueId: 13,
      isTest: true,
      promptMultiplier: 10_000,
      reasoningMultiplier: 10_000,
      proxyDelayBeforeClose: 600,
      clientDelayBeforeClose: 300,
      minProxyStake: 1_000_000_000n,
      minClientStake: 1_000_000_000n,
    });
    expect(data.params.proxyCode?.equals(Cell.EMPTY)).toBe(true);
    expect(data.registeredProxies.size).toBe(0);
  });

  it('reads every key of the live form, numbers as text included, and ignores the ones it does not know', () => {
    const code = beginCell().storeUint(7, 8).endCell();
    const image = Buffer.alloc(32, 5);
    const data = parseRootFile({
      '@type': 'rootConfig.pseudo',
      root_owner_address: address(2).toString(),
      version: '4',
      params_version: 3,
      price_per_token: '20',
      worker_fee_per_token: 19,
      proxy_hashes: [image.toString('base64')],
      worker_hashes: [],
      model_types: ['base@commit:verity'],
      model_names: ['not a key of it'],
      registered_proxies: [{ seqno: '2', address: '127.0.0.1:11001 127.0.0.1:11002' }],
      last_proxy_seqno: 2,
      client_sc_code: code.toBoc().toString('hex'),
    });
    expect(data).toMatchObject({ version: 4, lastProxySeqno: 2, params: { paramsVersion: 3, pricePerToken: 20n } });
    expect(data.owner.equals(address(2))).toBe(true);
    expect([...data.proxyHashes]).toEqual([image.toString('hex')]);
    expect([...data.modelHashes]).toEqual([modelHash('base').toString('hex')]);
    expect(data.registeredProxies.get(2)).toBe('127.0.0.1:11001 127.0.0.1:11002');
    expect(data.params.clientCode?.equals(code)).toBe(true);
  });

  it.each([
    ['price_per_token', { price_per_token: -1 }],
    ['price_per_token', { price_per_token: '1.5' }],
    ['proxy_hashes.0', { proxy_hashes: ['short'] }],
    ['proxy_sc_code', { proxy_sc_code: 'zz' }],
    ['root_owner_address', { root_owner_address: 'me' }],
    ['registered_proxies.0.address', { registered_proxies: [{ seqno: 1 }] }],
    ['worker_fee_per_token', { price_per_token: 1, worker_fee_per_token: 2 }],
  ])('names %s when it is wrong', (key, input) => {
    expect(() => parseRootFile(input)).toThrow(`the key ${key} `);
  });

  it('answers anything else with an error that names the flag', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          parseRootFile(value);
        } catch (error) {
          expect((error as { key?: string }).key).toBe('--disable-ton');
        }
      }),
    );
    expect(() => readRootFile('/nonexistent/root.json')).toThrow('/nonexistent/root.json cannot be read');
  });
});

describe('a chain that is not there', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cocoon-pseudo-'));
  const file = join(dir, 'root.json');
  const key = privateKeyFromSeed(Buffer.alloc(32, 3));
  const wallet = { owner: address(4), key, code: Cell.EMPTY };
  let nowMs = 1_000_000;
  const open = (role: 'client' | 'proxy' | 'worker') =>
    openPseudoChain({ role, file, root: ROOT, wallet, now: () => nowMs });

  beforeAll(() => writeFileSync(file, '{"version": 1}'));
  afterAll(() => rmSync(dir, { recursive: true }));

  const proxy = () => {
    const { params } = parseRootFile({});
    const opts = { owner: address(5), publicKey: rawPublicKey(key), root: ROOT, params };
    const init = proxyStateInit({ ...opts, proxyCode: Cell.EMPTY });
    expect(init.data?.equals(packProxyData(initialProxyData(opts)))).toBe(true);
    return { code: init.code!, data: init.data! };
  };

  it('gives the wallet what the live runners give it', async () => {
    const init = walletStateInit({ publicKey: rawPublicKey(key), owner: wallet.owner, code: Cell.EMPTY });
    const account = await open('worker').account(stateInitAddress(init));
    expect(account).toMatchObject({ status: 'active', balance: 100_000_000_000n });
    expect(parseWalletData(account.data!).seqno).toBe(7);
  });

  it('shows a changed root file at the next look, and says what is wrong with a damaged one', async () => {
    const chain = open('client');
    expect(parseRootData((await chain.account(ROOT)).data!).version).toBe(1);
    writeFileSync(file, '{"version": 2}');
    expect(parseRootData((await chain.account(ROOT)).data!).version).toBe(2);
    writeFileSync(file, '{"version": ');
    await expect(chain.account(ROOT)).rejects.toThrow('cannot be read');
    writeFileSync(file, '{"version": 2}');
  });

  it('presumes a contract once, staked as the network asks', async () => {
    const chain = open('proxy');
    const init = proxy();
    const at = stateInitAddress(init);
    expect((await chain.account(at)).status).toBe('uninit');
    chain.presume(init);
    const { data } = await chain.account(at);
    expect(parseProxyData(data!).stake).toBe(1_000_000_000n);
  });

  it('delivers linked transactions that can be followed, and its time goes on over a restart', async () => {
    const first = open('proxy');
    const init = proxy();
    const at = stateInitAddress(init);
    first.presume(init);
    const body = beginCell().storeUint(1, 32).endCell();
    const sent = [first.deliver(address(6), at, body), first.deliver(address(6), at, body)];
    const seen: bigint[] = [];
    const stop = new AbortController();
    await followTransactions(first, at, {
      pollMs: 1,
      signal: stop.signal,
      onTransaction: async ({ lt }) => {
        if (seen.push(lt) === sent.length) stop.abort();
      },
    });
    expect(seen).toEqual(sent.map(({ lt }) => lt));
    expect(sent[1]?.prevTransactionLt).toBe(sent[0]?.lt);
    nowMs += 1000;
    const again = open('proxy');
    expect((await again.account(at)).last!.lt).toBeGreaterThan(sent[1]!.lt);
  });

  it('refuses what would move money, in words', async () => {
    await expect(open('worker').sendBoc()).rejects.toMatchObject({
      code: 'message-rejected',
      message: expect.stringContaining('--disable-ton'),
    });
  });
});
