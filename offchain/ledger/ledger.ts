import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LedgerOpenError, LedgerWriteError, openError, Sqlite, sqliteCode } from './errors';
import { GroupSync, syncFile } from './group-sync';
import { type Integrity, NO_INTEGRITY } from './integrity';
import { checkPages, lockFile, syncDirectory } from './open-file';
import { type LedgerRecord, type RowKind, type RowOf, TABLES } from './rows';
import { migrate } from './schema';
import { bindable, upsert } from './statements';

export interface LedgerOptions {
  path: string;
  integrity?: Integrity;
  /** Upper bound of the file in SQLite pages; reaching it behaves as a full disk. Default: none. */
  maxPages?: number;
  /** How long to wait before a failed batch is tried again. */
  retryMs?: number;
  onHealth?(health: LedgerHealth): void;
}

export type LedgerHealth = { ok: true } | { ok: false; reason: string };

interface Group {
  records: readonly LedgerRecord[];
  written: () => void;
  failed: (error: LedgerWriteError) => void;
}

/**
 * The proxy's durable memory: SQLite in write-ahead mode.
 *
 * `write` resolves when the records are in the file (they survive `kill -9`), `append` when they are on disk (they also
 * survive power loss). All calls of one turn of the event loop share one transaction, all transactions share fdatasyncs.
 */
export class Ledger {
  private readonly db: DatabaseSync;
  private readonly lock: DatabaseSync;
  private readonly walFd: number;
  private readonly statements = new Map<RowKind, StatementSync>();
  private readonly disk: GroupSync;
  private readonly integrity: Integrity;
  private readonly options: LedgerOptions;
  private queue: Group[] = [];
  /**
   * Groups of failed batches, oldest first, kept until the file takes them: what a peer did must not be forgotten by a full
   * disk. They always go before newer ones, whose rows would else be overwritten with old values.
   */
  private unwritten: (readonly LedgerRecord[])[] = [];
  private scheduled = false;
  private retryTimer: NodeJS.Timeout | undefined;
  private state: LedgerHealth = { ok: true };
  /** After a failed sync nothing that is written can be trusted to reach the disk: no later write makes this well again. */
  private syncFailed = false;
  private closed = false;

