jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { sampled } from '../property';
import { asLibrary } from './codes';
import { scenarios } from './operations';
import { Census, play } from './play';
import { prepare } from './prepared';

jest.setTimeout(3_600_000);
test('census', async () => {
  let t = performance.now();
  const prepared = await prepare(asLibrary());
  const census = new Census();
  console.log('prepare', performance.now() - t);
  t = performance.now();
  for (const s of sampled(scenarios(), 200)) await play(prepared, s, census);
  console.log((performance.now() - t) / 200, census.transactions, census.histories);
  console.log(
    [...census.outcomes]
      .sort()
      .map(([k, v]) => `${v} ${k}`)
      .join('\n'),
  );
});
