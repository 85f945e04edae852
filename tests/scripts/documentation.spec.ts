import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verbs } from '../../scripts/lib/verbs';

const ROOT = join(__dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'deploying.md'), 'utf8');
const scripts = readdirSync(join(ROOT, 'scripts')).flatMap((file) => /^(\w+)\.ts$/.exec(file)?.[1] ?? []);

describe('docs/deploying.md', () => {
  it('names every script, and no other', () => {
    const named = new Set(
      [...text.matchAll(/`((?:deploy|show)\w+|handover|acceptHandover)[` ]/g)].map(([, name]) => name),
    );
    for (const name of Object.keys(verbs)) if (text.includes(`\`${name}\``)) named.add(name);
    expect([...named].sort()).toEqual([...scripts].sort());
  });

  it.each(Object.entries(verbs).flatMap(([name, { keys }]) => keys.map((key) => [name, key.split('=')[0]!] as const)))(
    'tells of %s %s',
    (_, key) => expect(text).toMatch(new RegExp(`\\b${key}\\b`)),
  );
});
