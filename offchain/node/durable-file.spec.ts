import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile, replaceFileSync } from './durable-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cocoon-file-'));
});

describe.each([
  ['replaceFile', replaceFile],
  ['replaceFileSync', async (file: string, text: string) => replaceFileSync(file, text)],
])('%s', (_name, replace) => {
  it('puts new content in the place of the old, for this user only, and leaves nothing else', async () => {
    const file = join(folder, 'state');
    await replace(file, 'a longer first text');
    await replace(file, 'second');
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('leaves what was there, and no half-written file, when it fails', async () => {
    const file = join(folder, 'state');
    mkdirSync(file);
    await expect(replace(file, 'text')).rejects.toMatchObject({ syscall: 'rename' });
    expect(readdirSync(folder)).toEqual(['state']);
    expect(statSync(file).isDirectory()).toBe(true);
  });
});
