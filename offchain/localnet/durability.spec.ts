import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open as openFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { toNano } from '@ton/core';
import { WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { LocalChain } from './chain';
import type { LocalChainOptions } from './chain-options';
import { LocalnetError } from './errors';
import { encodeFrame } from './frames';
import { type AppendFile, Journal } from './journal';
import { faucetMessage } from './treasury';

const payee = WalletContractV5R1.create({ publicKey: Buffer.alloc(32, 5) }).address;

const NOW_MS = 1_780_000_000_000;

let dir: string;
const chains: LocalChain[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'localnet-'));
});

afterEach(async () => {
  for (const chain of chains.splice(0)) {
    await chain.close();
  }
  await rm(dir, { recursive: true, force: true });
});

interface LogLine {
  level: number;
  msg: string;
}

async function openChain(options: Partial<LocalChainOptions> = {}): Promise<{ chain: LocalChain; log: LogLine[] }> {
  const log: LogLine[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  // A clock that stands still: an account pays for storage with every second.
  const chain = await LocalChain.open({ prices: 'current', logger, stateDir: dir, clock: () => NOW_MS, ...options });
  chains.push(chain);
  return { chain, log };
}

function everything(chain: LocalChain): unknown {
  return {
    balance: chain.account(payee).balance,
    transactions: chain.index.newest(payee.toRawString(), 1000).map(({ record, seqno }) => ({ ...record, seqno })),
    blocks: chain.index.blocks().map(({ seqno, rootHash }) => ({ seqno, rootHash })),
  };
}

async function stateFile(kind: 'snapshot' | 'journal'): Promise<string> {
  const name = (await readdir(dir)).find((file) => file.startsWith(kind));
  return join(dir, name ?? 'none');
}

async function refusal(): Promise<LocalnetError> {
  try {
    await openChain();
  } catch (error) {
    if (error instanceof LocalnetError) {
      return error;
    }
    throw error;
  }
  throw new Error('the damaged state was accepted');
}

describe('a restart', () => {
  it('brings back accounts, transactions, blocks and the clock', async () => {
    const { chain } = await openChain();
    await chain.faucet(payee, toNano(3));
    await chain.advance(86_400);
    await chain.faucet(payee, toNano(4));
    const before = everything(chain);
    const { time, shift } = await chain.status();
    await chain.close();

    const again = (await openChain()).chain;
    expect(everything(again)).toEqual(before);
    const status = await again.status();
    expect(status.shift).toBe(shift);
    expect(status.time).toBeGreaterThanOrEqual(time);
    await again.faucet(payee, toNano(1));
    const storage = toNano(8) - again.account(payee).balance;
    expect(storage).toBeGreaterThan(0n);
    expect(storage).toBeLessThan(1000n);
  });

  it('is the same after a snapshot as before it, and the journal is empty then', async () => {
    const { chain } = await openChain();
    for (let i = 0; i < 5; i++) {
      await chain.faucet(payee, toNano(1));
    }
    const { journalBytes } = await chain.status();
    await chain.snapshot();
    expect((await chain.status()).journalBytes).toBeLessThan(journalBytes / 10);
    await chain.faucet(payee, toNano(1));
    const before = everything(chain);
    await chain.close();
    expect(everything((await openChain()).chain)).toEqual(before);
    expect((await readdir(dir)).filter((name) => name.endsWith('.bin'))).toHaveLength(2);
  });

  it('brings back messages that were waiting for a block, and executes them', async () => {
    const { chain } = await openChain({ blockIntervalMs: 60_000 });
    await chain.faucet(payee, toNano(5));
    await chain.sendExternal(faucetMessage({ to: payee, amount: toNano(2), deployed: true }).toBoc());
    expect((await chain.status()).waiting).toBe(1);
    await chain.close();

    const again = (await openChain({ blockIntervalMs: 1 })).chain;
    while (again.account(payee).balance !== toNano(7)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await again.status()).waiting).toBe(0);
  });

  it('finds the same chain when snapshots were made on the way, and the files stay small', async () => {
    const { chain } = await openChain({ rotateBytes: 20_000, keepTransactions: 20 });
    for (let i = 0; i < 60; i++) {
      await chain.faucet(payee, toNano(1));
    }
    const before = everything(chain);
    const { journalBytes, snapshotBytes } = await chain.status();
    expect(snapshotBytes).toBeGreaterThan(0);
    expect(journalBytes + snapshotBytes).toBeLessThan(120_000);
    await chain.close();
    const again = (await openChain({ keepTransactions: 20 })).chain;
    expect(everything(again)).toEqual(before);
    expect(again.account(payee).balance).toBe(toNano(60));
  });

  it('with reset begins a new chain', async () => {
    const { chain } = await openChain();
    await chain.faucet(payee, toNano(3));
    await chain.close();
    const again = (await openChain({ reset: true })).chain;
    expect(again.account(payee).balance).toBe(0n);
    expect((await again.status()).seqno).toBe(1);
  });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged, time after time', async () => {
    const node = join(process.cwd(), 'node_modules/.bin/node');
    let next = 1;
    const amounts: bigint[] = [];
    const hashes: string[] = [];
    for (const answers of [3, 7, 12]) {
      const child = spawn(node, ['--import', 'tsx', join(__dirname, 'kill-child.ts'), dir, String(next)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      for await (const line of createInterface(child.stdout)) {
        const { amount, hash } = JSON.parse(line) as { amount: number; hash: string };
        hashes.push(Buffer.from(hash, 'base64').toString('hex'));
        amounts.push(BigInt(amount));
        next = amount + 1;
        seen += 1;
        if (seen === answers) {
          child.kill('SIGKILL');
        }
      }
      if (child.exitCode === null && child.signalCode === null) {
        await once(child, 'exit');
      }
      expect(child.signalCode).toBe('SIGKILL');
      const { chain } = await openChain({ clock: Date.now });
      for (const hash of hashes) {
        expect(chain.index.byHash(hash)?.record.hash).toBe(hash);
      }
      const received = chain.index.newest(payee.toRawString(), 1000).map((stored) => {
        const { inMessage } = stored.decode();
        return inMessage?.info.type === 'internal' ? inMessage.info.value.coins : 0n;
      });
      // One more may have been executed without anybody having heard of it: then it is there whole.
      const unheard = received.length === hashes.length ? [] : [BigInt(next)];
      expect(received).toEqual([...unheard, ...amounts.toReversed()]);
      if (unheard.length > 0) {
        hashes.push(chain.index.newest(payee.toRawString(), 1)[0]!.record.hash);
        amounts.push(BigInt(next));
        next += 1;
      }
      await chain.close();
    }
  }, 120_000);
});

