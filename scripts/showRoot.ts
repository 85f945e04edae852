import { showScript } from './lib/show';

/** Prints the root: owner, terms, registered proxies, allowed images and models. */
export const run = showScript('root');
