import { type CocoonParams, parseRootData, type RootData } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { errorText, ProxyFatalError } from './errors';

export interface RootViewOptions {
  chain: Chain;
  root: Address;
  isTest: boolean;
  logger: Logger;
  /** The parameters changed on chain to a version this proxy's contract was not made for. */
  onOutdated(active: number, own: number): void;
}

/** The root contract as last read. Versions only grow: an endpoint that lags behind cannot set us back. */
export class RootView {
  private readonly options: RootViewOptions;
  private data: RootData;
  private ownParams: number | undefined;

  private constructor(options: RootViewOptions, data: RootData) {
    this.options = options;
    this.data = data;
  }

  /** @throws ProxyFatalError when there is no usable root contract at the configured address */
  static async load(options: RootViewOptions): Promise<RootView> {
    const data = await read(options);
    if (data.params.isTest !== options.isTest) {
      throw new ProxyFatalError(
        'config',
        `the root contract has is_test=${data.params.isTest}, the configuration is_test=${options.isTest}; correct is_test or root_contract_address`,
      );
    }
    return new RootView(options, data);
  }

  get version(): number {
    return this.data.version;
  }

  get params(): CocoonParams {
    return this.data.params;
  }

  get current(): RootData {
    return this.data;
  }

  /** Tells the view which parameters the proxy contract was deployed with. */
  boundTo(paramsVersion: number): void {
    this.ownParams = paramsVersion;
    this.compare();
  }

  /** Reads the root again. Failures are logged: the last known state stays in force. */
  async refresh(): Promise<void> {
    const { logger } = this.options;
    try {
      const data = await read(this.options);
      if (data.version <= this.data.version) return;
      if (data.params.isTest !== this.options.isTest) {
        logger.error({ version: data.version }, 'the root contract changed is_test; keeping the previous version');
        return;
      }
      logger.info({ from: this.data.version, to: data.version }, 'root configuration changed');
      this.data = data;
      this.compare();
    } catch (error) {
      logger.warn({ reason: errorText(error) }, 'the root contract could not be read, keeping the last known state');
    }
  }

  private compare(): void {
    const active = this.data.params.paramsVersion;
    if (this.ownParams !== undefined && this.ownParams !== active) this.options.onOutdated(active, this.ownParams);
  }
}

async function read({ chain, root }: RootViewOptions): Promise<RootData> {
  const account = await chain.account(root);
  if (account.status !== 'active' || !account.data) {
    throw new ProxyFatalError(
      'chain',
      `there is no contract at root_contract_address ${root.toString()} (${account.status}); check the address and ton_endpoint`,
    );
  }
  return parseRootData(account.data);
}
