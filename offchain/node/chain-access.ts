import { contractCode, privateKeyFromSeed } from '@cocoon/sdk';
import { type Address, Cell } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import { openPseudoChain, type PseudoChain, type PseudoRole } from '../chain/pseudo';
import { openEndpoint } from './chain';

export interface ChainAccessOptions {
  role: PseudoRole;
  config: Parameters<typeof openEndpoint>[0] & {
    root_contract_address: Address;
    owner_address: Address;
    node_wallet_key: Buffer;
  };
  /** Tests put in their own; it stays theirs to close. */
  chain: Chain | undefined;
  /** `--disable-ton`: the file that stands in for the root contract, and there is no chain. */
  rootFile: string | undefined;
  logger: Logger;
  now(): number;
}

export interface ChainAccess {
  chain: Chain;
  /** Set where there is no chain. */
  pseudo: PseudoChain | undefined;
  close(): Promise<void>;
}

/** How this runner sees the chain, if there is one. @throws ConfigError */
export function openChainAccess(options: ChainAccessOptions): ChainAccess {
  const { role, config, chain, rootFile, logger, now } = options;
  const nothing = async () => undefined;
  if (chain !== undefined) return { chain, pseudo: undefined, close: nothing };
  if (rootFile === undefined) return { ...openEndpoint(config, logger), pseudo: undefined };
  const pseudo = openPseudoChain({
    role,
    file: rootFile,
    root: config.root_contract_address,
    wallet: {
      owner: config.owner_address,
      key: privateKeyFromSeed(config.node_wallet_key),
      code: Cell.fromBase64(contractCode.wallet.boc),
    },
    now,
  });
  logger.warn({ rootFile }, 'there is no chain (--disable-ton): prices and lists come from a file, and nobody is paid');
  return { chain: pseudo, pseudo, close: nothing };
}
