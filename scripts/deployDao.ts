import { runDeployDao } from './lib/dao-deployment';
import { script } from './lib/script';

export const run = script(
  {
    name: 'deployDao',
    summary:
      'deploys Vault and Dao for a root, sets the Vault up once and writes both to the manifest; guardianDays: its term, at most 550; value in TON',
    keys: ['root', 'guardian', 'guardianDays', 'value'],
  },
  async (provider, args) => {
    await runDeployDao(provider, args);
  },
);
