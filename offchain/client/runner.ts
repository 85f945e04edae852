import { accessSync, constants, mkdirSync } from 'node:fs';
import type { Logger } from 'pino';
import { type Chain, ChainError } from '../chain/port';
import type { CocoonWalletSender } from '../chain/wallet';
import { openWallet } from '../node/chain';
import type { Clock } from '../node/clock';
import { ConfigError } from '../node/config';
import { type RootConfig, RootWatch, rootStats } from '../node/root-watch';
import type { TransportSecurity } from '../transport';
import { readChannelFiles } from './channel-file';
import { Channels } from './channels';
import type { ClientConfig } from './config';
import { Gateway } from './http/gateway';
import { Metrics } from './metrics';
import { ProxyPool } from './pool';
import { takeUpChannels } from './remembered';
import { RunnerWallet } from './runner-wallet';
import { loadSecret } from './secret';
import { secretHash } from './session';
import { ProxySlot } from './slot';
import { SpendGuard } from './spend';
import type { Identity } from './terms';

export interface RunnerOptions {
  config: ClientConfig;
  chain: Chain;
  security: TransportSecurity;
  clock: Clock;
  logger: Logger;
}

/** How often proxies that are gone or unusable are replaced. */
const POOL_CHECK_MS = 5_000;
const ROOT_RETRY_MS = 2_000;
const TAKE_UP_RETRY_MS = 10_000;
/** Time for running requests at an orderly stop. */
const CLOSE_GRACE_MS = 3_000;

/** All parts of the client, wired: root contract, channels, proxies, HTTP edge. */
export class ClientRunner {
  readonly #options: RunnerOptions;
  readonly #metrics: Metrics;
  readonly #spend: SpendGuard;
  readonly #secret: Buffer;
  readonly #sender: CocoonWalletSender;
  readonly #wallet: RunnerWallet;
  readonly #root: RootWatch;
  readonly #channels: Channels;
  readonly #pool: ProxyPool;
  readonly #gateway: Gateway;
  #cancelTimer: () => void = () => undefined;
  #cancelTakeUp: () => void = () => undefined;
  #listening = false;
  #closed = false;

