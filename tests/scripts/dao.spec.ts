jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

import { contractCode } from '@cocoon/sdk';
import { run as deployDao } from '../../scripts/deployDao';
import { run as deployRoot } from '../../scripts/deployRoot';
import { readManifest } from '../../scripts/lib/manifest-file';
import { succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();

describe('deployDao', () => {
  it('deploys Vault and Dao, sets the Vault up, writes the manifest, and sends nothing the second time', async () => {
    await succeed(deployRoot, fake(), 'test=true');
    await succeed(deployDao, fake());
    const { dao, vault } = readManifest('custom');
    expect([dao?.codeHash, vault?.codeHash]).toEqual([contractCode.dao.hash, contractCode.vault.hash]);
    const { length } = fake().sent;
    await succeed(deployDao, fake());
    expect(fake().sent).toHaveLength(length);
  });
});
