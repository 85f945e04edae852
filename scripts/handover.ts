import { runHandover } from './lib/handover';
import { script } from './lib/script';

export const run = script(
  {
    name: 'handover',
    summary: 'hands the root to a new owner: proposes, and once acceptHandover has run, carries it out',
    keys: ['root', 'newOwner', 'acceptedBy=TRANSACTION_HASH'],
  },
  async (provider, args) => {
    await runHandover(provider, args);
  },
);
