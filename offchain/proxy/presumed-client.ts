import { createHash } from 'node:crypto';
import type { ClientChainState } from './accounts';

const PSEUDO_BALANCE = 1_000_000n * 1_000_000_000n;

/**
 * What every client has in a network without a chain, as in the live network's own mode of that kind: an open contract with plenty in
 * it and the secret "". The stake is as large, because nothing is ever charged. nanoTON
 */
export const PRESUMED_CLIENT: ClientChainState = {
  state: 'normal',
  balance: PSEUDO_BALANCE,
  stake: PSEUDO_BALANCE,
  tokensUsed: 0n,
  secretHash: createHash('sha256').update('').digest(),
};
