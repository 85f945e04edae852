import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { ToncenterChain } from '../chain/toncenter';
import { walletActions } from './chain-actions';
import { type ProxyConfig, parseProxyConfig } from './config';
import { errorText, ProxyFatalError } from './errors';
import { ProxyRunner } from './runner';

export { type ProxyConfig, parseProxyConfig, proxyConfigSchema } from './config';
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
 * @throws ProxyFatalError, LedgerOpenError: one line naming what to do
 */
export async function startProxy(input: unknown, deps: ProxyDeps): Promise<RunningProxy> {
  const { logger, now = Date.now } = deps;
  const config = parseProxyConfig(input, (message) => logger.warn(message));
  const own = deps.chain ? undefined : endpoint(config, logger);
  const chain = deps.chain ?? own!;
  const actions = walletActions({ chain, config, logger });
  let runner: ProxyRunner | undefined;
  const close = async () => {
    await runner?.close();
    await own?.close();
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

function endpoint(config: ProxyConfig, logger: Logger): ToncenterChain {
  const apiKey = readKeyFile(config.ton_api_key_file);
  return new ToncenterChain({ endpoint: config.ton_endpoint, logger, ...(apiKey === undefined ? {} : { apiKey }) });
}

function readKeyFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ProxyFatalError('config', `ton_api_key_file ${path} cannot be read: ${errorText(error)}`, error);
  }
}
