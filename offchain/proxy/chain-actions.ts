import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openWallet, outMessage } from '../node/chain';
import type { ActionOutcome } from './actions';
import type { ProxyConfig } from './config';

/** What the proxy does on chain, always through its node's wallet. */
export interface ChainActions {
  readonly wallet: Address;
  /** Resolves when the wallet's transaction is on chain. */
  send(message: OutgoingMessage): Promise<void>;
  /**
   * Resolves when the destination carried the message out, and the proxy contract what the destination asked of it; rejects
   * when either refused, or the message bounced.
   */
  execute(message: OutgoingMessage): Promise<ActionOutcome>;
  close(): Promise<void>;
}

/** The node's wallet contract as the proxy uses it. */
export function walletActions(options: { chain: Chain; config: ProxyConfig; logger: Logger }): ChainActions {
  const { chain, config, logger } = options;
  // A message that was not signed in time is taken back: its caller tries again, and it must not be sent twice then.
  const inTime = () => ({ signal: AbortSignal.timeout(config.chain_timeout_ms) });
  const wallet = openWallet({ config, chain, logger, pollMs: Math.min(config.poll_interval_ms, 1000) });
  return {
    wallet: wallet.address,
    send: async (message) => {
      await wallet.send([outMessage(message)], inTime());
    },
    execute: async (message) => {
      const sent = await wallet.send([outMessage(message)], inTime());
      const transaction = await wallet.waitForOutcome(sent, 0, { timeoutMs: config.chain_timeout_ms });
      return { hash: transaction.hash().toString('hex'), lt: transaction.lt, account: message.to.toRawString() };
    },
    close: () => wallet.close(),
  };
}
