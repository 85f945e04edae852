import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { ActionOutcome } from './settlement';

/** What the proxy does on chain, always through its node's wallet. */
export interface ChainActions {
  readonly wallet: Address;
  /** Resolves when the wallet's transaction is on chain. */
  send(message: OutgoingMessage): Promise<void>;
  /** Resolves when the destination carried the message out; rejects when it refused, or the message bounced. */
  execute(message: OutgoingMessage): Promise<ActionOutcome>;
}
