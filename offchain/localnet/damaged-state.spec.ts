import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toNano } from '@ton/core';
import { encodeFrame } from './frames';
import { payee, StateDir } from './testing/state-dir';

let dir: StateDir;

beforeEach(async () => {
  dir = await StateDir.create();
});

afterEach(() => dir.remove());

describe('a damaged state directory', () => {
  async function withPayments(): Promise<void> {
    const { chain } = await dir.open();
    for (let i = 0; i < 4; i++) {
      await chain.faucet(payee, toNano(1));
    }
    await chain.close();
  }

  it.each([1, 15, 16, 17, 300])('a last record cut %i bytes short is dropped with a warning', async (cut) => {
    await withPayments();
    const file = await dir.file('journal');
    await truncate(file, (await readFile(file)).length - cut);
    const { chain, log } = await dir.open();
    expect(chain.account(payee).balance).toBe(toNano(3));
    expect(log).toContainEqual(expect.objectContaining({ level: 40, msg: expect.stringContaining('last record') }));
    await chain.faucet(payee, toNano(1));
    await chain.close();
    expect((await dir.open()).chain.account(payee).balance).toBe(toNano(4));
  });

  it('a last record of which a part never reached the disk is dropped too', async () => {
    await withPayments();
    const file = await dir.file('journal');
    const data = await readFile(file);
    data.fill(0, data.length - 200);
    await writeFile(file, data);
    expect((await dir.open()).chain.account(payee).balance).toBe(toNano(3));
  });

  it.each(['snapshot', 'journal'] as const)(
    'a flipped bit in the middle of the %s is one line with the next step',
    async (kind) => {
      await withPayments();
      if (kind === 'snapshot') {
        const { chain } = await dir.open();
        await chain.snapshot();
        await chain.close();
      }
      const file = await dir.file(kind);
      const data = await readFile(file);
      const middle = Math.floor(data.length / 3);
      data[middle] = data[middle]! ^ 0x10;
      await writeFile(file, data);
      const error = await dir.refusal();
      expect(error.code).toBe('state-damaged');
      expect(error.message).toContain(dir.path);
      expect(error.message).toContain('start cocoon chain with --reset, or remove the directory');
      expect(error.message).not.toContain('\n');
    },
  );

  it('a missing file, a foreign version and a cut snapshot are told apart', async () => {
    await withPayments();
    const journal = await dir.file('journal');
    const snapshot = await dir.file('snapshot');
    const [journalData, snapshotData] = [await readFile(journal), await readFile(snapshot)];

    await rm(journal);
    expect((await dir.refusal()).message).toMatch(/journal-1.bin is missing/);
    await writeFile(journal, encodeFrame(0, { t: 'journal', format: 99 }));
    expect((await dir.refusal()).message).toMatch(/another version \(format 99/);
    await writeFile(journal, journalData);
    await writeFile(snapshot, snapshotData.subarray(0, -3));
    expect((await dir.refusal()).message).toMatch(/snapshot-1.bin is incomplete/);
    await rm(snapshot);
    await writeFile(join(dir.path, 'journal-7.bin'), journalData);
    expect((await dir.refusal()).message).toMatch(/its snapshot is missing/);
  });

  it('records that make no sense are refused as a whole', async () => {
    await withPayments();
    const file = await dir.file('journal');
    await writeFile(file, Buffer.concat([encodeFrame(0, { t: 'journal', format: 1 }), encodeFrame(1, { t: 'gift' })]));
    expect((await dir.refusal()).message).toContain('a record is not understood');
  });

  it('that is a file is one line with the next step', async () => {
    const file = join(dir.path, 'file');
    await writeFile(file, 'x');
    await expect(dir.open({ stateDir: file })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/^the state directory .*file cannot be used \(.*\); check its permissions/),
    });
  });

  it('is not written by two processes', async () => {
    await dir.open();
    const error = await dir.refusal();
    expect([error.code, error.message]).toEqual(['state-in-use', expect.stringContaining('in use by')]);
  });

  it('a lock whose process is gone does not keep the next one out', async () => {
    await withPayments();
    await writeFile(join(dir.path, 'lock'), '999999999 12345\n');
    expect((await dir.open()).chain.account(payee).balance).toBe(toNano(4));
    expect((await readFile(join(dir.path, 'lock'), 'utf8')).split(' ')[0]).toBe(String(process.pid));
  });
});
