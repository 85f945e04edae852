import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadSecret } from './secret';
import { readState, StateFileError, StateWriter, writeStateSync } from './state-file';

const schema = z.object({ count: z.number(), padding: z.string() });
const newDir = () => mkdtempSync(join(tmpdir(), 'cocoon-state-'));

describe('state files', () => {
  test('kill -9 while writing: the file is whole and not older than what was acknowledged (B19)', async () => {
    const file = join(newDir(), 'state.json');
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const script = join(__dirname, 'testing', 'state-writer-child.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', script, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      acknowledged = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        acknowledged = text.split('\n').length - 1;
        if (acknowledged >= 20 + round * 7) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const state = readState(file, schema);
      expect(state?.padding).toHaveLength(20_000);
      expect(state?.count).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(0);
  });

  test('many updates during one write cost one more write, and the newest wins', async () => {
    const file = join(newDir(), 'sub', 'state.json');
    const errors: unknown[] = [];
    const writer = new StateWriter<z.infer<typeof schema>>(file, (error) => errors.push(error));
    for (let count = 0; count <= 500; count++) writer.put({ count, padding: '' });
    await writer.flush();
    expect(readState(file, schema)?.count).toBe(500);
    expect(errors).toEqual([]);
  });

  test('a write that fails is reported and does not stop later ones', async () => {
    const dir = newDir();
    const file = join(dir, 'blocked', 'state.json');
    const errors: unknown[] = [];
    const writer = new StateWriter<object>(file, (error) => errors.push(error));
    const { rmSync, mkdirSync } = await import('node:fs');
    rmSync(join(dir, 'blocked'), { recursive: true });
    writer.put({ count: 1, padding: '' });
    await writer.flush();
    expect(errors).toHaveLength(1);
    mkdirSync(join(dir, 'blocked'));
    writer.put({ count: 2, padding: '' });
    await writer.flush();
    expect(readState(file, schema)?.count).toBe(2);
  });

  test('nobody else can read them, and no temporary file is left', () => {
    const dir = newDir();
    writeStateSync(join(dir, 'state.json'), { count: 1n });
    expect(statSync(join(dir, 'state.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test.each(['', '{', '[]', '{"count":"x","padding":""}'])(
    'damaged content %j is an error naming the file',
    (content) => {
      const file = join(newDir(), 'state.json');
      writeFileSync(file, content);
      expect(() => readState(file, schema)).toThrow(StateFileError);
      expect(() => readState(file, schema)).toThrow(file);
    },
  );
});

describe('the secret', () => {
  test('is made once, never empty, and kept (B24)', () => {
    const dir = newDir();
    const made = loadSecret('', dir);
    expect(made.length).toBeGreaterThanOrEqual(40);
    expect(loadSecret('', dir)).toEqual(made);
    expect(loadSecret('', newDir())).not.toEqual(made);
  });

  test('from the configuration it is used as it is, and not written down', () => {
    const dir = newDir();
    expect(loadSecret('from config', dir).toString()).toBe('from config');
    expect(readdirSync(dir)).toEqual([]);
  });
});
