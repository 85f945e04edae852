import { type Address, type Cell, type ContractProvider, type Sender, SendMode, type StateInit } from '@ton/core';

/** A message as a builder makes it: hand it to a wallet, a multisig, TonConnect, a DAO action or a `send…` method. */
export interface OutgoingMessage {
  to: Address;
  /** nanoTON */
  value: bigint;
  body: Cell;
  /** Present where the message also deploys its destination. */
  init?: StateInit;
}

/** Common to the options of all builders. */
export interface MessageOptions {
  /** nanoTON; each builder has its default in ./values */
  value?: bigint;
  /** comes back in the contract's answers; default 0 */
  queryId?: bigint;
}

export interface ExcessesOptions extends MessageOptions {
  /** who gets what is left of the attached value */
  excessesTo: Address;
}

export interface VoucherOptions extends ExcessesOptions {
  /** 64 bytes */
  signature: Buffer;
  /** the signed cell, see voucherPayload */
  payload: Cell;
}

/**
 * The one place where a built message meets a provider. The sender pays the forward fee on top, so that the contract
 * gets exactly the value the builder promised. The provider attaches the wrapper's `init` while the account is empty.
 */
export async function dispatch(provider: ContractProvider, via: Sender, message: OutgoingMessage): Promise<void> {
  const { value, body } = message;
  await provider.internal(via, { value, body, sendMode: SendMode.PAY_GAS_SEPARATELY });
}
