import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { CocoonWalletSender } from '../chain/wallet';
import { modelProblem } from '../node/allowed';
import { openWallet } from '../node/chain';
import type { Clock } from '../node/clock';
import type { OperatorHttp } from '../node/operator-http';
import { type RootConfig, RootWatch } from '../node/root-watch';
import type { TransportSecurity } from '../transport';
import type { WorkerConfig } from './config';
import { Earnings, VoucherStore } from './earnings';
import { EngineClient } from './forward';
import { workerHttp } from './http';
import { Links } from './links';
import { Metrics } from './metrics';
import { Price } from './price';
import { jsonStats, notReady, type StatusParts } from './status';
import { Uplink } from './uplink';
import { WalletWatch } from './wallet-watch';
import type { WorkerContext } from './worker-context';

export interface WorkerOptions {
  config: WorkerConfig;
  chain: Chain;
  security: TransportSecurity;
  clock: Clock;
  logger: Logger;
}

const WALLET_CHECK_MS = 30_000;

/** Puts the parts of one worker together and owns their life. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #wallet: CocoonWalletSender;
  readonly #walletWatch: WalletWatch;
  readonly #engine: EngineClient;
  readonly #store: VoucherStore;
  readonly #earnings: Earnings;
  readonly #uplink: Uplink;
  readonly #root: RootWatch;
  readonly #links: Links;
  readonly #metrics: Metrics;
  readonly #price: Price;
  readonly #http: OperatorHttp;
  #enabled = true;
  #active = 0;
  #modelProblem: string | undefined;
  #warnedUnreported = false;

  /** @throws VoucherStoreError */
  constructor(options: WorkerOptions) {
    this.#options = options;
    const { config, chain, security, clock, logger } = options;
    this.#wallet = openWallet({ config, chain, logger, pollMs: config.poll_interval_ms });
    this.#walletWatch = new WalletWatch({
      chain,
      address: this.#wallet.address,
      intervalMs: WALLET_CHECK_MS,
      clock,
      logger,
    });
    this.#price = new Price(config.coefficient, clock);
    // One connection more than there can be requests: the probe needs its own.
    this.#engine = new EngineClient({ target: config.target, connections: config.max_active_requests + 1 });
    this.#store = new VoucherStore(join(config.state_dir, 'vouchers'), (err) =>
      logger.error({ err }, 'a voucher could not be written to disk; it is kept in memory and tried again'),
    );
    this.#root = this.#makeRootWatch();
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
    this.#metrics = this.#makeMetrics();
    this.#http = this.#makeHttp();
  }

  /** @returns the port of the operator's HTTP interface @throws ConfigError when it cannot be had */
  async start(): Promise<number> {
    const httpPort = await this.#http.listen();
    this.#uplink.start();
    this.#root.start();
    this.#earnings.start();
    this.#walletWatch.start();
    const { target, baseModel, owner_address } = this.#options.config;
    const addresses = { owner: owner_address.toString(), wallet: this.#wallet.address.toString() };
    this.#options.logger.info(
      { httpPort, engine: target.origin + target.prefix, model: baseModel, ...addresses },
      'worker started',
    );
    return httpPort;
  }

  async close(): Promise<void> {
    this.#uplink.stop();
    this.#root.stop();
    this.#earnings.stop();
    this.#walletWatch.stop();
    this.#links.close('the worker is stopping');
    await this.#http.close();
    await this.#engine.close();
    await this.#wallet.close();
    await this.#store.flush();
  }

  #makeRootWatch(): RootWatch {
    const { config, chain, clock, logger } = this.#options;
    return new RootWatch({
      chain,
      address: config.root_contract_address,
      isTest: config.is_test,
      chainless: config.chainless,
      checkImages: config.checkHashes,
      refreshMs: config.root_refresh_ms,
      retryMs: config.poll_interval_ms,
      clock,
      logger,
      onChange: (current, previous) => this.#rootChanged(current, previous),
    });
  }

  /** Accounts keep the terms of their contracts; what the root lists counts from now on. */
  #rootChanged(current: RootConfig, previous: RootConfig | undefined): void {
    const { config, logger } = this.#options;
    const [from, to] = [previous?.params.paramsVersion, current.params.paramsVersion];
    if (from !== undefined && from !== to)
      logger.info(
        { from, to },
        'the network has new terms: accounts keep theirs, new contracts of proxies get the new ones',
      );
    const problem = config.check_models ? modelProblem(current, config.model_name) : undefined;
    const before = this.#modelProblem;
    this.#modelProblem = problem;
    if (problem !== undefined) {
      if (before === undefined) logger.warn(`no requests are served: ${problem}`);
      this.#links.suspend(problem);
      this.#links.rootChanged();
      return;
    }
    if (before !== undefined) logger.info("the model is on the root's list now");
    this.#links.update(current.proxies);
    this.#links.rootChanged();
  }

  #makeEarnings(): Earnings {
    const { config, chain, clock, logger } = this.#options;
    return new Earnings({
      chain,
      wallet: this.#wallet,
      store: this.#store,
      policy: {
        thresholdNano: config.payout_threshold_nano,
        idleThresholdNano: config.idle_payout_threshold_nano,
        idleAfterMs: config.idle_payout_after_s * 1000,
      },
      checkIntervalMs: config.payout_check_interval_ms,
      root: () => this.#root.current,
      inUse: (worker) =>
        this.#links.sessions.some(({ ready, account }) => ready && account?.identity.worker.equals(worker)),
      clock,
      logger,
    });
  }

  #makeMetrics(): Metrics {
    return new Metrics(
      {
        enabled: () => !this.#isDisabled(),
        engineUp: () => this.#uplink.up,
        modelAllowed: () => this.#modelProblem === undefined,
        readyProxies: () => this.#links.readyCount,
        active: () => this.#active,
        signedTokens: () => this.#earnings.signedTokens(),
      },
      this.#options.clock,
    );
  }

  #context(): WorkerContext {
    const { config, chain, clock } = this.#options;
    return {
      clock,
      chain,
      modelProblem: () => this.#modelProblem,
      engine: this.#engine,
      engineKind: () => this.#uplink.kind,
      engineApiKey: config.engineApiKey,
      model: config.baseModel,
      earnings: this.#earnings,
      paymentStatusIntervalMs: config.payment_status_interval_ms,
      root: () => {
        const current = this.#root.current;
        return current === undefined ? undefined : { ...current, address: config.root_contract_address };
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
    };
  }

  #makeHttp(): OperatorHttp {
    const { config, logger } = this.#options;
    const parts = this.#statusParts();
    return workerHttp({
      host: config.http_host,
      port: config.http_port,
      accessHash: config.http_access_hash,
      logger,
      notReady: () => notReady(parts),
      metrics: () => this.#metrics.text(),
      stats: () => jsonStats(parts),
      actions: {
        setEnabled: (enabled) => {
          this.#enabled = enabled;
          logger.info({ enabled }, 'the operator changed the availability');
          this.#announce();
        },
        payout: (proxy) => this.#earnings.payout(proxy),
        changeCoefficient: (coefficient) => {
          this.#price.change(coefficient);
          logger.info({ coefficient }, 'the operator changed the price');
          for (const session of this.#links.sessions) session.announceCoefficient();
        },
      },
    });
  }

  #statusParts(): StatusParts {
    const { config } = this.#options;
    return {
      config,
      target: config.target,
      walletAddress: this.#wallet.address.toString(),
      uplink: this.#uplink,
      root: this.#root,
      links: this.#links,
      wallet: this.#walletWatch,
      earnings: this.#earnings,
      metrics: this.#metrics,
      enabled: () => this.#enabled,
      modelProblem: () => this.#modelProblem,
      coefficient: () => this.#price.current,
      active: () => this.#active,
      pendingSends: () => this.#wallet.pending,
    };
  }

  #isDisabled(): boolean {
    return !this.#enabled || !this.#uplink.up || this.#modelProblem !== undefined;
  }

  #announce(): void {
    for (const session of this.#links.sessions) session.announce();
  }

  /** Said once: it will be the same with every answer of this engine. */
  #unreportedUsage(): void {
    this.#metrics.unreportedUsage();
    if (this.#warnedUnreported) return;
    this.#warnedUnreported = true;
    this.#options.logger.warn(
      { engine: this.#engine.target.origin },
      'the engine reports no usage: content chunks are counted instead, which is a lower bound. Switch usage reporting on in the engine',
    );
  }
}
