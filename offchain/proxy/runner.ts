import { readFileSync } from 'node:fs';
import { CocoonProxy, loadParams, storeParams } from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { Address, Cell, type Transaction } from '@ton/core';
import type { Logger } from 'pino';
import { followTransactions } from '../chain/follow';
import type { Chain } from '../chain/port';
import { Ledger, machineIntegrity } from '../ledger';
import type { ClientAccount, WorkerAccount } from './accounts';
import { Books } from './books';
import type { ChainActions } from './chain-actions';
import { ChainView, FOLLOW_KEY } from './chain-view';
import { CommitLog } from './commit';
import type { ProxyConfig } from './config';
import { ensureDeployed, type ProxyState, readProxyState } from './deploy';
import { errorText, ProxyFatalError } from './errors';
import { HttpError, OperatorHttp } from './http';
import { ProxyIdentity } from './identity';
import { ProxyMetrics } from './metrics';
import { Nonces } from './nonces';
import { Peers } from './peers';
import { Relay } from './relay';
import type { WorkerSide } from './relayed-request';
import { RootView } from './root-view';
import { Scheduler } from './scheduler';
import { Settlement } from './settlement';
import { jsonStats } from './stats';
import { VoucherBook } from './vouchers';
import { Waiters } from './waiters';

export interface RunnerDeps {
  logger: Logger;
  chain: Chain;
  actions: ChainActions;
  /** Unix milliseconds. */
  now(): number;
}

/** The ledger remembers which contract it belongs to: parameters on chain may change, a contract's never do. */
const CONTRACT_KEY = 'proxy_contract';
const SHUTDOWN_MS = 3000;

/** Puts the parts of a proxy together and runs them. */
export class ProxyRunner {
  readonly books: Books;
  readonly relay: Relay;
  readonly settlement: Settlement;
  readonly commits: CommitLog;
  readonly peers: Peers;
  private readonly config: ProxyConfig;
  private readonly deps: RunnerDeps;
  private readonly ledger: Ledger;
  private readonly root: RootView;
  private readonly http: OperatorHttp;
  private readonly view: ChainView;
  private readonly scheduler: Scheduler<WorkerSide>;
  private readonly metrics: ProxyMetrics;
  private readonly waiters = new Waiters();
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private contract: ProxyState | undefined;
  private starting = true;
  private fatal: ProxyFatalError | undefined;
  private fatalSeen: (error: ProxyFatalError) => void = () => undefined;
  private lastId = 0;

