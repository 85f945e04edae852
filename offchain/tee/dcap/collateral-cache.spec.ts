import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AttestationError } from '../errors';
import { TestClock } from '../testing/clock';
import { codeOfAsync, intelCollateral } from '../testing/fixtures';
import { NOW_MS } from '../testing/test-platform';
import type { Collateral } from './collateral';
import { CollateralCache } from './collateral-cache';
import type { CollateralSource } from './pccs';
import type { CollateralKey } from './thread';

const KEY: CollateralKey = { fmspc: 'b0c06f000000', authority: 'platform' };
const HOUR_MS = 3_600_000;

class CountingSource implements CollateralSource {
  fetched: CollateralKey[] = [];
  down = false;
  async fetch(key: CollateralKey): Promise<Collateral> {
    this.fetched.push(key);
    if (this.down) throw new AttestationError('COLLATERAL_UNAVAILABLE', 'down');
    return { ...intelCollateral, pck_crl_issuer_chain: String(this.fetched.length) };
  }
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'cocoon-collateral-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function setUp() {
  const clock = new TestClock(NOW_MS);
  const source = new CountingSource();
  const problems: string[] = [];
  const open = () =>
    new CollateralCache({ source, directory, clock, onProblem: ({ message }) => problems.push(message) });
  return { clock, source, problems, open, cache: open() };
}

test('collateral is fetched once for all who ask at the same time, and once in six hours', async () => {
  const { cache, source, clock } = setUp();
  await Promise.all([cache.get(KEY), cache.get(KEY), cache.get(KEY)]);
  expect(source.fetched).toEqual([KEY]);
  clock.advance(6 * HOUR_MS - 1);
  await cache.get(KEY);
  expect(source.fetched).toHaveLength(1);
  clock.advance(1);
  await cache.get(KEY);
  expect(source.fetched).toHaveLength(2);
});

test('kinds of processors are kept apart', async () => {
  const { cache, source } = setUp();
  await cache.get(KEY);
  await cache.get({ ...KEY, authority: 'processor' });
  await cache.get({ ...KEY, fmspc: '00906ed50000' });
  expect(source.fetched).toHaveLength(3);
  expect(readdirSync(directory).sort()).toEqual([
    'tdx-00906ed50000-platform.json',
    'tdx-b0c06f000000-platform.json',
    'tdx-b0c06f000000-processor.json',
  ]);
});

test('it survives a restart, and a damaged file is fetched again', async () => {
  const { cache, source, open, problems } = setUp();
  await cache.get(KEY);
  expect((await open().get(KEY)).pck_crl_issuer_chain).toBe('1');
  expect(source.fetched).toHaveLength(1);
  const file = path.join(directory, 'tdx-b0c06f000000-platform.json');
  writeFileSync(file, readFileSync(file).subarray(0, 1000));
  expect((await open().get(KEY)).pck_crl_issuer_chain).toBe('2');
  expect(problems).toEqual([expect.stringContaining('Cannot read tdx-b0c06f000000-platform.json')]);
  expect((await open().get(KEY)).pck_crl_issuer_chain).toBe('2');
});

test('when the service is down the last collateral goes on, and the service is asked every half minute only', async () => {
  const { cache, source, clock } = setUp();
  await cache.get(KEY);
  source.down = true;
  clock.advance(7 * HOUR_MS);
  for (let i = 0; i < 5; i++) expect((await cache.get(KEY)).pck_crl_issuer_chain).toBe('1');
  expect(source.fetched).toHaveLength(2);
  clock.advance(30_000);
  await cache.get(KEY);
  expect(source.fetched).toHaveLength(3);
});

test('with nothing in hand and the service down, that is what the caller is told', async () => {
  const { cache, source, clock } = setUp();
  source.down = true;
  expect(await codeOfAsync(() => cache.get(KEY))).toBe('COLLATERAL_UNAVAILABLE');
  source.down = false;
  expect(await codeOfAsync(() => cache.get(KEY))).toBe('COLLATERAL_UNAVAILABLE');
  clock.advance(30_000);
  expect((await cache.get(KEY)).pck_crl_issuer_chain).toBe('2');
});

test('collateral that was refused is fetched again, but not for every quote', async () => {
  const { cache, source, clock } = setUp();
  await cache.get(KEY);
  await cache.get(KEY, 'fresh');
  expect(source.fetched).toHaveLength(1);
  clock.advance(30_000);
  expect((await cache.get(KEY, 'fresh')).pck_crl_issuer_chain).toBe('2');
  source.down = true;
  clock.advance(30_000);
  expect(await codeOfAsync(() => cache.get(KEY, 'fresh'))).toBe('COLLATERAL_UNAVAILABLE');
});

test('a clock that was set back makes what is kept old, not young', async () => {
  const { cache, source, clock } = setUp();
  await cache.get(KEY);
  clock.advance(-HOUR_MS);
  await cache.get(KEY);
  expect(source.fetched).toHaveLength(2);
});

test('a directory that cannot be written costs a report, not the verification', async () => {
  const { source, clock } = setUp();
  const file = path.join(directory, 'a-file');
  writeFileSync(file, '');
  const problems: Error[] = [];
  const cache = new CollateralCache({ source, directory: file, clock, onProblem: (error) => problems.push(error) });
  expect((await cache.get(KEY)).pck_crl_issuer_chain).toBe('1');
  expect((await cache.get(KEY)).pck_crl_issuer_chain).toBe('1');
  expect(problems.length).toBeGreaterThan(0);
});

test('a kind of processor is never part of a path unless it is hex', async () => {
  const { cache, source } = setUp();
  expect(await codeOfAsync(() => cache.get({ ...KEY, fmspc: '../../../../x' }))).toBe('QUOTE_MALFORMED');
  expect(source.fetched).toEqual([]);
});
