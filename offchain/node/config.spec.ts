import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { z } from 'zod';
import { ConfigError, listenError, nano, parseConfig, readLines, readSecret } from './config';

const schema = z.object({ name: z.string(), amount: nano.optional() });
const silent = pino({ level: 'silent' });

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'cocoon-config-')), 'key');
  writeFileSync(path, text);
  return path;
}

describe('the configuration of a node', () => {
  it.each([
    [{}, 'name', 'is required and missing'],
    [{ name: undefined }, 'name', 'is required and missing'],
    [{ name: 5 }, 'name', 'expected string'],
    [{ name: 'a', amount: '1.5' }, 'amount', 'must be a whole number of nanoTON'],
    [[], '(whole file)', 'must be a JSON object'],
    [null, '(whole file)', 'must be a JSON object'],
  ])('%j is refused in one line that names %s', (input, key, text) => {
    const run = () => parseConfig(schema, input, silent);
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(expect.objectContaining({ key, message: expect.stringContaining(text) }));
    expect(run).not.toThrow(/\n/);
  });

  it('warns about a key nobody knows, but not about the type that live configurations carry', () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    expect(parseConfig(schema, { name: 'a', nmae: 1, '@type': 'x' }, logger)).toEqual({ name: 'a' });
    expect(lines).toEqual([expect.stringContaining('nmae')]);
  });

  it('reads amounts beyond 2^53 from text', () => {
    const { amount } = parseConfig(schema, { name: 'a', amount: '123456789012345678901' }, silent);
    expect(amount).toBe(123456789012345678901n);
  });

  it('reads a secret from its file, without comments and line ends', () => {
    expect(readSecret('key_file', file('# for the app\nsecret\n'))).toBe('secret');
    expect(readSecret('key_file', undefined)).toBeUndefined();
    expect(readLines('key_file', file('a\n\n # no\n b \n'))).toEqual(['a', 'b']);
  });

  it.each(['', '# nothing\n', 'one\ntwo', 'one two'])(
    'refuses %j as the file of one secret, without showing it',
    (text) => {
      const run = () => readSecret('key_file', file(text));
      expect(run).toThrow(/"key_file": .* must hold one key and nothing else/);
      if (text.includes('one')) expect(run).not.toThrow(/two/);
    },
  );

  it('names the key of a file that is missing or is no file', () => {
    expect(() => readSecret('key_file', '/does/not/exist')).toThrow(
      '"key_file": the file /does/not/exist does not exist',
    );
    expect(() => readSecret('key_file', tmpdir())).toThrow(/"key_file": .* cannot be read/);
  });

  it.each([
    ['EADDRINUSE', 'http_port', 'taken'],
    ['EACCES', 'http_port', 'above 1023'],
    ['EADDRNOTAVAIL', 'http_host', 'address of this machine'],
  ])('names the key to change when listening fails with %s', (code, key, text) => {
    const error = Object.assign(new Error(code), { code });
    const at = { host: '127.0.0.1', port: 80, hostKey: 'http_host', portKey: 'http_port' };
    expect(listenError(error, at)).toMatchObject({ key, message: expect.stringContaining(text), cause: error });
  });
});
