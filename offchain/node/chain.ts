import { contractCode, type OutgoingMessage, privateKeyFromSeed } from '@cocoon/sdk';
import { type Address, Cell } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { CocoonWalletSender, type OutMessage } from '../chain/wallet';

export { openEndpoint } from './endpoints';

export interface NodeWalletOptions {
  config: { node_wallet_key: Buffer; owner_address: Address };
  chain: Chain;
  logger: Logger;
  pollMs: number;
}

/** The wallet contract this node signs for. */
export function openWallet({ config, chain, logger, pollMs }: NodeWalletOptions): CocoonWalletSender {
  return new CocoonWalletSender({
    chain,
    key: privateKeyFromSeed(config.node_wallet_key),
    owner: config.owner_address,
    code: Cell.fromBase64(contractCode.wallet.boc),
    logger,
    pollMs,
  });
}

/** Builders speak of an optional StateInit, the wallet of a complete one. */
export function outMessage({ init, ...message }: OutgoingMessage): OutMessage {
  return init?.code && init.data ? { ...message, init: { code: init.code, data: init.data } } : message;
}
