import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { logDestination } from './log-destination';

describe('logDestination', () => {
  let dir: string;
  let file: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cocoon-log-'));
    file = join(dir, 'role.log');
    writeFileSync(file, '');
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('survives a log that cannot be written, line after line', () => {
    const fd = openSync(file, 'r'); // writing to it fails, as on a full disk
    const logger = pino({}, logDestination(fd));
    expect(() => {
      for (let line = 0; line < 3; line++) logger.info({ line }, 'hello');
    }).not.toThrow();
    closeSync(fd);
  });

  it('writes each line at once', () => {
    const fd = openSync(file, 'a');
    pino({}, logDestination(fd)).info('hello');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ msg: 'hello' });
    closeSync(fd);
  });
});
