import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openEndpoint } from '../node/chain';
import { walletActions } from './chain-actions';
import { parseProxyConfig } from './config';
import { errorText } from './errors';
import { ProxyRunner } from './runner';

export { ConfigError } from '../node/config';
export { RootConfigError } from '../node/root-watch';
export { type ProxyConfig, parseProxyConfig } from './config';
export { ProxyFatalError } from './errors';

export interface ProxyDeps {
  logger: Logger;
  /** Unix milliseconds; default the system's clock. */
  now?(): number;
  /** Default: toncenter API at ton_endpoint. */
  chain?: Chain;
}

export interface RunningProxy {
  httpPort: number;
  /** Ports of the peer listeners, for configurations that say 0. */
  clientPort: number;
  workerPort: number;
  close(): Promise<void>;
}

/**
 * Starts a proxy and resolves when it serves: contract deployed and staked, ledger anchored on chain, ports open.
 * @param input the configuration as read from JSON
 * @throws ConfigError, RootConfigError, ProxyFatalError, LedgerOpenError: one line naming what to do
 */
export async function startProxy(input: unknown, deps: ProxyDeps): Promise<RunningProxy> {
  const { logger, now = Date.now } = deps;
  const config = parseProxyConfig(input, logger);
  const endpoint = deps.chain === undefined ? openEndpoint(config, logger) : undefined;
  const chain = deps.chain ?? endpoint!.chain;
  const actions = walletActions({ chain, config, logger });
  let runner: ProxyRunner | undefined;
  const close = async () => {
    await runner?.close();
    await endpoint?.close();
  };
  try {
    runner = await ProxyRunner.open(config, { logger, chain, actions, now });
    return { ...(await runner.start()), close };
  } catch (error) {
    await close().catch((reason: unknown) =>
      logger.error({ reason: errorText(reason) }, 'closing after a failed start'),
    );
    throw error;
  }
}
