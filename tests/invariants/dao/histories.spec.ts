jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { FIXED_SEED, holdsFor } from '../property';
import { asLibrary } from './codes';
import { RUNS, STEPS, scenarios } from './operations';
import { Census, play } from './play';
import { prepare } from './prepared';

jest.setTimeout(3_600_000);

/** The same in every run. Those of fresh-histories.spec.ts nobody has seen before. */
test('whatever order messages take, no stake is lost, held back or counted twice', async () => {
  const prepared = await prepare(asLibrary());
  const census = new Census();
  await holdsFor(FIXED_SEED, RUNS / 2, scenarios(STEPS), async (scenario) => {
    await play(prepared, scenario, census);
  });
  expect(census.transactions).toBeGreaterThan(10 * census.histories);
});
