import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../..');
const text = readFileSync(path.join(root, 'docs/guarantees.md'), 'utf8');

/** `file › test name`, as the document cites it. */
const cited = [...text.matchAll(/`(tests\/[^`›]+?) › ([^`]+)`/g)].map(([, file, name]): [string, string] => [
  file!.trim(),
  name!.trim(),
]);

test('the document cites tests', () => {
  expect(cited.length).toBeGreaterThan(40);
});

test.each(cited)('%s has the test "%s"', (file, name) => {
  const source = path.join(root, file);
  expect(existsSync(source)).toBe(true);
  // In the source, an apostrophe in a single-quoted name is escaped.
  expect(readFileSync(source, 'utf8').replaceAll("\\'", "'")).toContain(name);
});
