import { showScript } from './lib/show';

/** Prints a worker contract: tokens paid for so far and what they earned. */
export const run = showScript('worker');
