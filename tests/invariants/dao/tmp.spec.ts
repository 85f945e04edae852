jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { sampled } from '../property';
import { asLibrary } from './codes';
import { scenarios } from './operations';
import { Census, play } from './play';
import { prepare } from './prepared';

jest.setTimeout(3_600_000);
test('census', async () => {
  const t = performance.now();
  const prepared = await prepare(asLibrary());
  const census = new Census();
  console.log('prepare', performance.now() - t);
  const c0 = process.cpuUsage();
  for (const s of sampled(scenarios(), Number(process.env.N ?? 200))) await play(prepared, s, census);
  console.log(process.cpuUsage(c0).user / 1e3 / census.histories, census.transactions, census.histories);
  console.log(
    [...census.outcomes]
      .sort()
      .map(([k, v]) => `${v} ${k}`)
      .join('\n'),
  );
});
