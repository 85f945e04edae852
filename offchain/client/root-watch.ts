import { type CocoonParams, parseRootData, type RegisteredProxy, registeredProxies } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { Clock } from './clock';

/** The network as its root contract describes it at one version. */
export interface RootConfig {
  version: number;
  owner: Address;
  params: CocoonParams;
  proxies: readonly RegisteredProxy[];
  lastProxySeqno: number;
  proxyHashes: ReadonlySet<string>;
  workerHashes: ReadonlySet<string>;
  modelHashes: ReadonlySet<string>;
}

/** The root contract cannot be used with this configuration. The message names the key to change. */
export class RootConfigError extends Error {
  readonly code = 'ROOT_CONFIG';
}

export interface RootWatchOptions {
  chain: Chain;
  address: Address;
  isTest: boolean;
  refreshMs: number;
  clock: Clock;
  logger: Logger;
  /** Called after each change of the version. */
  onChange(current: RootConfig, previous: RootConfig): void;
}

/** Keeps the newest state of the root contract; only a higher version replaces the one held. */
export class RootWatch {
  readonly #options: RootWatchOptions;
  #current: RootConfig | undefined;
  #readAtMs = 0;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: RootWatchOptions) {
    this.#options = options;
  }

  /** Undefined until it has been read once. */
  get current(): RootConfig | undefined {
    return this.#current;
  }

  /** Unix milliseconds of the last successful reading. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** Reads the contract now. @throws RootConfigError, ChainError, CellFormatError */
  async refresh(): Promise<RootConfig> {
    const { chain, address, isTest, clock, logger, onChange } = this.#options;
    const account = await chain.account(address);
    if (account.status !== 'active' || account.data === undefined) {
      throw new RootConfigError(
        `There is no contract at "root_contract_address" ${address} on this chain. Check the address and "ton_endpoint".`,
      );
    }
    const data = parseRootData(account.data);
    if (data.params.isTest !== isTest) {
      throw new RootConfigError(
        `The root contract ${address} is for ${data.params.isTest ? 'a test network' : 'the main network'}, but "is_test" is ${isTest}. Set one to fit the other.`,
      );
    }
    this.#readAtMs = clock.nowMs();
    const previous = this.#current;
    if (previous !== undefined && data.version <= previous.version) return previous;
    const { proxies, skipped } = registeredProxies(data.registeredProxies);
    for (const { seqno, reason } of skipped)
      logger.warn({ seqno }, `a registered proxy cannot be dialled: ${reason.message}`);
    const { version, owner, params, lastProxySeqno, proxyHashes, workerHashes, modelHashes } = data;
    const current = { version, owner, params, proxies, lastProxySeqno, proxyHashes, workerHashes, modelHashes };
    this.#current = current;
    if (previous !== undefined) {
      logger.info({ from: previous.version, to: version }, 'the root contract has changed');
      onChange(current, previous);
    }
    return current;
  }

  /** Reads again and again; a failed reading is logged and the last state kept. */
  start(): void {
    this.#cancelTimer = this.#options.clock.after(this.#options.refreshMs, () => void this.#tick());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  async #tick(): Promise<void> {
    try {
      await this.refresh();
    } catch (err) {
      this.#options.logger.warn({ err }, 'the root contract could not be read; going on with the last state');
    }
    if (!this.#stopped) this.start();
  }

  /** The root_contract_config part of /jsonstats. */
  stats(): Record<string, unknown> {
    const root = this.#current;
    if (root === undefined) return {};
    const { params } = root;
    const hashOf = (code: CocoonParams['proxyCode']) => code?.hash().toString('hex') ?? '';
    return {
      owner_address: root.owner.toString(),
      proxy_hashes: [...root.proxyHashes],
      registered_proxies: root.proxies.map(({ seqno, workers, clients }) => ({
        seqno,
        address_for_clients: `${clients.host}:${clients.port}`,
        address_for_workers: `${workers.host}:${workers.port}`,
      })),
      last_proxy_seqno: root.lastProxySeqno,
      worker_hashes: [...root.workerHashes],
      model_hashes: [...root.modelHashes],
      version: root.version,
      struct_version: params.structVersion,
      params_version: params.paramsVersion,
      unique_id: params.uniqueId,
      is_test: params.isTest,
      price_per_token: params.pricePerToken,
      worker_fee_per_token: params.workerFeePerToken,
      prompt_tokens_price_multiplier: params.promptMultiplier,
      cached_tokens_price_multiplier: params.cachedMultiplier,
      completion_tokens_price_multiplier: params.completionMultiplier,
      reasoning_tokens_price_multiplier: params.reasoningMultiplier,
      proxy_delay_before_close: params.proxyDelayBeforeClose,
      client_delay_before_close: params.clientDelayBeforeClose,
      proxy_min_stake: params.minProxyStake,
      client_min_stake: params.minClientStake,
      proxy_code_hash: hashOf(params.proxyCode),
      worker_code_hash: hashOf(params.workerCode),
      client_code_hash: hashOf(params.clientCode),
    };
  }
}
