import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../errors';
import { openStateDir } from './state-dir';

describe('openStateDir', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cocoon-state-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('creates keys once, readable by their owner only', async () => {
    const first = await openStateDir(dir);
    const keys = first.keys;
    first.release();
    const second = await openStateDir(dir);
    expect(second.keys).toEqual(keys);
    expect(statSync(join(dir, 'keys.json')).mode & 0o077).toBe(0);
    expect(statSync(second.writeConfig('proxy', { node_wallet_key: 'x' })).mode & 0o077).toBe(0);
    second.release();
  });

  it('refuses a directory that a running network uses', async () => {
    writeFileSync(join(dir, 'up.pid'), String(process.ppid));
    await expect(openStateDir(dir)).rejects.toThrow(/already running on .*process \d+/);
  });

  it('takes over the lock of a process that is gone', async () => {
    writeFileSync(join(dir, 'up.pid'), '4194304'); // above the highest process id of Linux
    const state = await openStateDir(dir);
    expect(readFileSync(join(dir, 'up.pid'), 'utf8')).toBe(String(process.pid));
    state.release();
  });

  it.each([
    ['no JSON', '{"version": 1,'],
    ['a missing key', '{"version": 1}'],
    ['an unknown version', '{"version": 9}'],
  ])('reports %s with the file and the next step, and releases the lock', async (_, content) => {
    writeFileSync(join(dir, 'keys.json'), content);
    const opening = openStateDir(dir);
    await expect(opening).rejects.toThrow(CliError);
    await expect(opening).rejects.toMatchObject({
      message: expect.stringContaining('keys.json is damaged'),
      nextStep: expect.stringContaining('delete'),
    });
    rmSync(join(dir, 'keys.json'));
    (await openStateDir(dir)).release();
  });

  it('reports a place where no directory can be made', async () => {
    await expect(openStateDir('/proc/cocoon')).rejects.toThrow(/\/proc\/cocoon cannot be created/);
  });

  it('creates parents that are missing', async () => {
    (await openStateDir(join(dir, 'a', 'b'))).release();
    expect(statSync(join(dir, 'a', 'b', 'logs')).isDirectory()).toBe(true);
  });

  it('reports a path that is a file', async () => {
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'sub', 'file'), '');
    await expect(openStateDir(join(dir, 'sub', 'file'))).rejects.toMatchObject({
      nextStep: 'Choose another with --state-dir.',
    });
  });
});
