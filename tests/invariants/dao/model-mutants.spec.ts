jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import type { ModelRules } from '../../dao/model/rules';
import { firstBroken } from './broken';
import { asLibrary } from './codes';

jest.setTimeout(600_000);

/** Each rule that the model can do without: histories tell a model without it from the contracts. */
describe('the model beside the contracts', () => {
  test.each<keyof ModelRules>([
    ...(['relabel', 'nextEpoch', 'keepTop', 'oneDelegation', 'oneVote', 'ownEpoch', 'snapshot'] as const),
  ])('differs from them without %s', async (rule) => {
    const found = await firstBroken(asLibrary(), { [rule]: false });
    expect(found).toMatch(/^M /);
  });
});
