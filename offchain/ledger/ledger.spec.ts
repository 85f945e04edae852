import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { GroupSync } from './group-sync';
import { Ledger, LedgerOpenError, LedgerWriteError, machineIntegrity } from './index';
import type { ClientRow, LedgerRecord, RequestRow } from './rows';

const clientRow = (owner: string, tokensUsed: bigint): ClientRow => ({
  owner,
  proxy: '0:aa',
  contract: '0:bb',
  state: 'normal',
  balanceNano: 15_000_000_000n,
  stakeNano: 15_000_000_000n,
  unbackedNano: 0n,
  tokensCharged: 0n,
  tokensUsed,
  secretHash: '00'.repeat(32),
  lastRequestAt: 1,
});

const requestRow = (id: string): RequestRow => ({
  id,
  client: '0:cc',
  worker: '0:dd',
  model: 'demo',
  coefficient: 1000,
  outcome: 'done',
  error: null,
  prompt: 5n,
  cached: 0n,
  completion: 8n,
  reasoning: 0n,
  total: 13n,
  costNano: 260n,
  feeNano: 247n,
  startedAt: 1,
  endedAt: 2,
});

let folder: string;
let path: string;
const open: Ledger[] = [];
const openLedger = (options: Partial<ConstructorParameters<typeof Ledger>[0]> = {}) => {
  const ledger = new Ledger({ path, ...options });
  open.push(ledger);
  return ledger;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cocoon-ledger-'));
  path = join(folder, 'proxy.sqlite');
});

