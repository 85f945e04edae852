import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError, Sqlite, sqliteCode } from './errors';

/**
 * Holds an exclusive lock for as long as the process lives: a second database beside the ledger, because the ledger
 * itself stays readable. The operating system releases it on any kind of death.
 */
export function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const code = sqliteCode(error);
    if (code === Sqlite.notADatabase || code === Sqlite.corrupt) {
      throw new LedgerOpenError(
        'bad_path',
        path,
        `${path}.lock is damaged; it holds no data, so delete that one file (the ledger itself is not concerned)`,
        error,
      );
    }
    throw error;
  }
  return lock;
}

/** @throws LedgerOpenError when a page is damaged */
export function checkPages(db: DatabaseSync, path: string): void {
  const row = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string } | undefined;
  if (row?.quick_check !== 'ok') {
    throw new LedgerOpenError(
      'corrupt',
      path,
      `ledger ${path} is damaged (${row?.quick_check.replaceAll('\n', ' ')}); restore it from a backup, or move it away only if you accept the loss of unsettled earnings`,
    );
  }
}

/** Makes newly created files survive power loss. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
