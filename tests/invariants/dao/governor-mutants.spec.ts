jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { foundBy, type Mistake } from './mistakes';

jest.setTimeout(600_000);

const inVault = { contract: 'vault', file: 'vault.tact' } as const;

const MISTAKES: Record<string, Mistake> = {
  'the present total for that of the snapshot': {
    ...{ contract: 'dao', file: 'dao-proposing.tact' },
    ...{ from: 'total: self.startTotal,', to: 'total: self.total,' },
    breaks: /^V12/,
  },
  'votes that are counted too late': {
    ...{ contract: 'proposal', file: 'proposal.tact' },
    ...{ from: 'now() >= tally.endAt ||', to: 'now() > tally.endAt ||' },
    breaks: /^V3/,
  },
  'a timelock that is not waited for': {
    ...{ ...inVault, from: 'throwIf(ERR_TIMELOCK, now() < operation.eta);', to: '' },
    breaks: /^E1 .* too soon/,
  },
  'actions that nobody voted on': {
    ...inVault,
    ...{ from: 'throwUnless(ERR_WRONG_ACTIONS, msg.actions.hash() == operation.actionsHash);', to: '' },
    breaks: /^E1 .* something else/,
  },
};

test.each(Object.entries(MISTAKES))('histories find %s', async (_, mistake) => {
  expect(await foundBy(mistake)).toMatch(mistake.breaks);
});
