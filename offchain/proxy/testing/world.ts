/** A proxy's inner parts without network and chain, for tests of one part at a time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CocoonParams, MAINNET_TERMS } from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { encode, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { Address, beginCell } from '@ton/core';
import pino from 'pino';
import { Ledger } from '../../ledger';
import type { ClientAccount, WorkerAccount } from '../accounts';
import { Books } from '../books';
import { ProxyIdentity } from '../identity';
import { ProxyMetrics } from '../metrics';
import { Relay } from '../relay';
import type { RelayLimits, RunQuery } from '../request-checks';
import type { ClientSide, WorkerSide } from '../request-parts';
import { Scheduler } from '../scheduler';
import { VoucherBook } from '../vouchers';

export const quiet = pino({ level: 'silent' });
export const SEED = Buffer.alloc(32, 7);
export const address = (n: number) => new Address(0, Buffer.alloc(32, n));
const code = (n: number) => beginCell().storeUint(n, 32).endCell();

export const PARAMS: CocoonParams = {
  structVersion: 3,
  paramsVersion: 1,
  ...MAINNET_TERMS,
  isTest: true,
  proxyCode: code(1),
  workerCode: code(2),
  clientCode: code(3),
};

export const LIMITS: RelayLimits = {
  maxClientRequests: 4,
  maxRequestBytes: 64 * 1024,
  maxRequestHeaders: 16,
  maxTimeoutS: 600,
  queueTimeoutMs: 1000,
  drainTimeoutMs: 200,
  maxTokensPerRequest: 1_000_000n,
};

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'cocoon-proxy-'));
  readonly ledgerPath = join(this.folder, 'ledger.sqlite');
  readonly identity: ProxyIdentity;
  readonly ledger: Ledger;
  readonly books: Books;
  readonly vouchers: VoucherBook;
  readonly scheduler = new Scheduler<WorkerSide>({ now: Date.now, queueLimit: 8 });
  readonly relay: Relay;
  readonly metrics: ProxyMetrics;
  unready: string | undefined;
  /** Version of the root that this proxy knows. */
  rootVersion = 5;
  private seats = 0;

  constructor(limits: Partial<RelayLimits> = {}) {
    const key = privateKeyFromSeed(SEED);
    this.identity = new ProxyIdentity({
      owner: address(1),
      publicKey: rawPublicKey(key),
      root: address(2),
      params: PARAMS,
    });
    this.ledger = new Ledger({ path: this.ledgerPath });
    this.books = new Books(this.ledger, this.identity);
    this.vouchers = new VoucherBook(key, address(3), Date.now);
    this.metrics = new ProxyMetrics({
      running: () => 0,
      waiting: () => 0,
      workers: () => 0,
      clients: () => 0,
      ready: () => true,
      termsOutdated: () => false,
    });
    this.relay = new Relay({
      books: this.books,
      ledger: this.ledger,
      scheduler: this.scheduler,
      vouchers: this.vouchers,
      metrics: this.metrics,
      logger: quiet,
      limits: { ...LIMITS, ...limits },
      now: Date.now,
      rootVersion: () => this.rootVersion,
      unready: () => this.unready,
    });
  }

  /** A client with an open channel of 15 TON. */
  account(n = 10): ClientAccount {
    const account = this.books.openClient(address(n));
    account.observe({
      state: 'normal',
      balance: PARAMS.minClientStake,
      stake: PARAMS.minClientStake,
      tokensUsed: 0n,
      secretHash: Buffer.alloc(32),
    });
    return account;
  }

  client(proto = 3, account = this.account()): TestClient {
    return new TestClient(account, proto);
  }

  worker(
    more: Partial<Pick<WorkerSide, 'proto' | 'model' | 'coefficient' | 'limit' | 'enabled'>> = {},
    n = 20,
  ): TestWorker {
    const worker = new TestWorker(++this.seats, this.books.openWorker(address(n)), more);
    this.scheduler.add(worker);
    return worker;
  }

  async close(): Promise<void> {
    this.relay.stop();
    await this.ledger.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Records what it is sent and lets a test wait for it. */
class Mailbox {
  readonly inbox: TlObject[] = [];
  open = true;
  private readonly waiting: (() => void)[] = [];

  send(message: TlObject): boolean {
    if (!this.open) return false;
    this.inbox.push(message);
    for (const wake of this.waiting.splice(0)) wake();
    return true;
  }

  async next<T extends TlObject['_']>(name: T): Promise<Extract<TlObject, { _: T }>> {
    for (;;) {
      const found = this.inbox.findIndex((message) => message._ === name);
      if (found >= 0) return this.inbox.splice(found, 1)[0] as Extract<TlObject, { _: T }>;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

export class TestClient extends Mailbox implements ClientSide {
  readonly account: ClientAccount;
  readonly proto: number;

  constructor(account: ClientAccount, proto: number) {
    super();
    this.account = account;
    this.proto = proto;
  }
}

export class TestWorker extends Mailbox implements WorkerSide {
  readonly id: number;
  readonly account: WorkerAccount;
  readonly proto: number;
  readonly model: string;
  readonly limit: number;
  coefficient: number;
  enabled: boolean;
  dropped: Error | undefined;

  constructor(id: number, account: WorkerAccount, more: Partial<WorkerSide>) {
    super();
    this.id = id;
    this.account = account;
    this.proto = more.proto ?? 3;
    this.model = more.model ?? 'demo';
    this.limit = more.limit ?? 2;
    this.coefficient = more.coefficient ?? 1000;
    this.enabled = more.enabled ?? true;
  }

  drop(reason: Error): void {
    this.dropped = reason;
    this.open = false;
  }
}

export const tokens = (prompt: bigint, completion: bigint): TlType<'tokensUsed'> => ({
  _: 'tokensUsed',
  promptTokensUsed: prompt,
  cachedTokensUsed: 0n,
  completionTokensUsed: completion,
  reasoningTokensUsed: 0n,
  totalTokensUsed: prompt + completion,
});

export const finalInfo = (prompt: bigint, completion: bigint): TlType<'proxy.queryFinalInfo'> => ({
  _: 'proxy.queryFinalInfo',
  tokensUsed: tokens(prompt, completion),
  workerStartTime: 1,
  workerEndTime: 2,
});

export const httpRequest = (body = '{}', headers: [string, string][] = [['Content-Type', 'application/json']]) =>
  encode({
    _: 'http.request',
    method: 'POST',
    url: '/v1/chat/completions',
    httpVersion: 'HTTP/1.1',
    headers: headers.map(([name, value]) => ({ _: 'http.header', name, value })),
    payload: Buffer.from(body),
  });

export const httpResponse = (statusCode = 200, payload = '', type = 'text/event-stream') =>
  encode({
    _: 'http.response',
    httpVersion: 'HTTP/1.1',
    statusCode,
    reason: 'OK',
    headers: [{ _: 'http.header', name: 'Content-Type', value: type }],
    payload: Buffer.from(payload),
  });

let requests = 0;
export const runQuery = (more: Partial<TlType<'client.runQueryEx'>> = {}): RunQuery => ({
  _: 'client.runQueryEx',
  modelName: 'demo',
  query: httpRequest(),
  maxCoefficient: 4000,
  maxTokens: 100,
  timeout: 30,
  requestId: Buffer.alloc(32, ++requests),
  minConfigVersion: 1,
  enableDebug: false,
  ...more,
});
