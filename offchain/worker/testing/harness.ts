import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialWorkerData, rawPublicKey } from '@cocoon/sdk';
import { Address } from '@ton/core';
import pino, { type Logger } from 'pino';
import { plain, type TransportSecurity } from '../../transport';
import { type RunningWorker, startWorker } from '..';
import { FakeChain, ROOT } from './fake-chain';
import { FakeProxy, type FakeProxyOptions } from './fake-proxy';
import { ScriptEngine } from './script-engine';

export const OWNER = new Address(0, Buffer.alloc(32, 0x33));
export const ACCESS = 'let-me-in';

/** A worker with everything around it faked; close() ends all of it. */
export class Harness {
  readonly chain = new FakeChain();
  readonly proxy: FakeProxy;
  readonly engine = new ScriptEngine();
  readonly stateDir = mkdtempSync(join(tmpdir(), 'cocoon-worker-'));
  readonly logs: Record<string, unknown>[] = [];
  worker: RunningWorker | undefined;
  /** the worker's, when it dials */
  security: TransportSecurity = plain;

  constructor(options: FakeProxyOptions = {}) {
    this.proxy = new FakeProxy(options);
  }

  static async start(
    change: Record<string, unknown> = {},
    options: FakeProxyOptions & { security?: TransportSecurity } = {},
  ): Promise<Harness> {
    const harness = new Harness(options);
    if (options.security !== undefined) harness.security = options.security;
    const endpoint = await harness.proxy.start();
    await harness.engine.start();
    harness.chain.setRoot({ version: 1, proxies: [endpoint] });
    harness.deployWorker();
    await harness.startWorker(change);
    return harness;
  }

  get logger(): Logger {
    const { logs } = this;
    return pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) });
  }

  /** The worker contract is on chain, with so many tokens paid for. */
  deployWorker(tokens = 0n): void {
    const { proxy } = this;
    const data = initialWorkerData({
      owner: OWNER,
      proxy: proxy.address,
      publicKey: rawPublicKey(proxy.key),
      params: proxy.params,
    });
    this.chain.setWorker(proxy.workerAddress(OWNER), { ...data, tokens });
  }

  config(change: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      is_test: true,
      http_port: 0,
      owner_address: OWNER.toString(),
      model_name: 'm',
      root_contract_address: ROOT.toString(),
      node_wallet_key: Buffer.alloc(32, 9).toString('base64'),
      forward_requests_to: `127.0.0.1:${this.engine.port}`,
      http_access_hash: ACCESS,
      ton_endpoint: 'http://127.0.0.1:1/',
      check_models: true,
      state_dir: this.stateDir,
      poll_interval_ms: 20,
      root_refresh_ms: 50,
      engine_probe_interval_ms: 20,
      ...change,
    };
  }

  async startWorker(change: Record<string, unknown> = {}): Promise<void> {
    const { logger, chain, security } = this;
    this.worker = await startWorker(this.config(change), { logger, chain, security });
  }

  /** Resolves when so many handshakes have been completed and the proxy knows that requests are wanted. */
  async ready(handshakes = 1): Promise<void> {
    const connected = () => this.logs.filter(({ msg }) => msg === 'connected to a proxy').length;
    await this.until(() => connected() >= handshakes && this.proxy.disabled === false);
  }

  /** Looks at the condition again and again. @throws when it does not come true */
  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async http(
    path: string,
    options: { method?: string; token?: string } = {},
  ): Promise<{ status: number; body: Record<string, never> }> {
    const headers: Record<string, string> =
      options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    const response = await fetch(`http://127.0.0.1:${this.worker?.httpPort}${path}`, {
      method: options.method ?? 'GET',
      headers,
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : { text } };
  }

  async close(): Promise<void> {
    await this.worker?.close();
    await this.proxy.close();
    await this.engine.stop();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
