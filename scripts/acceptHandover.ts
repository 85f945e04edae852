import { runAcceptHandover } from './lib/handover';
import { script } from './lib/script';

export const run = script(
  {
    name: 'acceptHandover',
    summary: 'run by the new owner: shows on chain that it can send, which handover waits for',
    keys: ['root', 'newOwner', 'version'],
  },
  async (provider, args) => {
    await runAcceptHandover(provider, args);
  },
);
