import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Address } from '@ton/core';
import pino from 'pino';
import { type RunningClient, startClient } from '../../offchain/client';
import { type EngineServer, startDemoEngine } from '../../offchain/engine';
import { type RunningProxy, startProxy } from '../../offchain/proxy';
import { type RunningWorker, startWorker } from '../../offchain/worker';
import { until } from './local-network';

/** `--disable-ton`: the live network's runners have a mode without a chain, in which a file stands in for the root contract. */

const logger = pino({ level: process.env.COCOON_LOG_LEVEL ?? 'silent' });
const MODEL = 'cocoon-demo';
const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const address = (byte: number) => new Address(0, Buffer.alloc(32, byte)).toString();

interface ProxyStats {
  clients: { used_tokens: number | string }[];
  workers: { earned_tokens: number | string }[];
}

describe.each(['plain', 'attested'])('a network without a chain, its transport %s', (transport) => {
  const attested = transport === 'attested';
  const dir = mkdtempSync(join(tmpdir(), 'cocoon-chainless-'));
  const rootFile = join(dir, 'root.json');
  let engine: EngineServer;
  let proxy: RunningProxy;
  let worker: RunningWorker;
  let client: RunningClient;
  let ports: [number, number];

  const node = (seed: number) => ({
    is_test: true,
    root_contract_address: address(9),
    owner_address: address(seed),
    node_wallet_key: key(seed),
    http_port: 0,
    http_access_hash: 'operator',
    transport,
    ...(attested ? { policy: 'fake_tdx' } : {}),
  });
  const proxyConfig = () => ({
    ...node(1),
    // Attested, the two loopback ports are for a router; peers come in where the proxy does TLS itself.
    ...(attested
      ? {
          workers_rpc_port: 0,
          client_rpc_port: 0,
          listen_workers: `127.0.0.1:${ports[0]}`,
          listen_clients: `127.0.0.1:${ports[1]}`,
          pow_difficulty: 8,
        }
      : { workers_rpc_port: ports[0], client_rpc_port: ports[1] }),
    machine_specific_private_key: key(4),
    db_path: join(dir, 'ledger.sqlite'),
    commit_min_ms: 100,
    commit_max_ms: 200,
  });
  const root = (changes: object = {}) => ({
    version: 3,
    params_version: 2,
    model_types: [MODEL],
    price_per_token: 20,
    worker_fee_per_token: '19',
    registered_proxies: [{ seqno: 1, address: `127.0.0.1:${ports[0]} 127.0.0.1:${ports[1]}` }],
    ...changes,
  });

  const url = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;
  const isReady = async (port: number) => (await fetch(url(port, '/readyz'))).status === 200;
  const proxyStats = async () => (await (await fetch(url(proxy.httpPort, '/jsonstats'))).json()) as ProxyStats;
  const ask = () =>
    fetch(url(client.httpPort, '/v1/chat/completions'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8 }),
    });

  beforeAll(async () => {
    ports = [await freePort(), await freePort()];
    writeFileSync(rootFile, JSON.stringify(root()));
    engine = await startDemoEngine({ port: 0, model: MODEL, tokensPerSecond: 10_000, logger });
    proxy = await startProxy(proxyConfig(), { logger, rootFile });
    const workerConfig = { ...node(2), model_name: MODEL, forward_requests_to: engine.url, state_dir: join(dir, 'w') };
    worker = await startWorker({ ...workerConfig, root_refresh_ms: 50 }, { logger, rootFile });
    client = await startClient({ ...node(3), state_dir: join(dir, 'c'), root_refresh_ms: 100 }, { logger, rootFile });
    await until(() => isReady(worker.httpPort));
    await until(() => isReady(client.httpPort));
  });

  afterAll(async () => {
    await client?.close();
    await worker?.close();
    await proxy?.close();
    await engine?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('answers, meters and signs for what was answered', async () => {
    const response = await ask();
    expect(response.status).toBe(200);
    const { usage } = (await response.json()) as { usage: { total_cost: number } };
    expect(usage.total_cost).toBeGreaterThan(0);
    await until(async () => {
      const { clients, workers } = await proxyStats();
      return Number(clients[0]?.used_tokens) * 20 === usage.total_cost && Number(workers[0]?.earned_tokens) > 0;
    });
    // The worker holds a voucher for it: what is on disk there was signed by the proxy and verified.
    const vouchers = join(dir, 'w', 'vouchers');
    await until(async () => existsSync(vouchers) && readdirSync(vouchers).length > 0);
  });

  it('keeps the account over a restart of the proxy', async () => {
    const before = (await proxyStats()).clients[0]?.used_tokens;
    await proxy.close();
    proxy = await startProxy(proxyConfig(), { logger, rootFile });
    await until(async () => (await isReady(client.httpPort)) && (await isReady(worker.httpPort)));
    expect((await proxyStats()).clients[0]?.used_tokens).toBe(before);
    expect((await ask()).status).toBe(200);
  });

  it('sees a changed file without a restart', async () => {
    writeFileSync(rootFile, JSON.stringify(root({ version: 4 })));
    await until(async () => {
      const stats = (await (await fetch(url(worker.httpPort, '/jsonstats'))).json()) as {
        root_contract_config: { version: number };
      };
      return stats.root_contract_config.version === 4;
    });
  });

  it('refuses to move money, and says why', async () => {
    const { clients } = (await (await fetch(url(proxy.httpPort, '/jsonstats'))).json()) as {
      clients: { owner_address: string }[];
    };
    const path = `/request/charge?client=${encodeURIComponent(clients[0]!.owner_address)}`;
    await until(async () => {
      const headers = { authorization: 'Bearer operator' };
      const response = await fetch(url(proxy.httpPort, path), { method: 'POST', headers });
      const text = await response.text();
      // Until a save_state covers what was used there is nothing to charge.
      return response.status >= 400 && text.includes('--disable-ton');
    });
  });

  it(`${attested ? 'asks whoever comes for proof of work' : 'says nothing to whoever comes'} first`, async () => {
    const socket = connect(ports[0], '127.0.0.1');
    const first = await new Promise<Buffer | undefined>((resolve, reject) => {
      socket.once('data', resolve).once('error', reject);
      // A message that nobody may begin with: the plain listener hangs up without a word.
      if (!attested) socket.once('close', () => resolve(undefined)).write(Buffer.alloc(12));
    });
    socket.destroy();
    expect(first?.readUInt32LE(0)).toBe(attested ? 0x418e1291 : undefined);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
