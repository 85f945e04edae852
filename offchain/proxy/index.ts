import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openChainAccess } from '../node/chain-access';
import { systemClock } from '../node/clock';
import { PeerTransport } from '../node/peer-transport';
import { walletActions } from './chain-actions';
import { parseProxyConfig } from './config';
import { openDoorways } from './doorways';
import { errorText } from './errors';
import { pseudoActions } from './pseudo-actions';
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
  /** Serves a network without a chain, which this JSON file describes (`--disable-ton`). */
  rootFile?: string;
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
  const { rootFile } = deps;
  const config = parseProxyConfig(input, logger, { chainless: rootFile !== undefined });
  const access = openChainAccess({ role: 'proxy', config, chain: deps.chain, rootFile, logger, now });
  const { chain, pseudo } = access;
  const onChain = walletActions({ chain, config, logger });
  const actions = pseudo === undefined ? onChain : pseudoActions(pseudo, onChain.wallet);
  const clock = { ...systemClock, nowMs: now };
  const transport = new PeerTransport(config, { logger, clock, mustAttest: true });
  let runner: ProxyRunner | undefined;
  const close = async () => {
    await runner?.close();
    await transport.close();
    await access.close();
  };
  try {
    const doorways = await openDoorways(config, transport, logger);
    runner = await ProxyRunner.open(config, { logger, chain, actions, doorways, now });
    return { ...(await runner.start()), close };
  } catch (error) {
    await close().catch((reason: unknown) =>
      logger.error({ reason: errorText(reason) }, 'closing after a failed start'),
    );
    throw error;
  }
}