describe('a damaged state directory', () => {
  async function withPayments(): Promise<void> {
    const { chain } = await openChain();
    for (let i = 0; i < 4; i++) {
      await chain.faucet(payee, toNano(1));
    }
    await chain.close();
  }

  it.each([1, 15, 16, 17, 300])('a last record cut %i bytes short is dropped with a warning', async (cut) => {
    await withPayments();
    const file = await stateFile('journal');
    await truncate(file, (await readFile(file)).length - cut);
    const { chain, log } = await openChain();
    expect(chain.account(payee).balance).toBe(toNano(3));
    expect(log).toContainEqual(expect.objectContaining({ level: 40, msg: expect.stringContaining('last record') }));
    await chain.faucet(payee, toNano(1));
    await chain.close();
    expect((await openChain()).chain.account(payee).balance).toBe(toNano(4));
  });

  it('a last record of which a part never reached the disk is dropped too', async () => {
    await withPayments();
    const file = await stateFile('journal');
    const data = await readFile(file);
    data.fill(0, data.length - 200);
    await writeFile(file, data);
    expect((await openChain()).chain.account(payee).balance).toBe(toNano(3));
  });

  it.each(['snapshot', 'journal'] as const)(
    'a flipped bit in the middle of the %s is one line with the next step',
    async (kind) => {
      await withPayments();
      if (kind === 'snapshot') {
        const { chain } = await openChain();
        await chain.snapshot();
        await chain.close();
      }
      const file = await stateFile(kind);
      const data = await readFile(file);
      const middle = Math.floor(data.length / 3);
      data[middle] = data[middle]! ^ 0x10;
      await writeFile(file, data);
      const error = await refusal();
      expect(error.code).toBe('state-damaged');
      expect(error.message).toContain(dir);
      expect(error.message).toContain('remove the directory');
      expect(error.message).not.toContain('\n');
    },
  );

  it('a missing file, a foreign version and a cut snapshot are told apart', async () => {
    await withPayments();
    const journal = await stateFile('journal');
    const snapshot = await stateFile('snapshot');
    const [journalData, snapshotData] = [await readFile(journal), await readFile(snapshot)];

    await rm(journal);
    expect((await refusal()).message).toMatch(/journal-1.bin is missing/);
    await writeFile(journal, encodeFrame(0, { t: 'journal', format: 99 }));
    expect((await refusal()).message).toMatch(/another version \(format 99/);
    await writeFile(journal, journalData);
    await writeFile(snapshot, snapshotData.subarray(0, -3));
    expect((await refusal()).message).toMatch(/snapshot-1.bin is incomplete/);
    await rm(snapshot);
    await writeFile(join(dir, 'journal-7.bin'), journalData);
    expect((await refusal()).message).toMatch(/its snapshot is missing/);
  });

  it('records that make no sense are refused as a whole', async () => {
    await withPayments();
    const file = await stateFile('journal');
    await writeFile(file, Buffer.concat([encodeFrame(0, { t: 'journal', format: 1 }), encodeFrame(1, { t: 'gift' })]));
    expect((await refusal()).message).toContain('a record is not understood');
  });

  it('that is a file is one line with the next step', async () => {
    const file = join(dir, 'file');
    await writeFile(file, 'x');
    await expect(openChain({ stateDir: file })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/^the state directory .*file cannot be used \(.*\); check its permissions/),
    });
  });

  it('is not written by two processes', async () => {
    await openChain();
    const error = await refusal();
    expect([error.code, error.message]).toEqual(['state-in-use', expect.stringContaining('in use by')]);
  });

  it('a lock whose process is gone does not keep the next one out', async () => {
    await withPayments();
    await writeFile(join(dir, 'lock'), '999999999 12345\n');
    expect((await openChain()).chain.account(payee).balance).toBe(toNano(4));
    expect((await readFile(join(dir, 'lock'), 'utf8')).split(' ')[0]).toBe(String(process.pid));
  });
});

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
    const { chain } = await openChain({ openForAppend: limited(disk) });
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
    expect(everything((await openChain()).chain)).toEqual(before);
  });

  it('leaves a state that the next start reads: all that was acknowledged, nothing else', async () => {
    const disk = { room: 1_000_000 };
    const { chain } = await openChain({ openForAppend: limited(disk) });
    await chain.faucet(payee, toNano(1));
    disk.room = 100;
    await expect(chain.faucet(payee, toNano(1))).rejects.toThrow('ENOSPC');
    await chain.close();
    const { chain: again, log } = await openChain();
    expect(again.account(payee).balance).toBe(toNano(1));
    expect(log.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

describe('the journal', () => {
  it('lets appends of one moment share a disk sync', async () => {
    let syncs = 0;
    const { journal } = await Journal.open({
      dir,
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
    const again = await Journal.open({ dir, logger: pino({ level: 'silent' }) });
    expect(again.appended).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })));
    await again.journal.close();
  });

  it('refuses appends after close', async () => {
    const { journal } = await Journal.open({ dir, logger: pino({ level: 'silent' }) });
    await journal.close();
    await expect(journal.append({})).rejects.toMatchObject({ code: 'closed' });
  });
});
