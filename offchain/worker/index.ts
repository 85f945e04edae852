import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openChainAccess } from '../node/chain-access';
import { type Clock, systemClock } from '../node/clock';
import { PeerTransport } from '../node/peer-transport';
import type { TransportSecurity } from '../transport';
import { parseConfig } from './config';
import { Worker } from './worker';

export { ConfigError } from '../node/config';
export { VoucherStoreError } from './earnings';

export interface WorkerDeps {
  logger: Logger;
  clock?: Clock;
  /** Tests put in their own; by default the configured toncenter endpoint. */
  chain?: Chain;
  /** Joins a network without a chain, which this JSON file describes (`--disable-ton`). */
  rootFile?: string;
  security?: TransportSecurity;
}

export interface RunningWorker {
  httpPort: number;
  close(): Promise<void>;
}

/**
 * Starts a worker: sells an OpenAI-compatible engine to proxies and fetches what they owe. Resolves when the operator's HTTP interface
 * listens; whether requests can come yet, and why not, is what GET /readyz says.
 * @param input the JSON configuration, see config.ts
 * @throws ConfigError, VoucherStoreError
 */
export async function startWorker(input: unknown, deps: WorkerDeps): Promise<RunningWorker> {
  const { logger, clock = systemClock } = deps;
  const { rootFile } = deps;
  const config = parseConfig(input, logger, { chainless: rootFile !== undefined });
  const now = () => clock.nowMs();
  const access = openChainAccess({ role: 'worker', config, chain: deps.chain, rootFile, logger, now });
  const { chain } = access;
  const transport = new PeerTransport(config, { logger, clock, mustAttest: true });
  const security = deps.security ?? (await transport.dialer(config));
  const worker = new Worker({ config, chain, security, clock, logger });
  const httpPort = await worker.start();
  let closing: Promise<void> | undefined;
  return {
    httpPort,
    close: () => {
      closing ??= worker.close().finally(() => Promise.all([transport.close(), access.close()]));
      return closing;
    },
  };
}
