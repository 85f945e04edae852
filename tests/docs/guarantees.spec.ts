import { readFileSync } from 'node:fs';
import path from 'node:path';
import { citedTests, missing, repository } from '../support/cited-tests';

const cited = citedTests(readFileSync(path.join(repository, 'docs/guarantees.md'), 'utf8'));

test('the document cites tests', () => {
  expect(cited.length).toBeGreaterThan(40);
});

test.each(cited)('%s has the test "%s"', (file, name) => {
  expect(missing([file, name])).toBeUndefined();
});
