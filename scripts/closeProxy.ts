import { verbScript } from './lib/verbs';

export const run = verbScript('closeProxy');
