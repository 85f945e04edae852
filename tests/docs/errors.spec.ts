import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ExitCode } from '../../wrappers/generated/exit-codes';

const text = readFileSync(path.join(__dirname, '../../docs/errors.md'), 'utf8');

/** Rows `| code | name | why | what to do |` of the table. */
const rows = [...text.matchAll(/^\| (-?\d+) \| (\w+) \| (.*?) \| (.*?)\s*\|$/gm)].map(([, code, name, why, what]) => ({
  code: Number(code),
  name: name!,
  why: why!.trim(),
  what: what!.trim(),
}));

test('docs/errors.md has each exit code once, by its name, with a reason and, unless nobody throws it, a next step', () => {
  expect(Object.fromEntries(rows.map(({ name, code }) => [name, code]))).toEqual({ ...ExitCode });
  expect(rows).toHaveLength(Object.keys(ExitCode).length);
  for (const { name, why, what } of rows) {
    expect(why.length).toBeGreaterThan(5);
    if (name !== 'lowBalance') expect(what.length).toBeGreaterThan(5);
  }
});
