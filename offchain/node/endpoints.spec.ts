import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Address } from '@ton/core';
import pino from 'pino';
import { z } from 'zod';
import { FakeNetwork } from '../chain/lite-server/testing/network';
import { FakeLiteServer, honest } from '../chain/lite-server/testing/server';
import { nodeKeys, parseConfig } from './config';
import { type ChainConfig, type OpenChain, openEndpoint } from './endpoints';

const logger = pino({ level: 'silent' });
const root = Address.parseRaw(`0:${'11'.repeat(32)}`);
const other = Address.parseRaw(`0:${'22'.repeat(32)}`);
const directory = mkdtempSync(join(tmpdir(), 'cocoon-endpoints-'));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let files = 0;
function file(text: string): string {
  const path = join(directory, `${++files}`);
  writeFileSync(path, text);
  return path;
}

function configure(keys: Record<string, unknown>): ChainConfig {
  const input = {
    owner_address: other.toString(),
    root_contract_address: root.toString(),
    node_wallet_key: Buffer.alloc(32).toString('base64'),
    ...keys,
  };
  return { ...parseConfig(z.object(nodeKeys), input, logger), tonApiKey: undefined };
}

function open(keys: Record<string, unknown>): OpenChain {
  const opened = openEndpoint(configure(keys), logger);
  closers.push(opened.close);
  return opened;
}

async function liteServer(network: FakeNetwork): Promise<FakeLiteServer> {
  const server = await new FakeLiteServer(honest(network)).start();
  closers.push(() => server.stop());
  return server;
}

/** As the live runners have it in ton_config_filename. */
function networkFile(servers: readonly FakeLiteServer[], zeroState: Buffer): string {
  const liteservers = servers.map(({ address }) => ({
    ip: 0x7f000001,
    port: address.port,
    id: { '@type': 'pub.ed25519', key: address.key.toString('base64') },
  }));
  const zero = { file_hash: zeroState.toString('base64') };
  return file(JSON.stringify({ liteservers, validator: { zero_state: zero } }));
}

interface Toncenter {
  url: string;
  last: { lt: bigint; hash: Buffer };
  keys: (string | undefined)[];
  balance: string;
}

