import { readFileSync } from 'node:fs';
import path from 'node:path';
import { citedTests, missing, repository } from '../support/cited-tests';

const document = readFileSync(path.join(repository, 'docs/reference-faults.md'), 'utf8');

/** Rows `| B1 | what ours do | test, or why it cannot arise |`. */
const faults = [...document.matchAll(/^\| (B\d+) \| (.+?) \| (.+) \|$/gm)].map(([, id, here, proof]): string[] => [
  id!,
  here!,
  proof!,
]);

const REASON = 'Cannot arise: ';

test('every fault of the reference is there once, in order', () => {
  expect(faults.map(([id]) => id)).toEqual(Array.from({ length: 28 }, (_, index) => `B${index + 1}`));
});

test.each(faults)('%s is shown by a test that carries its id, or has a reason', (id, _here, proof) => {
  if (proof!.startsWith(REASON)) {
    expect(proof!.length).toBeGreaterThan(REASON.length + 20);
    return;
  }
  const tagged = citedTests(proof!).filter(([, name]) => new RegExp(`\\([^)]*\\b${id}\\b[^)]*\\)`).test(name));
  expect(tagged).not.toEqual([]);
});

test.each(citedTests(document))('%s has the test "%s"', (file, name) => {
  expect(missing([file, name])).toBeUndefined();
});

/** Rows `| role | what is sent | what ours do | test |` of the second table. */
const ends = [...document.matchAll(/^\| (proxy|worker|client) \| (.+?) \| .+? \| (.+) \|$/gm)].map(
  ([, role, what, proof]): string[] => [`${role}: ${what}`, proof!],
);

test('each role has its ways to be ended', () => {
  for (const role of ['proxy', 'worker', 'client']) {
    expect(ends.filter(([what]) => what!.startsWith(role)).length).toBeGreaterThan(4);
  }
});

test.each(ends)('%s: a test shows that it is not', (_what, proof) => {
  expect(citedTests(proof!).length).toBeGreaterThan(0);
});