  /** Opens or creates the file. Throws LedgerOpenError with a one-line message. */
  constructor(options: LedgerOptions) {
    this.options = options;
    this.integrity = options.integrity ?? NO_INTEGRITY;
    const { path } = options;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (existsSync(path) && statSync(path).isDirectory()) {
        throw new LedgerOpenError('bad_path', path, `db_path ${path} is a folder; name a file inside it`);
      }
      this.lock = lockFile(path);
    } catch (error) {
      throw openError(path, error);
    }
    let db: DatabaseSync | undefined;
    try {
      const created = !existsSync(path);
      db = new DatabaseSync(path, { timeout: 0, readBigInts: true });
      // It holds the hashes of clients' secrets. The log beside it takes over these rights; later ones are the owner's choice.
      if (created) chmodSync(path, 0o600);
      db.exec('PRAGMA journal_mode = WAL');
      // Commits only write; reaching the disk is GroupSync's work, so that it is shared and off the main thread.
      db.exec('PRAGMA synchronous = NORMAL');
      checkPages(db, path);
      migrate(db, path);
      if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
      this.db = db;
      for (const kind of Object.keys(TABLES) as RowKind[]) this.statements.set(kind, db.prepare(upsert(kind)));
      // A write makes the log file exist; from here to close() it is never replaced, so one descriptor serves for life.
      const { user_version } = db.prepare('PRAGMA user_version').get() as { user_version: bigint };
      db.exec(`PRAGMA user_version = ${user_version}`);
      this.walFd = openSync(`${path}-wal`, 'r+');
      syncDirectory(dirname(path));
      for (const kind of Object.keys(TABLES) as RowKind[]) if (kind !== 'request') this.all(kind);
    } catch (error) {
      db?.close();
      this.lock.close();
      throw openError(path, error);
    }
    const fd = this.walFd;
    this.disk = new GroupSync(async () => {
      try {
        await syncFile(fd);
      } catch (error) {
        this.setHealth({
          ok: false,
          reason: `the disk of ${path} reported a failed sync (${String(error)}); replace or repair it and restart the proxy`,
        });
        this.syncFailed = true;
        throw new LedgerWriteError('io', `ledger ${path} could not be synced to disk`, false, error);
      }
    });
  }

  get health(): LedgerHealth {
    return this.state;
  }

  /** Resolves when the records, all or none, are in the file. Rejects with LedgerWriteError; records are then retried. */
  write(records: readonly LedgerRecord[]): Promise<void> {
    if (this.closed) return Promise.reject(new LedgerWriteError('closed', 'the ledger is closed', false));
    return new Promise((resolve, reject) => {
      this.queue.push({ records, written: resolve, failed: reject });
      this.schedule();
    });
  }

  /** Resolves when the records, all or none, are on disk. */
  async append(records: readonly LedgerRecord[]): Promise<void> {
    await this.write(records);
    await this.flushed();
  }

  /** Resolves when everything written so far is on disk. */
  flushed(): Promise<void> {
    return this.disk.flushed();
  }

  /** Every row of a table. Throws LedgerOpenError when a row was not written by this machine. */
  all<K extends RowKind>(kind: K): RowOf<K>[] {
    const table = TABLES[kind];
    const rows = this.db.prepare(`SELECT * FROM ${table.name} ORDER BY 1`).all();
    return rows.map((row) => this.decode(kind, row as Record<string, unknown>));
  }

  /** The newest finished requests, newest first. */
  recentRequests(limit: number): RowOf<'request'>[] {
    const rows = this.db.prepare('SELECT * FROM requests ORDER BY ended_at DESC, id LIMIT ?').all(limit);
    return rows.map((row) => this.decode('request', row as Record<string, unknown>));
  }

  meta(key: string): string | undefined {
    return this.all('meta').find((row) => row.key === key)?.value;
  }

  /** Writes what is queued, syncs, and releases the file. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    clearTimeout(this.retryTimer);
    await this.disk.flushed().catch(() => undefined);
    await this.disk.idle();
    closeSync(this.walFd);
    this.db.close();
    this.lock.close();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.closed) this.flush();
    });
  }

  private flush(): void {
    const groups = this.queue;
    this.queue = [];
    if (groups.length === 0 && this.unwritten.length === 0) return;
    const kept = this.unwritten;
    const failure = this.transact([...kept, ...groups.map((group) => group.records)].flat());
    if (!failure) {
      this.unwritten = [];
      this.setHealth({ ok: true });
      for (const group of groups) group.written();
    } else if (failure.code === 'bad_record') {
      this.flushOneByOne(kept, groups);
    } else {
      this.unwritten = [...kept, ...groups.map((group) => group.records)];
      this.retryLater(failure);
      for (const group of groups) group.failed(failure);
    }
  }

  /** One group the schema refuses must not take its neighbours with it; what was kept still goes first. */
  private flushOneByOne(kept: readonly (readonly LedgerRecord[])[], groups: readonly Group[]): void {
    this.unwritten = [];
    let blocked: LedgerWriteError | undefined;
    const write = (records: readonly LedgerRecord[]): LedgerWriteError | undefined => {
      const failure = blocked ?? this.transact(records);
      if (!failure || failure.code === 'bad_record') return failure;
      blocked = failure;
      this.unwritten.push(records);
      return failure;
    };
    for (const records of kept) write(records);
    for (const group of groups) {
      const failure = write(group.records);
      if (failure) group.failed(failure);
      else group.written();
    }
    if (blocked) this.retryLater(blocked);
    else this.setHealth({ ok: true });
  }

  private retryLater(failure: LedgerWriteError): void {
    this.setHealth({ ok: false, reason: failure.message });
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = undefined;
      if (!this.closed) this.flush();
    }, this.options.retryMs ?? 1000);
    this.retryTimer.unref();
  }

  private transact(records: readonly LedgerRecord[]): LedgerWriteError | undefined {
    try {
      this.db.exec('BEGIN IMMEDIATE');
      for (const record of records) this.put(record);
      this.db.exec('COMMIT');
      return undefined;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      return this.writeError(error);
    }
  }

  private put(record: LedgerRecord): void {
    const table = TABLES[record.kind];
    const row = record.row as unknown as Record<string, string | bigint | number | null>;
    const columns = table.fields.map(([field, , type]) => bindable(table.name, field, type, row[field]));
    this.statements.get(record.kind)!.run(...columns, this.integrity.seal(table.name, columns));
  }

  private decode<K extends RowKind>(kind: K, row: Record<string, unknown>): RowOf<K> {
    const table = TABLES[kind];
    const columns = table.fields.map(([, column, type]) => {
      const value = row[column] as string | bigint | null;
      return type.startsWith('number') && typeof value === 'bigint' ? Number(value) : value;
    });
    if (!this.integrity.verify(table.name, columns, row.mac as Uint8Array)) {
      throw new LedgerOpenError(
        'bad_integrity',
        this.options.path,
        `ledger ${this.options.path}: ${table.name} row ${String(columns[0])} was not sealed with this machine_specific_private_key; restore the matching key or the matching file`,
      );
    }
    return Object.fromEntries(table.fields.map(([field], i) => [field, columns[i]])) as unknown as RowOf<K>;
  }

  private writeError(error: unknown): LedgerWriteError {
    const { path } = this.options;
    const reason = error instanceof Error ? error.message : String(error);
    const code = sqliteCode(error);
    if (code === Sqlite.full) {
      return new LedgerWriteError(
        'disk_full',
        `no space left for ledger ${path}; free disk space, writing resumes by itself`,
        true,
        error,
      );
    }
    if (code === Sqlite.ioerr || code === Sqlite.readonly || code === Sqlite.busy || code === Sqlite.cantOpen) {
      return new LedgerWriteError('io', `ledger ${path} cannot be written (${reason})`, true, error);
    }
    return new LedgerWriteError('bad_record', `ledger ${path} refused a record: ${reason}`, false, error);
  }

  private setHealth(health: LedgerHealth): void {
    if (this.syncFailed && health.ok) return;
    const changed = health.ok !== this.state.ok;
    this.state = health;
    if (changed) this.options.onHealth?.(health);
  }
}