  /** Opens the ledger and reads the root contract; nothing is sent and nobody is served yet. */
  static async open(config: ProxyConfig, deps: RunnerDeps): Promise<ProxyRunner> {
    const integrity = machineIntegrity(config.machine_specific_private_key);
    const onHealth = (health: Ledger['health']) => {
      if (health.ok) deps.logger.info('the ledger writes again');
      else deps.logger.error({ reason: health.reason }, 'the ledger cannot write; no new requests are taken');
    };
    const ledger = new Ledger({ path: config.db_path, integrity, onHealth });
    try {
      const root = await RootView.load({
        chain: deps.chain,
        root: config.root_contract_address,
        isTest: config.is_test,
        logger: deps.logger,
        onOutdated: (active, own) =>
          deps.logger.warn(
            { active, own },
            'the root has new parameters; this proxy keeps serving on its present contract and terms until it is moved to a new one',
          ),
      });
      return new ProxyRunner(config, deps, ledger, root, await openIdentity(config, ledger, root));
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  private constructor(config: ProxyConfig, deps: RunnerDeps, ledger: Ledger, root: RootView, identity: ProxyIdentity) {
    this.config = config;
    this.deps = deps;
    this.ledger = ledger;
    this.root = root;
    const { logger, now } = deps;
    root.boundTo(identity.params.paramsVersion);
    this.books = new Books(ledger, identity);
    const vouchers = new VoucherBook(privateKeyFromSeed(config.machine_specific_private_key), deps.actions.wallet);
    const nonces = new Nonces();
    this.scheduler = new Scheduler({ now, queueLimit: config.queue_limit });
    this.commits = new CommitLog({
      ledger,
      books: this.books,
      logger,
      now,
      timeoutMs: config.chain_timeout_ms,
      send: (seqno, uniqueHash) =>
        deps.actions.send(CocoonProxy.buildSaveState(identity.address, { seqno, uniqueHash })),
    });
    this.metrics = new ProxyMetrics({
      running: () => this.relay.active,
      waiting: () => this.scheduler.waiting(),
      workers: () => this.scheduler.seats().length,
      clients: () => [...this.peers.clients].filter(({ account }) => account !== undefined).length,
      ready: () => this.notReady().length === 0,
    });
    this.relay = new Relay({
      books: this.books,
      ledger,
      scheduler: this.scheduler,
      vouchers,
      metrics: this.metrics,
      logger,
      now,
      rootVersion: () => root.version,
      unready: () => this.notReady()[0],
      limits: {
        maxClientRequests: config.max_client_requests,
        maxRequestBytes: config.max_request_bytes,
        maxRequestHeaders: config.max_request_headers,
        maxTimeoutS: config.max_timeout_s,
        queueTimeoutMs: config.queue_timeout_ms,
        drainTimeoutMs: config.drain_timeout_ms,
        maxTokensPerRequest: BigInt(config.max_tokens_per_request),
      },
    });
    this.settlement = new Settlement({
      ledger,
      books: this.books,
      vouchers,
      logger,
      now,
      excessesTo: deps.actions.wallet,
      execute: (message) => deps.actions.execute(message),
      commit: () => this.commits.commit(),
      observed: (check) => this.waiters.until(check),
      revenue: () => this.contract?.balance ?? 0n,
      readRevenue: async () => (await this.readContract())?.balance ?? 0n,
      thresholds: {
        charge: config.charge_threshold_nano,
        payout: config.payout_threshold_nano,
        withdraw: config.withdraw_threshold_nano,
      },
      timeoutMs: config.chain_timeout_ms,
    });
    this.view = new ChainView({
      books: this.books,
      logger,
      wallet: deps.actions.wallet,
      onSaveState: (seqno, hash, lt) => this.commits.observe(seqno, hash, lt),
      onRegister: (owner, nonce) => nonces.confirm(owner.toRawString(), nonce),
      onAccount: () => this.waiters.poke(),
    });
    this.peers = new Peers({
      host: config.rpc_host,
      clientPort: config.client_rpc_port,
      workerPort: config.workers_rpc_port,
      maxConnections: config.max_connections,
      logger,
      context: {
        books: this.books,
        vouchers,
        relay: this.relay,
        scheduler: this.scheduler,
        nonces,
        logger,
        isTest: config.is_test,
        isTestnet: config.is_testnet,
        handshakeTimeoutMs: config.handshake_timeout_ms,
        authTimeoutMs: config.auth_timeout_ms,
        rootVersion: () => root.version,
        nextId: () => ++this.lastId,
      },
    });
    this.http = new OperatorHttp({
      host: config.http_host,
      port: config.http_port,
      accessHash: config.http_access_hash,
      logger,
      notReady: () => this.notReady(),
      metrics: () => this.metrics.registry.metrics(),
      stats: () => this.stats(),
      actions: {
        charge: (client) => this.settlement.charge(find(this.books.clients, client, 'client')),
        payout: (worker) => this.settlement.payout(find(this.books.workers, worker, 'worker')),
        withdraw: () => this.settlement.withdraw(),
        commit: async () => {
          await this.commits.commit();
          return { seqno: this.commits.last.observed };
        },
      },
    });
  }

  /** Brings the contract up, anchors the ledger, then serves. Rejects when that is impossible; close() afterwards. */
  async start(): Promise<{ httpPort: number; clientPort: number; workerPort: number }> {
    const { logger, chain, actions } = this.deps;
    const { identity } = this.books;
    const failed = new Promise<never>((_resolve, reject) => {
      this.fatalSeen = reject;
    });
    failed.catch(() => undefined);
    const httpPort = await this.http.listen();
    await this.settlement.recover();
    this.contract = await ensureDeployed({
      chain,
      identity,
      logger,
      wallet: actions.wallet,
      execute: (message) => actions.execute(message),
    });
    this.loops.push(this.follow());
    // Nobody is served before the chain has confirmed that this ledger is the newest one.
    const anchored = this.commits.commit();
    anchored.catch(() => undefined);
    await Promise.race([anchored, failed]);
    const ports = await this.peers.open();
    this.starting = false;
    this.loops.push(
      this.every(
        () => this.commitPause(),
        async () => {
          if (this.books.unanchored()) await this.commits.commit();
        },
      ),
      this.every(
        () => this.config.settle_interval_ms,
        async () => this.settlement.tick(),
      ),
      this.every(
        () => this.config.root_refresh_ms,
        () => this.root.refresh(),
      ),
      this.every(
        () => this.config.poll_interval_ms,
        async () => {
          await this.readContract();
        },
      ),
    );
    logger.info({ contract: identity.address.toString(), httpPort, ...ports }, 'proxy is serving');
    return { httpPort, ...ports };
  }

  async close(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    this.commits.stop();
    this.relay.stop();
    await this.peers.close(new Error('the proxy is shutting down'));
    await atMost(SHUTDOWN_MS, this.settlement.idle());
    await this.deps.actions.close();
    this.waiters.clear();
    await atMost(SHUTDOWN_MS, Promise.allSettled(this.loops));
    await this.http.close();
    await this.ledger.close();
  }

  /** Why no new requests are taken, in words for the operator; empty when all is well. */
  private notReady(): string[] {
    const reasons: string[] = [];
    if (this.fatal) reasons.push(this.fatal.message);
    if (this.stopping.signal.aborted) reasons.push('the proxy is shutting down');
    else if (this.starting) reasons.push('the proxy is starting');
    const { health } = this.ledger;
    if (!health.ok) reasons.push(health.reason);
    if (this.contract && this.contract.state !== 0) reasons.push('the proxy contract is closing or closed');
    return reasons;
  }

  private async follow(): Promise<void> {
    const { chain, logger } = this.deps;
    const { address } = this.books.identity;
    const from = this.ledger.meta(FOLLOW_KEY(address));
    try {
      await followTransactions(chain, address, {
        ...(from === undefined ? {} : { from: { lt: BigInt(from) } }),
        pollMs: this.config.poll_interval_ms,
        signal: this.stopping.signal,
        onTransaction: (tx) => this.observe(tx),
        onError: (error) =>
          logger.warn({ reason: errorText(error) }, 'the proxy contract could not be followed, trying again'),
      });
    } catch (error) {
      await this.halt(
        new ProxyFatalError('chain', `the proxy contract can no longer be followed: ${errorText(error)}`, error),
      );
    }
  }

  private async observe(tx: Transaction): Promise<void> {
    if (this.fatal) return;
    try {
      await this.view.apply(tx);
    } catch (error) {
      if (!(error instanceof ProxyFatalError)) throw error;
      await this.halt(error);
    }
  }

  /** Stops serving for good but stays up, so that the operator can read why instead of watching restarts. */
  private async halt(error: ProxyFatalError): Promise<void> {
    this.fatal = error;
    this.deps.logger.fatal({ code: error.code }, error.message);
    this.fatalSeen(error);
    this.relay.stop();
    await this.peers.close(new Error('the proxy has stopped serving'));
  }

  private async readContract(): Promise<ProxyState | undefined> {
    const state = await readProxyState(this.deps.chain, this.books.identity.address);
    if (state) this.contract = state;
    return state;
  }

  private commitPause(): number {
    const { commit_min_ms: min, commit_max_ms: max } = this.config;
    return min + Math.random() * (max - min);
  }

  private async every(intervalMs: () => number, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pause(intervalMs(), signal);
      if (signal.aborted || this.fatal) return;
      await work().catch((error: unknown) =>
        this.deps.logger.warn({ reason: errorText(error) }, 'periodic work failed, trying again'),
      );
    }
  }

  private stats(): Record<string, unknown> {
    const { books, root, commits, metrics, relay, scheduler } = this;
    const wallet = this.deps.actions.wallet.toString();
    const ready = () => this.notReady().length === 0;
    const withdrawable = () => this.contract?.balance ?? 0n;
    return jsonStats({ books, root, commits, metrics, relay, scheduler, wallet, ready, withdrawable });
  }
}

/** The contract the ledger belongs to; for a new ledger, the one the root's present parameters give. */
async function openIdentity(config: ProxyConfig, ledger: Ledger, root: RootView): Promise<ProxyIdentity> {
  const publicKey = rawPublicKey(privateKeyFromSeed(config.machine_specific_private_key));
  const base = { owner: config.owner_address, publicKey, root: config.root_contract_address };
  const stored = ledger.meta(CONTRACT_KEY);
  if (stored === undefined) {
    const identity = new ProxyIdentity({ ...base, params: root.params });
    const params = storeParams(root.params, 'all').toBoc().toString('base64');
    await ledger.append([
      {
        kind: 'meta',
        row: { key: CONTRACT_KEY, value: JSON.stringify({ address: identity.address.toRawString(), params }) },
      },
    ]);
    return identity;
  }
  const { address, params } = JSON.parse(stored) as { address: string; params: string };
  const identity = new ProxyIdentity({ ...base, params: loadParams(Cell.fromBase64(params)) });
  if (identity.address.toRawString() !== address) {
    throw new ProxyFatalError(
      'config',
      `the ledger ${config.db_path} belongs to the proxy contract ${address}, but owner_address, root_contract_address and machine_specific_private_key give ${identity.address.toRawString()}; restore those settings, or use another db_path for the new contract`,
    );
  }
  return identity;
}

/** An account by the owner's or the contract's address, in any form. */
function find<A extends ClientAccount | WorkerAccount>(
  accounts: ReadonlyMap<string, A>,
  text: string,
  role: string,
): A {
  let raw: string;
  try {
    raw = Address.parse(text).toRawString();
  } catch {
    throw new HttpError(400, 'bad_address', `${JSON.stringify(text)} is not a TON address`);
  }
  const account = accounts.get(raw) ?? [...accounts.values()].find(({ contract }) => contract === raw);
  if (!account)
    throw new HttpError(
      404,
      'unknown_account',
      `no ${role} with the address ${text}; /jsonstats lists those this proxy knows`,
    );
  return account;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Waits for `work`, but no longer than `ms`. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work.finally(() => done.abort()), pause(ms, done.signal)]);
}

export function readKeyFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ProxyFatalError('config', `ton_api_key_file ${path} cannot be read: ${errorText(error)}`, error);
  }
}
