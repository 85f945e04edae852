import { contractCode } from '@cocoon/sdk';
import { privateKeyFromSeed } from '@cocoon/sdk/protocol/keys';
import { Cell, fromNano } from '@ton/core';
import type { Logger } from 'pino';
import { join } from 'node:path';
import type { Chain } from '../chain/port';
import { ToncenterChain } from '../chain/toncenter';
import { CocoonWalletSender } from '../chain/wallet';
import { plain, type TransportSecurity } from '../transport';
import { type Clock, systemClock } from './clock';
import { parseConfig, type WorkerConfig } from './config';
import { Earnings, VoucherStore } from './earnings';
import { EngineClient } from './forward';
import { OperatorHttp } from './http';
import { Links } from './links';
import { Metrics } from './metrics';
import { Price } from './price';
import { RootWatch } from './root-watch';
import { Uplink } from './uplink';
import type { WorkerContext } from './worker-context';

export { ConfigError } from './errors';

export interface WorkerDeps {
  logger: Logger;
  clock?: Clock;
  /** Tests put in their own; by default the configured toncenter endpoint. */
  chain?: Chain;
  security?: TransportSecurity;
}

export interface RunningWorker {
  httpPort: number;
  close(): Promise<void>;
}

/** Below this the wallet contract obeys nobody, nanoTON; some gas is added. */
const WALLET_NEEDS = 2_100_000_000n;
const WALLET_CHECK_MS = 30_000;

/**
 * Starts a worker: sells an OpenAI-compatible engine to proxies and fetches what they owe. Resolves when the operator's HTTP interface
 * listens; whether requests can come yet, and why not, is what GET /readyz says.
 * @throws ConfigError, VoucherStoreError
 */
export async function startWorker(input: unknown, deps: WorkerDeps): Promise<RunningWorker> {
  const worker = new Worker(parseConfig(input, deps.logger), deps);
  return await worker.start();
}

class Worker {
  readonly #config: WorkerConfig;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #chain: Chain;
  readonly #wallet: CocoonWalletSender;
  readonly #engine: EngineClient;
  readonly #store: VoucherStore;
  readonly #earnings: Earnings;
  readonly #uplink: Uplink;
  readonly #root: RootWatch;
  readonly #links: Links;
  readonly #metrics: Metrics;
  readonly #price: Price;
  readonly #http: OperatorHttp;
  readonly #aborter = new AbortController();
  #enabled = true;
  #active = 0;
  #walletBalance: bigint | undefined;
  #warnedUnreported = false;
  #cancelWalletCheck: () => void = () => undefined;

