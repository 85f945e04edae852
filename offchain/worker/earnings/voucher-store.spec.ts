import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Address } from '@ton/core';
import { type VoucherRecord, VoucherStore } from './voucher-store';

const worker = new Address(0, Buffer.alloc(32, 1));
const record = (tokens: bigint): VoucherRecord => ({
  proxy: new Address(0, Buffer.alloc(32, 2)),
  proxyPublicKey: Buffer.alloc(32, 3),
  worker,
  paramsVersion: 4,
  voucher: { data: Buffer.from('signed'), tokens },
  committedToDb: tokens + 1n,
});
const fail = (error: unknown) => {
  throw error;
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cocoon-vouchers-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('voucher store', () => {
  it('reads back what it wrote', async () => {
    const store = new VoucherStore(directory, fail);
    store.put(record(7n));
    store.put(record(8n));
    await store.flush();
    const { proxy, worker: of, ...rest } = new VoucherStore(directory, fail).get(worker) as VoucherRecord;
    const expected = record(8n);
    expect(proxy.equals(expected.proxy) && of.equals(worker)).toBe(true);
    expect({ ...rest, proxy: expected.proxy, worker }).toEqual({ ...expected, worker });
    expect(new VoucherStore(directory, fail).all()).toHaveLength(1);
  });

  it('keeps the newest of many updates, and shows each at once', async () => {
    const store = new VoucherStore(directory, fail);
    for (let tokens = 1n; tokens <= 200n; tokens++) {
      store.put(record(tokens));
      expect(store.get(worker)?.voucher?.tokens).toBe(tokens);
    }
    await store.flush();
    expect(new VoucherStore(directory, fail).get(worker)?.voucher?.tokens).toBe(200n);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('survives kill -9 at any moment with the last acknowledged voucher or a newer one (B19)', async () => {
    const root = join(__dirname, '../../..');
    let acknowledged = 0n;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'kill-writer.ts'), directory], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      const target = 5 + round * 20;
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          // In the middle of whatever it is doing by now.
          if (output.split('\n').length > target) child.kill('SIGKILL');
        });
        child.once('close', () => resolve());
      });
      acknowledged = BigInt(output.trimEnd().split('\n').at(-1) ?? '0');
      const restored = new VoucherStore(directory, fail).get(worker);
      expect(restored?.voucher?.tokens).toBeGreaterThanOrEqual(acknowledged);
      expect(restored?.voucher?.data).toHaveLength(300);
    }
    expect(acknowledged).toBeGreaterThan(40n);
  });

  it.each([
    ['half a file', '{"version":1,'],
    ['another version', '{"version":2}'],
    ['a wrong field', JSON.stringify({ version: 1, proxy: 'x' })],
  ])('refuses %s, names it and says what to do', (_name, text) => {
    writeFileSync(join(directory, '0_aa.json'), text);
    expect(() => new VoucherStore(directory, fail)).toThrow(/0_aa\.json.*restore it from a backup/);
  });

  it('says which directory cannot be used', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => new VoucherStore(join(directory, 'file'), fail)).toThrow(/file cannot be used/);
  });

  it('reports a write that fails and writes the record with the next flush', async () => {
    const errors: unknown[] = [];
    const nested = join(directory, 'vouchers');
    const store = new VoucherStore(nested, (error) => errors.push(error));
    rmSync(nested, { recursive: true });
    store.put(record(3n));
    await store.flush();
    expect(errors).toHaveLength(1);
    new VoucherStore(nested, fail);
    await store.flush();
    expect(new VoucherStore(nested, fail).get(worker)?.voucher?.tokens).toBe(3n);
  });
});
