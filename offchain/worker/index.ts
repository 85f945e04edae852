import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openEndpoint } from '../node/chain';
import { type Clock, systemClock } from '../node/clock';
import { plain, type TransportSecurity } from '../transport';
import { parseConfig } from './config';
import { Worker } from './worker';

export { ConfigError } from '../node/config';
export { VoucherStoreError } from './earnings';

export interface WorkerDeps {
  logger: Logger;
  clock?: Clock;
  /** Tests put in their own; by default the configured toncenter endpoint. */
  chain?: Chain;
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
  const { logger, clock = systemClock, security = plain } = deps;
  const config = parseConfig(input, logger);
  const endpoint = deps.chain === undefined ? openEndpoint(config, logger) : undefined;
  const chain = deps.chain ?? endpoint!.chain;
  const worker = new Worker({ config, chain, security, clock, logger });
  const httpPort = await worker.start();
  let closing: Promise<void> | undefined;
  return {
    httpPort,
    close: () => {
      closing ??= worker.close().finally(() => endpoint?.close());
      return closing;
    },
  };
}