/** Knows one account state, for every address. */
async function toncenter(last: { lt: bigint; hash: Buffer }, time: number): Promise<Toncenter> {
  const told: Toncenter = { url: '', last, keys: [], balance: '5' };
  const server = createServer((request, response) => {
    told.keys.push(request.headers['x-api-key'] as string | undefined);
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const id = { lt: told.last.lt.toString(), hash: told.last.hash.toString('base64') };
      const account = { balance: told.balance, state: 'uninitialized', code: '', data: '', last_transaction_id: id };
      const block = { workchain: -1, shard: '0', seqno: 1 };
      const answers: Record<string, unknown> = {
        getAddressInformation: account,
        getMasterchainInfo: { last: block },
        getBlockHeader: { gen_utime: time },
      };
      response.end(JSON.stringify({ ok: true, result: answers[JSON.parse(body).method] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  told.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/jsonRPC`;
  return told;
}

describe('the way to the chain', () => {
  it('is over the lite servers of ton_config_filename when no endpoint is given, and outlives one of them', async () => {
    const network = new FakeNetwork();
    network.touch(root, 5n);
    const servers = [await liteServer(network), await liteServer(network)];
    const { chain, problem } = open({ ton_config_filename: networkFile(servers, network.zeroState) });
    expect((await chain.account(root)).balance).toBe(5n);
    await servers[0]!.stop();
    expect((await chain.account(root)).balance).toBe(5n);
    expect(await chain.time()).toBe(network.time);
    expect(problem()).toBeUndefined();
  });

  it('is ton_endpoint alone where that is given, whatever the live configuration says besides', async () => {
    const api = await toncenter({ lt: 1n, hash: Buffer.alloc(32) }, 1);
    const { chain } = open({ ton_endpoint: api.url, ton_config_filename: '/spec/mainnet-full-ton-config.json' });
    expect((await chain.account(root)).balance).toBe(5n);
  });

  it('is every one of ton_endpoints, each with its own key', async () => {
    const last = { lt: 1n, hash: Buffer.alloc(32) };
    const [first, second] = [await toncenter(last, 1), await toncenter(last, 1)];
    const { chain } = open({
      ton_endpoints: ['http://127.0.0.1:1/', { url: first.url, api_key_file: file('secret\n') }, second.url],
    });
    expect((await chain.account(root)).balance).toBe(5n);
    expect([first.keys.at(-1), second.keys.at(-1)]).toEqual(['secret', undefined]);
  });

  it('is checked between an API and lite servers, about the root contract unless all is asked for', async () => {
    const network = new FakeNetwork();
    network.touch(root, 5n);
    network.touch(other, 7n);
    const api = await toncenter(network.historyOf(root)[0]!, network.time);
    const lite = { ton_config_filename: networkFile([await liteServer(network)], network.zeroState) };
    const keys = { ton_endpoint: api.url, ton_endpoints: [lite], chain_cross_check: true };
    const { chain, problem } = open(keys);
    expect((await chain.account(root)).balance).toBe(5n);
    api.balance = '6';
    await expect(chain.account(root)).rejects.toMatchObject({ code: 'disagreement' });
    expect(problem()).toMatch(/its balance at lt \d+ is 6 at 127\.0\.0\.1:\d+ and 5 at 127/);
    api.last = network.historyOf(other)[0]!;
    expect((await chain.account(other)).balance).toBe(6n);

    const strict = open({ ...keys, chain_cross_check: 2, chain_cross_check_scope: 'all' });
    api.last = network.historyOf(other)[0]!;
    await expect(strict.chain.account(other)).rejects.toMatchObject({ code: 'disagreement' });
    api.balance = '7';
    expect((await strict.chain.account(other)).balance).toBe(7n);
    expect(strict.problem()).toBeUndefined();
  });
});

describe('a configuration of the way to the chain that cannot work', () => {
  const url = 'http://127.0.0.1:1/';
  it.each<[string, Record<string, unknown>, string]>([
    ['ton_endpoint', {}, 'is required and missing, unless ton_endpoints or ton_config_filename is given'],
    ['ton_endpoints', { ton_endpoints: [] }, 'Too small'],
    ['ton_endpoints.1', { ton_endpoints: [url, {}] }, 'either "url" or "ton_config_filename"'],
    ['ton_endpoints.0.url', { ton_endpoints: ['ftp://x'] }, 'must be the http(s) URL of a toncenter v2 API'],
    ['ton_endpoints.0', { ton_endpoints: [{ url, key: 'x' }] }, 'key'],
    ['ton_endpoints.0.api_key_file', { ton_endpoints: [{ url, api_key_file: '/none' }] }, 'does not exist'],
    ['ton_config_filename', { ton_config_filename: '/none' }, 'the file /none cannot be read'],
    ['ton_config_filename', { ton_config_filename: file('{}') }, 'is no network configuration: liteservers'],
    ['ton_endpoints.0.ton_config_filename', { ton_endpoints: [{ ton_config_filename: file('[') }] }, 'is not JSON'],
    ['chain_cross_check', { ton_endpoint: url, chain_cross_check: 1 }, 'expected number to be >=2'],
    [
      'chain_cross_check',
      { ton_endpoint: url, chain_cross_check: 'yes' },
      'must be true, false, or a number from 2 to 8',
    ],
    [
      'chain_cross_check',
      { ton_endpoint: url, chain_cross_check: true },
      'asks for 2 endpoints that agree, and there are 1',
    ],
    ['chain_cross_check_scope', { ton_endpoint: url, chain_cross_check_scope: 'some' }, 'expected one of'],
  ])('is refused by its key %s: %j', (key, keys, text) => {
    const run = () => openEndpoint(configure(keys), logger);
    expect(run).toThrow(expect.objectContaining({ name: 'ConfigError', key, message: expect.stringContaining(text) }));
    expect(run).not.toThrow(/\n/);
  });
});