afterEach(async () => {
  for (const ledger of open.splice(0)) await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('ledger', () => {
  it('gives back every field of every table after a restart', async () => {
    const records: LedgerRecord[] = [
      { kind: 'meta', row: { key: 'follow_lt', value: '77' } },
      { kind: 'client', row: clientRow('0:01', 2n ** 62n) },
      {
        kind: 'worker',
        row: {
          owner: '0:02',
          proxy: '0:aa',
          contract: '0:03',
          state: 'closed',
          tokensPaid: 4n,
          tokensEarned: 9n,
          lastRequestAt: 7,
        },
      },
      { kind: 'request', row: requestRow('r1') },
      { kind: 'commit', row: { seqno: 3, sessionHash: 'ab', createdAt: 5, observedLt: null } },
      {
        kind: 'action',
        row: {
          id: 'a1',
          kind: 'charge',
          subject: '0:01',
          contract: '0:bb',
          tokens: 1n,
          amountNano: 20n,
          status: 'done',
          error: null,
          txHash: 'ff',
          txLt: 12n,
          createdAt: 1,
          endedAt: 2,
        },
      },
    ];
    const first = openLedger();
    await first.append(records);
    await first.close();
    const again = openLedger();
    for (const { kind, row } of records) expect(again.all(kind)).toEqual([row]);
    expect(again.meta('follow_lt')).toBe('77');
  });

  it('is for its owner only, also in a folder that others may read', async () => {
    fs.chmodSync(folder, 0o755);
    const ledger = openLedger();
    await ledger.write([{ kind: 'meta', row: { key: 'a', value: '1' } }]);
    for (const suffix of ['', '-wal', '-shm']) expect(fs.statSync(`${path}${suffix}`).mode & 0o777).toBe(0o600);
  });

  it('keeps the newest value of a row written many times in one turn', async () => {
    const ledger = openLedger();
    await Promise.all([1n, 2n, 3n].map((used) => ledger.append([{ kind: 'client', row: clientRow('0:01', used) }])));
    expect(ledger.all('client').map((row) => row.tokensUsed)).toEqual([3n]);
  });

  it('applies a group whole or not at all, and does not let a bad record hurt its neighbours', async () => {
    const ledger = openLedger();
    const bad = ledger.append([
      { kind: 'client', row: clientRow('0:01', 1n) },
      { kind: 'client', row: clientRow('0:02', -1n) },
    ]);
    const good = ledger.append([{ kind: 'client', row: clientRow('0:03', 1n) }]);
    await expect(bad).rejects.toMatchObject({ code: 'bad_record', retryable: false });
    await good;
    expect(ledger.all('client').map((row) => row.owner)).toEqual(['0:03']);
  });

  it('shares one sync among all records that wait for the disk', async () => {
    let syncs = 0;
    const sync = new GroupSync(async () => {
      syncs++;
      await new Promise((resolve) => setImmediate(resolve));
    });
    await Promise.all(Array.from({ length: 1000 }, () => sync.flushed()));
    // The first waiter starts a sync at once; the other 999 arrived after it began and share the second.
    expect(syncs).toBe(2);
  });

  it('trusts the disk no more after one failed sync', async () => {
    let fail = true;
    const sync = new GroupSync(async () => {
      if (fail) throw new Error('EIO');
    });
    await expect(sync.flushed()).rejects.toThrow('EIO');
    fail = false;
    await expect(sync.flushed()).rejects.toThrow('EIO');
  });

  it('makes at least 5000 records per second durable', async () => {
    const ledger = openLedger();
    const started = performance.now();
    const total = 5000;
    // 50 independent writers, each waiting for its own record to be on disk before the next.
    await Promise.all(
      Array.from({ length: 50 }, async (_, writer) => {
        for (let i = 0; i < total / 50; i++)
          await ledger.append([{ kind: 'request', row: requestRow(`${writer}-${i}`) }]);
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    expect(ledger.all('request')).toHaveLength(total);
    expect(total / seconds).toBeGreaterThan(5000);
  });
});

describe('ledger > refuses with one line that names the file', () => {
  const refusal = (options = {}) => {
    try {
      openLedger(options);
    } catch (error) {
      expect(error).toBeInstanceOf(LedgerOpenError);
      expect((error as Error).message).not.toContain('\n');
      expect((error as Error).message).toContain(path);
      return (error as LedgerOpenError).code;
    }
    return 'opened';
  };

  it('a second proxy on the same file, until the first is gone', async () => {
    const first = openLedger();
    expect(refusal()).toBe('in_use');
    await first.close();
    expect(refusal()).toBe('opened');
  });

  it('a damaged file', async () => {
    const ledger = openLedger();
    await ledger.append(
      Array.from({ length: 200 }, (_, i) => ({ kind: 'request' as const, row: requestRow(`r${i}`) })),
    );
    await ledger.close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const bytes = Buffer.alloc(4096 * 3, 0x5a);
    const whole = readFileSync(path);
    bytes.copy(whole, 4096);
    writeFileSync(path, whole);
    expect(refusal()).toBe('corrupt');
  });

  it('a file that is not a database', () => {
    writeFileSync(path, 'this is not a database, it is a note of some length, long enough to hold a header');
    expect(refusal()).toBe('corrupt');
  });

  it('a damaged lock file, which it tells apart from a damaged ledger', async () => {
    await openLedger().close();
    writeFileSync(`${path}.lock`, Buffer.alloc(8192, 0x5a));
    expect(refusal()).toBe('bad_path');
    rmSync(`${path}.lock`);
    expect(refusal()).toBe('opened');
  });

  it('a database of another program', () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE birds (name TEXT)');
    db.close();
    expect(refusal()).toBe('foreign');
  });

  it('a database of a newer release', async () => {
    await openLedger().close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(refusal()).toBe('too_new');
  });

  it('a folder in place of the file', () => {
    path = folder;
    expect(refusal()).toBe('bad_path');
  });

  it('a row changed by hand, and a file sealed with another machine key', async () => {
    const key = machineIntegrity(Buffer.alloc(32, 1));
    const ledger = openLedger({ integrity: key });
    await ledger.append([{ kind: 'client', row: clientRow('0:01', 5n) }]);
    await ledger.close();
    expect(refusal()).toBe('bad_integrity');
    expect(refusal({ integrity: machineIntegrity(Buffer.alloc(32, 2)) })).toBe('bad_integrity');
    const db = new DatabaseSync(path);
    db.exec('UPDATE clients SET tokens_used = 4');
    db.close();
    expect(refusal({ integrity: key })).toBe('bad_integrity');
  });
});

describe('ledger > when the disk is full', () => {
  it('says so, keeps the records, and writes them once there is room', async () => {
    const ledger = openLedger({ maxPages: 40, retryMs: 5 });
    let refused: unknown;
    let written = 0;
    for (let i = 0; i < 2000 && !refused; i++) {
      await ledger.append([{ kind: 'request', row: requestRow(`r${i}`) }]).then(
        () => written++,
        (error: unknown) => {
          refused = error;
        },
      );
    }
    expect(refused).toBeInstanceOf(LedgerWriteError);
    expect(refused).toMatchObject({ code: 'disk_full', retryable: true });
    expect(ledger.health.ok).toBe(false);
    const owned = ledger as unknown as { db: DatabaseSync };
    owned.db.exec('PRAGMA max_page_count = 100000');
    await ledger.append([{ kind: 'meta', row: { key: 'after', value: 'room' } }]);
    expect(ledger.health.ok).toBe(true);
    expect(ledger.all('request')).toHaveLength(written + 1);
  });
});

describe('ledger > trouble on top of trouble', () => {
  /** From here on only what fits into the pages there are can be written; `large` does not. */
  const fill = (ledger: Ledger) => {
    const { db } = ledger as unknown as { db: DatabaseSync };
    const { page_count } = db.prepare('PRAGMA page_count').get() as { page_count: bigint };
    db.exec(`PRAGMA max_page_count = ${page_count}`);
    return () => db.exec('PRAGMA max_page_count = 100000');
  };
  const large: LedgerRecord = { kind: 'meta', row: { key: 'large', value: 'x'.repeat(100_000) } };
  const client = (owner: string, used: bigint): LedgerRecord => ({ kind: 'client', row: clientRow(owner, used) });

  it('writes what it kept before what came later, also beside a record the schema refuses', async () => {
    const ledger = openLedger({ retryMs: 60_000 });
    const makeRoom = fill(ledger);
    await expect(ledger.write([client('0:01', 2n), large])).rejects.toMatchObject({ code: 'disk_full' });
    makeRoom();
    const bad = ledger.write([client('0:02', -1n)]);
    const good = ledger.write([client('0:01', 3n)]);
    await expect(bad).rejects.toMatchObject({ code: 'bad_record' });
    await good;
    expect(ledger.health.ok).toBe(true);
    await ledger.write([client('0:03', 1n)]);
    expect(ledger.all('client').map(({ owner, tokensUsed }) => [owner, tokensUsed])).toEqual([
      ['0:01', 3n],
      ['0:03', 1n],
    ]);
    expect(ledger.meta('large')).toHaveLength(100_000);
  });

  it('keeps what the disk refuses beside a record the schema refuses', async () => {
    const ledger = openLedger({ retryMs: 60_000 });
    const makeRoom = fill(ledger);
    const bad = ledger.write([client('0:02', -1n)]);
    const good = ledger.write([client('0:01', 7n), large]);
    await expect(bad).rejects.toMatchObject({ code: 'bad_record' });
    await expect(good).rejects.toMatchObject({ code: 'disk_full', retryable: true });
    expect(ledger.health.ok).toBe(false);
    makeRoom();
    await ledger.write([client('0:03', 1n)]);
    expect(ledger.health.ok).toBe(true);
    expect(ledger.all('client').map(({ owner }) => owner)).toEqual(['0:01', '0:03']);
  });

  it('is not well again after a failed sync, whatever it writes later', async () => {
    const ledger = openLedger();
    const sync = jest.spyOn(fs, 'fdatasync').mockImplementation(((_fd: number, done: fs.NoParamCallback) => {
      done(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    }) as typeof fs.fdatasync);
    await expect(ledger.append([{ kind: 'meta', row: { key: 'a', value: '1' } }])).rejects.toMatchObject({
      code: 'io',
    });
    sync.mockRestore();
    expect(ledger.health).toMatchObject({ ok: false, reason: expect.stringContaining('failed sync') });
    await ledger.write([{ kind: 'meta', row: { key: 'b', value: '2' } }]);
    expect(ledger.health).toMatchObject({ ok: false, reason: expect.stringContaining('failed sync') });
  });
});

describe('ledger > kill -9', () => {
  it('loses nothing that was acknowledged', async () => {
    const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'kill-writer.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    const lines = createInterface({ input: child.stdout! });
    for await (const line of lines) {
      acknowledged = Number(line);
      if (acknowledged >= 300) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const ledger = openLedger();
    const used = ledger.all('client')[0]?.tokensUsed ?? 0n;
    expect(used).toBeGreaterThanOrEqual(BigInt(acknowledged));
    // The account and the request log advance together: a crash never separates them.
    expect(BigInt(ledger.all('request').length)).toBe(used);
  });
});
