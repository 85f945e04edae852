import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { ToncenterChain } from '../chain/toncenter';
import { plain, type TransportSecurity } from '../transport';
import { type Clock, systemClock } from './clock';
import { parseConfig } from './config';
import { Worker } from './worker';

export { VoucherStoreError } from './earnings';
export { ConfigError } from './errors';

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
  const aborter = new AbortController();
  const key = config.tonApiKey === undefined ? {} : { apiKey: config.tonApiKey };
  const chain =
    deps.chain ?? new ToncenterChain({ endpoint: config.ton_endpoint, ...key, logger, signal: aborter.signal });
  const worker = new Worker({ config, chain, security, clock, logger });
  const httpPort = await worker.start();
  let closing: Promise<void> | undefined;
  return {
    httpPort,
    close: () => {
      closing ??= worker.close().finally(() => aborter.abort());
      return closing;
    },
  };
}
