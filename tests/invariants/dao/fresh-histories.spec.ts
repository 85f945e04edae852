jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { freshSeed, holdsFor } from '../property';
import { asLibrary } from './codes';
import { RUNS, scenarios } from './operations';
import { play } from './play';
import { prepare } from './prepared';

jest.setTimeout(3_600_000);

test('in histories that nobody has seen, no stake is lost, held back or counted twice', async () => {
  const prepared = await prepare(asLibrary());
  await holdsFor(freshSeed(), RUNS / 2, scenarios(), async (scenario) => {
    await play(prepared, scenario);
  });
});
