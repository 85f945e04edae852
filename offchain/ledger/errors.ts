/** What can go wrong with the ledger, each with one line that names the file and the next step. */

/** The ledger cannot be opened. The message is one line, ready for an operator. */
export class LedgerOpenError extends Error {
  readonly code: LedgerOpenCode;
  readonly path: string;

  constructor(code: LedgerOpenCode, path: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LedgerOpenError';
    this.code = code;
    this.path = path;
  }
}

export type LedgerOpenCode = 'in_use' | 'corrupt' | 'foreign' | 'too_new' | 'bad_path' | 'bad_integrity';

/** A write did not reach the file. `retryable` is true while the ledger keeps the records and tries again by itself. */
export class LedgerWriteError extends Error {
  readonly code: 'disk_full' | 'io' | 'closed' | 'bad_record';
  readonly retryable: boolean;

  constructor(code: LedgerWriteError['code'], message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'LedgerWriteError';
    this.code = code;
    this.retryable = retryable;
  }
}

/** SQLite's primary result code of an error thrown by node:sqlite, or undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

export const Sqlite = {
  busy: 5,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

export function openError(path: string, error: unknown): LedgerOpenError {
  if (error instanceof LedgerOpenError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const code = sqliteCode(error);
  if (code === Sqlite.busy) {
    return new LedgerOpenError(
      'in_use',
      path,
      `ledger ${path} is in use by another process; stop that process, or set another db_path`,
      error,
    );
  }
  if (code === Sqlite.corrupt || code === Sqlite.notADatabase) {
    return new LedgerOpenError(
      'corrupt',
      path,
      `ledger ${path} is damaged or not an SQLite database (${reason}); restore it from a backup, or move it away only if you accept the loss of unsettled earnings`,
      error,
    );
  }
  return new LedgerOpenError(
    'bad_path',
    path,
    `ledger ${path} cannot be opened (${reason}); check that db_path names a file in a folder this user may write`,
    error,
  );
}
