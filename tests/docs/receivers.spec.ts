import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const contracts = path.join(__dirname, '../../contracts');

function tactFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) return tactFiles(file);
    return entry.name.endsWith('.tact') ? [file] : [];
  });
}

/** Every receiver with the doc comment above it. */
const receivers = tactFiles(contracts).flatMap((file) => {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/((?:^ {4}\/\/\/.*\n)*)^ {4}((?:receive|bounced|external)\(.*?\)) \{/gm)].map(
    ([, doc, head]): [string, string] => [`${path.relative(contracts, file)}: ${head}`, doc!],
  );
});

test('there are receivers to look at', () => {
  expect(receivers.length).toBeGreaterThan(40);
});

test.each(receivers)('%s says Who, Effect, Money, Throws', (_name, doc) => {
  const rows = [...doc.matchAll(/^ {4}\/\/\/ (Who|Effect|Money|Throws) {2,}\S/gm)].map(([, row]) => row);
  expect(rows).toEqual(['Who', 'Effect', 'Money', 'Throws']);
});
