import type { OutgoingMessage } from '@cocoon/sdk';
import type { Address } from '@ton/core';

/** A chain action that did not do what it should. `exitCode` is the destination's, when it ran. */
export class ActionFailedError extends Error {
  readonly exitCode: number | undefined;
  /** True when the outcome is not known: the message may still take effect. */
  readonly unknown: boolean;

  constructor(message: string, options: { exitCode?: number; unknown?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ActionFailedError';
    this.exitCode = options.exitCode;
    this.unknown = options.unknown ?? false;
  }
}

/** The runner's wallet as the channels see it. Messages are sent in the order of the calls. */
export interface ChannelWallet {
  readonly address: Address;
  /** nanoTON */
  balance(): Promise<bigint>;
  /**
   * Sends the messages in one wallet transaction and follows each to its destination.
   * @returns the destinations' transaction hashes in hex, in the order of the messages
   * @throws ActionFailedError when one failed, bounced, or was not seen in time
   */
  perform(messages: readonly OutgoingMessage[]): Promise<string[]>;
}
