import { type CocoonParams, parseRootData } from '@cocoon/sdk/protocol';
import { type RegisteredProxy, registeredProxies } from '@cocoon/sdk/protocol/root-config';
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
  refreshMs: number;
  /** Wait between readings until the first has succeeded. */
  retryMs: number;
  clock: Clock;
  logger: Logger;
  /** Called for the first reading (without `previous`) and for every new version. */
  onChange(current: RootConfig, previous: RootConfig | undefined): void;
}

/** Keeps the newest state of the root contract; only a higher version replaces the one held. A chain that is away is waited for. */
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

  get current(): RootConfig | undefined {
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

  start(): void {
    void this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  async #tick(): Promise<void> {
    const { refreshMs, retryMs, clock, logger } = this.#options;
    try {
      await this.#read();
      this.#problem = undefined;
    } catch (error) {
      const problem = (error as Error).message;
      // The same trouble again is not news.
      if (problem !== this.#problem) logger.warn({ err: error }, `the root contract could not be read: ${problem}`);
      this.#problem = problem;
    }
    if (this.#stopped) return;
    this.#cancelTimer = clock.after(this.#current === undefined ? retryMs : refreshMs, () => void this.#tick());
  }

  async #read(): Promise<void> {
    const { chain, address, isTest, clock, logger, onChange } = this.#options;
    const account = await chain.account(address);
    if (account.status !== 'active' || account.data === undefined) {
      throw new RootConfigError(
        `There is no contract at "root_contract_address" ${address} on this chain. Check the address and "ton_endpoint".`,
      );
    }
    const { version, owner, params, registeredProxies: entries } = parseRootData(account.data);
    if (params.isTest !== isTest) {
      throw new RootConfigError(
        `The root contract ${address} is for ${params.isTest ? 'a test network' : 'the main network'}, but "is_test" is ${isTest}. Set one to fit the other.`,
      );
    }
    this.#readAtMs = clock.nowMs();
    const previous = this.#current;
    if (this.#stopped || (previous !== undefined && version <= previous.version)) return;
    const { proxies, skipped } = registeredProxies(entries);
    for (const { seqno, reason } of skipped)
      logger.warn({ seqno }, `a registered proxy cannot be dialled: ${reason.message}`);
    this.#current = { version, owner, params, proxies };
    logger.info({ from: previous?.version, to: version, proxies: proxies.length }, 'root contract read');
    onChange(this.#current, previous);
  }
}
