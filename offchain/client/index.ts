import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openChainAccess } from '../node/chain-access';
import { type Clock, systemClock } from '../node/clock';
import { PeerTransport } from '../node/peer-transport';
import type { TransportSecurity } from '../transport';
import { parseConfig } from './config';
import { ClientRunner } from './runner';

export { ConfigError } from '../node/config';
export { RootConfigError } from '../node/root-watch';
export { type ClientConfig, parseConfig } from './config';
export { StateFileError } from './state-file';

export interface ClientDeps {
  logger: Logger;
  /** Unix milliseconds and timers; default the system's. */
  clock?: Clock;
  /** Default: the toncenter API at ton_endpoint. */
  chain?: Chain;
  /** Joins a network without a chain, which this JSON file describes (`--disable-ton`). */
  rootFile?: string;
  /** How connections to proxies are secured; default: as the configuration says. */
  security?: TransportSecurity;
}

export interface RunningClient {
  httpPort: number;
  close(): Promise<void>;
}

/**
 * Starts the client gateway: an OpenAI-compatible endpoint that buys its answers from the network. Resolves when the endpoint listens;
 * whether requests can be served yet, and why not, is what GET /readyz says (the payment channel may still be opening).
 * @param input the JSON configuration, see config.ts
 * @throws ConfigError, RootConfigError, StateFileError: one line naming what to do
 */
export async function startClient(input: unknown, deps: ClientDeps): Promise<RunningClient> {
  const { logger, clock = systemClock } = deps;
  const { rootFile } = deps;
  const config = parseConfig(input, logger, { chainless: rootFile !== undefined });
  const now = () => clock.nowMs();
  const access = openChainAccess({ role: 'client', config, chain: deps.chain, rootFile, logger, now });
  const { chain } = access;
  const transport = new PeerTransport(config, { logger, clock, mustAttest: false });
  const security = deps.security ?? (await transport.dialer(config));
  const runner = new ClientRunner({ config, chain, security, clock, logger });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= runner.close().finally(() => Promise.all([transport.close(), access.close()]));
    return closing;
  };
  try {
    return { httpPort: await runner.start(), close };
  } catch (error) {
    await close();
    throw error;
  }
}
