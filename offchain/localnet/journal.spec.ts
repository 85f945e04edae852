import { open as openFile } from 'node:fs/promises';
import { toNano } from '@ton/core';
import pino from 'pino';
import { type AppendFile, Journal } from './journal';
import { everything, payee, StateDir } from './testing/state-dir';

let dir: StateDir;

beforeEach(async () => {
  dir = await StateDir.create();
});

afterEach(() => dir.remove());

describe('a full disk', () => {
  /** Takes `room` more bytes, then refuses, as a disk does: with a part of the last write written. */
  function limited(disk: { room: number }): (path: string) => Promise<AppendFile> {
    return async (path) => {
      const file = await openFile(path, 'w+');
      return {
        async write(data, offset, length, position) {
          if (disk.room === 0) {
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          }
          const taken = Math.min(length, disk.room);
          disk.room -= taken;
          return await file.write(data, offset, taken, position);
        },
        datasync: () => file.datasync(),
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
    };
  }

  it('fails the request, then every other change, and a snapshot takes up work again', async () => {
    const disk = { room: 1_000_000 };
    const { chain } = await dir.open({ openForAppend: limited(disk) });
    await chain.faucet(payee, toNano(1));
    disk.room = 100;
    await expect(chain.faucet(payee, toNano(1))).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/ENOSPC.*free some space/),
    });
    disk.room = 1_000_000;
    await expect(chain.faucet(payee, toNano(1))).rejects.toMatchObject({ code: 'disk' });
    expect((await chain.status()).failure).toContain('cannot be written');
    await chain.snapshot();
    await chain.faucet(payee, toNano(1));
    const before = everything(chain);
    await chain.close();
    expect(everything((await dir.open()).chain)).toEqual(before);
  });

  it('leaves a state that the next start reads: all that was acknowledged, nothing else', async () => {
    const disk = { room: 1_000_000 };
    const { chain } = await dir.open({ openForAppend: limited(disk) });
    await chain.faucet(payee, toNano(1));
    disk.room = 100;
    await expect(chain.faucet(payee, toNano(1))).rejects.toThrow('ENOSPC');
    await chain.close();
    const { chain: again, log } = await dir.open();
    expect(again.account(payee).balance).toBe(toNano(1));
    expect(log.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

describe('the journal', () => {
  it('lets appends of one moment share a disk sync', async () => {
    let syncs = 0;
    const { journal } = await Journal.open({
      dir: dir.path,
      logger: pino({ level: 'silent' }),
      openForAppend: async (path) => {
        const file = await openFile(path, 'w+');
        return {
          write: (data, offset, length, position) => file.write(data, offset, length, position),
          datasync: async () => {
            syncs += 1;
            await file.datasync();
          },
          truncate: (length) => file.truncate(length),
          close: () => file.close(),
        };
      },
    });
    syncs = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append({ i })));
    expect(syncs).toBeLessThanOrEqual(2);
    await journal.close();
    const again = await Journal.open({ dir: dir.path, logger: pino({ level: 'silent' }) });
    expect(again.appended).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })));
    await again.journal.close();
  });

  it('refuses appends after close', async () => {
    const { journal } = await Journal.open({ dir: dir.path, logger: pino({ level: 'silent' }) });
    await journal.close();
    await expect(journal.append({})).rejects.toMatchObject({ code: 'closed' });
  });
});