  /** @throws ConfigError, StateFileError */
  constructor(options: RunnerOptions) {
    this.#options = options;
    const { config, chain, clock, logger } = options;
    openStateDir(config.state_dir);
    readChannelFiles(config.state_dir);
    this.#metrics = new Metrics(() => clock.nowMs());
    const limits = { perRequest: config.max_spend_per_request_nano, perDay: config.max_spend_per_day_nano };
    this.#spend = new SpendGuard(limits, config.state_dir, clock);
    // Where there is no chain every client has the empty secret, and there is no money that it could lose (B24).
    this.#secret = config.chainless ? Buffer.alloc(0) : loadSecret(config.secret_string, config.state_dir);
    this.#sender = openWallet({ config, chain, logger, pollMs: config.poll_interval_ms });
    this.#wallet = new RunnerWallet(this.#sender, chain, config.chain_action_timeout_s * 1000);
    this.#root = new RootWatch({
      chain,
      address: config.root_contract_address,
      isTest: config.is_test,
      chainless: config.chainless,
      checkImages: config.checkHashes,
      refreshMs: config.root_refresh_ms,
      retryMs: ROOT_RETRY_MS,
      clock,
      logger,
      onChange: (current, previous) => this.#onRootChange(current, previous),
    });
    this.#channels = new Channels({
      chain,
      wallet: this.#wallet,
      stateDir: config.state_dir,
      secretHash: secretHash(this.#secret),
      minBackedStake: config.min_backed_stake_nano,
      logger,
      clock,
      intervalMs: config.poll_interval_ms,
      paramsVersion: () => this.#root.current?.params.paramsVersion,
      inUse: (client) => this.#pool.uses(client),
    });
    this.#pool = new ProxyPool({
      connections: config.proxy_connections,
      root: () => this.#root.current,
      openSlot: (target) => this.#openSlot(target),
      random: Math.random,
      metrics: this.#metrics,
      logger,
    });
    const admin = {
      act: this.#channels.act.bind(this.#channels),
      stats: () => this.#stats(),
    };
    this.#gateway = new Gateway(config, {
      upstream: this.#pool,
      admin,
      spend: this.#spend,
      metrics: this.#metrics,
      clock,
      logger,
    });
    this.#registerGauges();
  }

  /** @returns the HTTP port @throws RootConfigError when the root contract is not the configured network's, ConfigError */
  async start(): Promise<number> {
    const { config, logger } = this.#options;
    const port = await this.#gateway.listen(config.http_host, config.http_port);
    this.#listening = true;
    logger.info({ wallet: this.#wallet.address.toString({ bounceable: false }), port }, 'client gateway listens');
    await this.#readRoot();
    return port;
  }

  /** The endpoint is up without the root; a root of another network is a mistake only the owner can correct. */
  async #readRoot(): Promise<void> {
    try {
      await this.#root.refresh();
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      this.#options.logger.warn({ err: error }, 'the root contract cannot be read yet');
    }
    this.#root.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    this.#cancelTakeUp();
    this.#root.stop();
    if (this.#listening) await this.#gateway.close(CLOSE_GRACE_MS);
    this.#pool.close();
    await this.#channels.stop();
    await this.#sender.close();
    this.#spend.close();
  }

  #checkPool(): void {
    this.#pool.update();
    this.#cancelTimer = this.#options.clock.after(POOL_CHECK_MS, () => this.#checkPool());
  }

  #onRootChange(current: RootConfig, previous: RootConfig | undefined): void {
    if (previous === undefined) {
      this.#channels.start();
      this.#checkPool();
      void this.#takeUp();
      return;
    }
    this.#pool.rootChanged();
    const [from, to] = [previous.params.paramsVersion, current.params.paramsVersion];
    if (from === to) return;
    const text = 'the network has new terms: channels keep theirs, new contracts of proxies get the new ones';
    this.#options.logger.info({ from, to, pricePerToken: String(current.params.pricePerToken) }, text);
  }

  async #takeUp(): Promise<void> {
    const { config, clock, logger } = this.#options;
    try {
      await takeUpChannels(config.state_dir, this.#identity(), this.#channels, logger);
    } catch (err) {
      if (this.#closed) return;
      logger.warn({ err }, 'the channels of earlier runs cannot be taken up yet');
      this.#cancelTakeUp = clock.after(TAKE_UP_RETRY_MS, () => void this.#takeUp());
    }
  }

  #identity(): Identity {
    const { config, chain } = this.#options;
    return {
      wallet: this.#wallet.address,
      root: config.root_contract_address,
      isTest: config.is_test,
      isTestnet: config.is_testnet,
      params: this.#root.known.params,
      chain,
      hasChannel: (client) => this.#channels.has(client),
    };
  }

  #openSlot(target: ProxySlot['target']): ProxySlot {
    const { config, security, clock, logger } = this.#options;
    return new ProxySlot({
      target,
      security,
      clock,
      logger,
      session: {
        channelFor: (terms) => this.#channels.for(terms),
        root: () => this.#root.known,
        identity: () => this.#identity(),
        secret: this.#secret,
        clock,
        paymentStatusIntervalMs: config.payment_status_interval_ms,
      },
    });
  }

  #registerGauges(): void {
    const channels = () => this.#channels.all();
    const ton = (sum: bigint) => Number(sum) / 1e9;
    this.#metrics.gauge('cocoon_client_proxies_ready', 'Connections that take requests', () => this.#pool.readyCount);
    this.#metrics.gauge(
      'cocoon_client_channels_of_older_terms',
      'Channels in use whose terms are not the newest',
      () => {
        const version = this.#root.current?.params.paramsVersion ?? 0;
        return channels().filter(({ terms }) => terms.params.paramsVersion < version && this.#pool.uses(terms.client))
          .length;
      },
    );
    this.#metrics.gauge('cocoon_client_channel_unspent_ton', 'Unspent coins in all channels, stakes included', () =>
      ton(channels().reduce((sum, channel) => sum + channel.unspent, 0n)),
    );
    this.#metrics.gauge(
      'cocoon_client_spent_today_ton',
      'Spent and reserved since 00:00 UTC, counted while a spend limit is set',
      () => ton(this.#spend.spentToday),
    );
  }

  /** The parts of /jsonstats that the live network's tools read; secrets are not among them. */
  async #stats(): Promise<Record<string, unknown>> {
    const { config, logger } = this.#options;
    let balance = 0n;
    try {
      balance = await this.#wallet.balance();
    } catch (err) {
      logger.warn({ err }, 'the wallet balance cannot be read');
    }
    return {
      status: {
        wallet_balance: balance,
        ton_last_synced_at: Math.floor(this.#root.readAtMs / 1000),
        enabled: this.#pool.readyCount > 0,
        git_commit: '',
        git_commit_data: 0,
      },
      wallet: {
        address: this.#wallet.address.toString({ bounceable: false }),
        balance,
        pending_transactions_cnt: this.#sender.pending,
      },
      localconf: {
        root_address: config.root_contract_address.toString(),
        owner_address: config.owner_address.toString(),
        is_test: config.is_test,
        is_testnet: config.is_testnet,
        http_port: config.http_port,
        proxy_connections: config.proxy_connections,
        max_coefficient: config.max_coefficient,
        max_tokens: config.max_tokens,
      },
      root_contract_config: rootStats(this.#root.current),
      proxy_connections: this.#pool.stats(),
      proxies: this.#channels.stats(),
    };
  }
}

/** @throws ConfigError when nothing can be kept there: counters, vouchers and the secret must survive this process */
function openStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(
      'state_dir',
      `${path} cannot be used (${(error as Error).message}). Give a directory this user can write to`,
    );
  }
}
