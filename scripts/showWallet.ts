import { showScript } from './lib/show';

/** Prints a node's wallet: owner, key, whether the owner blocked it. */
export const run = showScript('wallet');
