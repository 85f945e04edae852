jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { holds } from '../property';
import { asLibrary } from './codes';
import { scenarios } from './operations';
import { Census, play } from './play';
import { prepare } from './scene';

jest.setTimeout(3_600_000);

test('whatever order messages take, no stake is lost, held back or counted twice', async () => {
  const prepared = await prepare(asLibrary());
  const census = new Census();
  await holds(scenarios(20), Number(process.env.DAO_RUNS ?? 1_000), async (scenario) => {
    await play(prepared, scenario, census);
  });
  expect(census.transactions).toBeGreaterThan(10 * census.histories);
});
