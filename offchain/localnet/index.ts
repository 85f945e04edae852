import type { Logger } from 'pino';
import { LocalChain } from './chain';
import type { PriceSet } from './config';
import { serve } from './server';

export { chainConfig, PRICE_SETS, type PriceSet } from './config';
export { LocalnetError, type LocalnetErrorCode } from './errors';
export { treasuryAddress } from './treasury';

export interface LocalnetOptions {
  /** Default 127.0.0.1: whoever reaches the port can take coins and move the clock. */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /** Where the chain lives on disk. In memory only, and gone at the end, when absent. */
  stateDir?: string;
  /** Default `current`. */
  prices?: PriceSet;
  logger: Logger;
  /** Begin a new chain in `stateDir`. */
  reset?: boolean;
  /** 0 (default): sendBoc answers when everything that follows from the message has happened. */
  blockIntervalMs?: number;
  /** How many transactions are kept (default 20 000). */
  keepTransactions?: number;
  /** Unix milliseconds. */
  clock?: () => number;
}

export interface Localnet {
  /** `http://host:port`, to which TonClient and Blueprint add nothing or `/api/v2/jsonRPC`. */
  url: string;
  port: number;
  chain: LocalChain;
  /** Ends requests under way, then closes the files. May be called again. */
  close(): Promise<void>;
}

/**
 * A TON chain of one's own behind the toncenter API. It sends no request anywhere.
 * @throws LocalnetError when the port is taken or the state directory cannot be used; its message is one line for the user
 */
export async function startLocalnet(options: LocalnetOptions): Promise<Localnet> {
  const { host = '127.0.0.1', port, logger, prices = 'current', ...rest } = options;
  const chain = await LocalChain.open({ ...rest, prices, logger });
  try {
    const server = await serve(chain, { host, port, logger });
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    let closing: Promise<void> | undefined;
    logger.info({ url, prices, stateDir: options.stateDir ?? null }, 'local chain ready');
    return {
      url,
      port: server.port,
      chain,
      close() {
        closing ??= server.close().then(() => chain.close());
        return closing;
      },
    };
  } catch (error) {
    await chain.close();
    throw error;
  }
}