  constructor(config: WorkerConfig, deps: WorkerDeps) {
    const { logger, clock = systemClock, security = plain } = deps;
    this.#config = config;
    this.#logger = logger;
    this.#clock = clock;
    this.#chain = deps.chain ?? this.#toncenter();
    this.#wallet = new CocoonWalletSender({
      chain: this.#chain,
      key: privateKeyFromSeed(config.node_wallet_key),
      owner: config.owner_address,
      code: Cell.fromBase64(contractCode.wallet.boc),
      logger,
      pollMs: config.poll_interval_ms,
    });
    this.#price = new Price(config.coefficient, clock);
    this.#engine = new EngineClient({ target: config.target, connections: config.max_active_requests + 1 });
    this.#store = new VoucherStore(join(config.state_dir, 'vouchers'), (err) =>
      logger.error({ err }, 'a voucher could not be written to disk; it is kept in memory and tried again'),
    );
    this.#root = this.#rootWatch();
    this.#earnings = this.#makeEarnings();
    this.#uplink = new Uplink({
      engine: this.#engine,
      apiKey: config.engineApiKey,
      model: config.baseModel,
      intervalMs: config.engine_probe_interval_ms,
      clock,
      logger,
      onChange: () => this.#announce(),
    });
    this.#links = new Links({ count: config.proxy_connections, context: this.#context(), security, logger, clock });
    this.#metrics = new Metrics(
      {
        enabled: () => !this.#isDisabled(),
        engineUp: () => this.#uplink.up,
        readyProxies: () => this.#links.readyCount,
        active: () => this.#active,
        signedTokens: () => this.#earnings.signedTokens(),
      },
      clock,
    );
    this.#http = this.#operatorHttp();
  }

  async start(): Promise<RunningWorker> {
    const httpPort = await this.#http.listen();
    this.#uplink.start();
    this.#root.start();
    this.#earnings.start();
    void this.#checkWallet();
    const { target, baseModel, owner_address } = this.#config;
    const engine = target.origin + target.prefix;
    this.#logger.info({ httpPort, engine, model: baseModel, owner: owner_address.toString(), wallet: this.#wallet.address.toString() }, 'worker started');
    let closing: Promise<void> | undefined;
    return {
      httpPort,
      close: () => {
        closing ??= this.#close();
        return closing;
      },
    };
  }

  async #close(): Promise<void> {
    this.#cancelWalletCheck();
    this.#uplink.stop();
    this.#root.stop();
    this.#earnings.stop();
    this.#links.close('the worker is stopping');
    await this.#http.close();
    await this.#engine.close();
    await this.#wallet.close();
    this.#aborter.abort();
    await this.#store.flush();
  }

  #toncenter(): ToncenterChain {
    const { ton_endpoint: endpoint, tonApiKey } = this.#config;
    const key = tonApiKey === undefined ? {} : { apiKey: tonApiKey };
    return new ToncenterChain({ endpoint, ...key, logger: this.#logger, signal: this.#aborter.signal });
  }

  #rootWatch(): RootWatch {
    const { root_contract_address: address, is_test: isTest, root_refresh_ms: refreshMs, poll_interval_ms: retryMs } = this.#config;
    return new RootWatch({
      chain: this.#chain,
      address,
      isTest,
      refreshMs,
      retryMs,
      clock: this.#clock,
      logger: this.#logger,
      onChange: (current, previous) => {
        if (previous !== undefined && current.params.paramsVersion !== previous.params.paramsVersion) {
          this.#links.reconnectAll('the network has new parameters, and so new contracts');
        }
        this.#links.update(current.proxies);
      },
    });
  }

  #makeEarnings(): Earnings {
    const { payout_threshold_nano, idle_payout_threshold_nano, idle_payout_after_s, payout_check_interval_ms } = this.#config;
    return new Earnings({
      chain: this.#chain,
      wallet: this.#wallet,
      store: this.#store,
      policy: {
        thresholdNano: payout_threshold_nano,
        idleThresholdNano: idle_payout_threshold_nano,
        idleAfterMs: idle_payout_after_s * 1000,
      },
      checkIntervalMs: payout_check_interval_ms,
      root: () => this.#root.current,
      clock: this.#clock,
      logger: this.#logger,
    });
  }

  #context(): WorkerContext {
    const config = this.#config;
    return {
      clock: this.#clock,
      engine: this.#engine,
      engineKind: () => this.#uplink.kind,
      engineApiKey: config.engineApiKey,
      model: config.baseModel,
      earnings: this.#earnings,
      paymentStatusIntervalMs: config.payment_status_interval_ms,
      root: () => {
        const current = this.#root.current;
        return current === undefined ? undefined : { address: config.root_contract_address, params: current.params };
      },
      terms: () => ({
        owner: config.owner_address,
        model: config.model_name,
        coefficient: this.#price.current,
        isTest: config.is_test,
        isTestnet: config.is_testnet,
        proxyConnections: config.proxy_connections,
        maxActiveRequests: config.max_active_requests,
      }),
      isDisabled: () => this.#isDisabled(),
      isFull: () => this.#active >= config.max_active_requests,
      isAnnounced: (coefficient) => this.#price.isAnnounced(coefficient),
      coefficientAt: (atMs) => this.#price.at(atMs),
      begun: () => {
        this.#active++;
        this.#earnings.noteRequest();
      },
      ended: (result) => {
        this.#active--;
        this.#earnings.noteRequest();
        this.#metrics.ended(result);
        if (result.outcome === 'engine_failed') this.#uplink.probeNow();
      },
      rejected: () => this.#metrics.rejected(),
      unreportedUsage: () => this.#unreportedUsage(),
      changed: () => undefined,
    };
  }

  #operatorHttp(): OperatorHttp {
    const { http_host: host, http_port: port, http_access_hash: accessHash } = this.#config;
    return new OperatorHttp({
      host,
      port,
      accessHash,
      logger: this.#logger,
      notReady: () => this.#notReady(),
      metrics: () => this.#metrics.text(),
      stats: () => this.#stats(),
      actions: {
        setEnabled: (enabled) => {
          this.#enabled = enabled;
          this.#logger.info({ enabled }, 'the operator changed the availability');
          this.#announce();
        },
        payout: (proxy) => this.#earnings.payout(proxy),
        changeCoefficient: (coefficient) => {
          this.#price.change(coefficient);
          this.#logger.info({ coefficient }, 'the operator changed the price');
          for (const session of this.#links.sessions) session.announceCoefficient(coefficient);
        },
      },
    });
  }

  #isDisabled(): boolean {
    return !this.#enabled || !this.#uplink.up;
  }

  #announce(): void {
    for (const session of this.#links.sessions) session.announce();
  }

  /** Said once: it will be the same with every answer of this engine. */
  #unreportedUsage(): void {
    this.#metrics.unreportedUsage();
    if (this.#warnedUnreported) return;
    this.#warnedUnreported = true;
    this.#logger.warn(
      { engine: this.#engine.target.origin },
      'the engine reports no usage: content chunks are counted instead, which is a lower bound. Switch usage reporting on in the engine',
    );
  }

  #notReady(): string[] {
    const reasons: string[] = [];
    if (!this.#enabled) reasons.push('disabled by the operator: POST /request/enable');
    const engine = this.#uplink.problem;
    if (engine !== undefined) reasons.push(`the engine at ${this.#engine.target.origin} is down: ${engine}`);
    if (this.#root.current === undefined) reasons.push(`the root contract has not been read yet${suffix(this.#root.problem)}`);
    else if (this.#links.readyCount === 0) {
      const states = this.#links.states();
      if (states.length === 0) reasons.push('no proxy is registered in the root contract, or none of them can be dialled');
      for (const { address, problem } of states) reasons.push(`the proxy ${address} is not connected${suffix(problem)}`);
      const balance = this.#walletBalance;
      if (balance !== undefined && balance < WALLET_NEEDS) {
        reasons.push(`the wallet ${this.#wallet.address} has ${fromNano(balance)} TON and needs ${fromNano(WALLET_NEEDS)}: top it up`);
      }
    }
    return reasons;
  }

  async #checkWallet(): Promise<void> {
    try {
      const { balance } = await this.#chain.account(this.#wallet.address);
      const wasEnough = (this.#walletBalance ?? WALLET_NEEDS) >= WALLET_NEEDS;
      this.#walletBalance = balance;
      if (wasEnough && balance < WALLET_NEEDS) {
        this.#logger.warn(
          { wallet: this.#wallet.address.toString(), balance: fromNano(balance) },
          `the wallet needs ${fromNano(WALLET_NEEDS)} TON to deploy contracts and to cash earnings in: top it up`,
        );
      }
    } catch (error) {
      this.#logger.debug({ err: error }, 'the balance of the wallet could not be read');
    }
    if (!this.#aborter.signal.aborted) this.#cancelWalletCheck = this.#clock.after(WALLET_CHECK_MS, () => void this.#checkWallet());
  }

  async #stats(): Promise<Record<string, unknown>> {
    await this.#checkWalletNow();
    const root = this.#root.current;
    return {
      status: {
        wallet_balance: this.#walletBalance ?? null,
        ton_last_synced_at: Math.floor(this.#root.readAtMs / 1000),
        enabled: !this.#isDisabled(),
        actual_model: this.#config.model_name,
        engine: { url: this.#engine.target.origin + this.#engine.target.prefix, kind: this.#uplink.kind, up: this.#uplink.up },
        coefficient: this.#price.current,
        active_queries: this.#active,
        max_active_queries: this.#config.max_active_requests,
      },
      stats: this.#metrics.stats(),
      wallet: { address: this.#wallet.address.toString(), balance: this.#walletBalance ?? null, pending_transactions_cnt: this.#wallet.pending },
      root_contract_config:
        root === undefined
          ? null
          : {
              owner_address: root.owner.toString(),
              version: root.version,
              params_version: root.params.paramsVersion,
              price_per_token: root.params.pricePerToken,
              worker_fee_per_token: root.params.workerFeePerToken,
              registered_proxies: root.proxies.map(({ seqno, workers }) => ({ seqno, address_for_workers: `${workers.host}:${workers.port}` })),
            },
      proxy_connections: this.#links.states(),
      proxies: this.#earnings.stats(),
    };
  }

  async #checkWalletNow(): Promise<void> {
    try {
      this.#walletBalance = (await this.#chain.account(this.#wallet.address)).balance;
    } catch (error) {
      this.#logger.debug({ err: error }, 'the balance of the wallet could not be read');
    }
  }
}

function suffix(problem: string | undefined): string {
  return problem === undefined ? '' : `: ${problem}`;
}
