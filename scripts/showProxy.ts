import { showScript } from './lib/show';

/** Prints a proxy contract: stake, revenue ready for its owner, the terms it was deployed with. */
export const run = showScript('proxy');
