import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import {
  packClientData,
  packProxyData,
  parseClientData,
  parseProxyData,
  rawPublicKey,
  stateInitAddress,
  walletStateInit,
} from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { PseudoChain } from './chain';
import { readRootFile } from './root-file';

export { PseudoChain } from './chain';
export { parseRootFile, readRootFile } from './root-file';

export type PseudoRole = 'client' | 'proxy' | 'worker';

export interface PseudoOptions {
  role: PseudoRole;
  /** The JSON file that stands in for the root contract; read again with every look at it. */
  file: string;
  root: Address;
  wallet: { owner: Address; key: KeyObject; code: Cell };
  now(): number;
}

const MILLION_TON = 1_000_000n * 1_000_000_000n;
const EMPTY_SECRET_HASH = createHash('sha256').update('').digest();

/** What a runner without a chain has instead. @throws ConfigError when the file cannot be used */
export function openPseudoChain({ role, file, root, wallet, now }: PseudoOptions): PseudoChain {
  readRootFile(file);
  const chain = new PseudoChain({ root, rootData: () => readRootFile(file), presumed: PRESUMED[role], now });
  const publicKey = rawPublicKey(wallet.key);
  const init = walletStateInit({ publicKey, owner: wallet.owner, code: wallet.code });
  chain.openWallet(stateInitAddress(init), init.code, { owner: wallet.owner, publicKey });
  return chain;
}

/** Data of a contract as if its owner had already done what the network asks of him. */
const PRESUMED: Record<PseudoRole, (initial: Cell) => Cell> = {
  client: (initial) =>
    packClientData({
      ...parseClientData(initial),
      balance: MILLION_TON,
      stake: MILLION_TON,
      secretHash: EMPTY_SECRET_HASH,
    }),
  proxy: (initial) => {
    const data = parseProxyData(initial);
    return packProxyData({ ...data, stake: data.params.minProxyStake });
  },
  worker: (initial) => initial,
};
