import { type CocoonParams, parseRootData, type RegisteredProxy, type RootData, registeredProxies } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { Clock } from './clock';

/** The network as its root contract describes it at one version. */
export interface RootConfig
  extends Pick<
    RootData,
    'version' | 'owner' | 'params' | 'lastProxySeqno' | 'proxyHashes' | 'workerHashes' | 'modelHashes'
  > {
  /** Those that can be dialled. */
  proxies: readonly RegisteredProxy[];
  /** Whether this node holds its peers' images against the lists. */
  checkImages: boolean;
}

/** The root contract cannot be used with this configuration. The message names the key to change. */
export class RootConfigError extends Error {
  readonly code = 'ROOT_CONFIG';

  constructor(message: string) {
    super(message);
    this.name = 'RootConfigError';
  }
}

export interface RootWatchOptions {
  chain: Chain;
  address: Address;
  isTest: boolean;
  /** There is no chain, so peers derive contracts as the live runners do. See CocoonParams.copiesKeepLayout. */
  chainless?: boolean;
  /** Default false. */
  checkImages?: boolean;
  refreshMs: number;
  /** Wait between readings until the first has succeeded. */
  retryMs: number;
  clock: Clock;
  logger: Logger;
  /** Called for the first reading (without `previous`) and for every new version. */
  onChange(current: RootConfig, previous: RootConfig | undefined): void;
}

/**
 * Keeps the newest state of the root contract. Versions only grow: an endpoint that lags behind cannot set us back.
 * A chain that is away is waited for.
 */
export class RootWatch {
  readonly #options: RootWatchOptions;
  #current: RootConfig | undefined;
  #problem: string | undefined;
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

  /** For parts that exist only once the contract has been read. */
  get known(): RootConfig {
    if (this.#current === undefined) throw new Error('the root contract is asked for before it has been read');
    return this.#current;
  }

  /** Why the last reading failed; undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Unix milliseconds of the last successful reading; 0 before. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** Reads the contract now. @throws RootConfigError, ChainError, CellFormatError */
  async refresh(): Promise<RootConfig> {
    try {
      const current = await this.#read();
      this.#problem = undefined;
      return current;
    } catch (error) {
      this.#problem = (error as Error).message;
      throw error;
    }
  }

  /** Reads again and again, at once when nothing has been tried yet; a failed reading is logged and the last state kept. */
  start(): void {
    if (this.#stopped) return;
    if (this.#current === undefined && this.#problem === undefined) void this.#tick();
    else this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #schedule(): void {
    const { refreshMs, retryMs, clock } = this.#options;
    this.#cancelTimer = clock.after(this.#current === undefined ? retryMs : refreshMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const before = this.#problem;
    try {
      await this.refresh();
    } catch (error) {
      const { message } = error as Error;
      // The same trouble again is not news.
      if (message !== before)
        this.#options.logger.warn({ err: error }, `the root contract could not be read: ${message}`);
    }
    if (!this.#stopped) this.#schedule();
  }

  async #read(): Promise<RootConfig> {
    const { chain, address, isTest, clock, logger, onChange } = this.#options;
    const account = await chain.account(address);
    if (account.status !== 'active' || account.data === undefined) {
      throw new RootConfigError(
        `There is no contract at "root_contract_address" ${address} on this chain. Check the address and "ton_endpoint".`,
      );
    }
    const { registeredProxies: entries, ...data } = parseRootData(account.data);
    if (this.#options.chainless === true) data.params = { ...data.params, copiesKeepLayout: true };
    if (data.params.isTest !== isTest) {
      throw new RootConfigError(
        `The root contract ${address} is for ${data.params.isTest ? 'a test network' : 'the main network'}, but "is_test" is ${isTest}. Set one to fit the other.`,
      );
    }
    this.#readAtMs = clock.nowMs();
    const previous = this.#current;
    if (previous !== undefined && (this.#stopped || data.version <= previous.version)) return previous;
    const { proxies, skipped } = registeredProxies(entries);
    for (const { seqno, reason } of skipped)
      logger.warn({ seqno }, `a registered proxy cannot be dialled: ${reason.message}`);
    const current: RootConfig = { ...data, proxies, checkImages: this.#options.checkImages ?? false };
    this.#current = current;
    logger.info({ from: previous?.version, to: data.version, proxies: proxies.length }, 'root contract read');
    if (!this.#stopped) onChange(current, previous);
    return current;
  }
}

/** The root_contract_config part of /jsonstats, in the live network's names; null before the contract has been read. */
export function rootStats(root: RootConfig | undefined): Record<string, unknown> | null {
  if (root === undefined) return null;
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
