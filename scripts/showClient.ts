import { showScript } from './lib/show';

/** Prints a client contract: escrow, stake, tokens charged so far. */
export const run = showScript('client');
