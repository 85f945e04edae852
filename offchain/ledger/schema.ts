import type { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from './errors';

/** Marks the file as ours ("Cocn"): an SQLite database without it and with tables is somebody else's. */
export const APPLICATION_ID = 0x436f636e;

/**
 * Each entry brings the schema from its index to index + 1 and is never edited after a release: a file written by any
 * earlier version can be opened by any later one.
 *
 * Addresses are raw text ("0:hex"), amounts are nanoTON, tokens are adjusted tokens, times are unix milliseconds.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, mac BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE clients (
    owner TEXT PRIMARY KEY, proxy TEXT NOT NULL, contract TEXT NOT NULL, state TEXT NOT NULL,
    balance_nano INTEGER NOT NULL, stake_nano INTEGER NOT NULL, unbacked_nano INTEGER NOT NULL,
    tokens_charged INTEGER NOT NULL, tokens_used INTEGER NOT NULL, secret_hash TEXT NOT NULL,
    last_request_at INTEGER NOT NULL, mac BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE workers (
    owner TEXT PRIMARY KEY, proxy TEXT NOT NULL, contract TEXT NOT NULL, state TEXT NOT NULL,
    tokens_paid INTEGER NOT NULL, tokens_earned INTEGER NOT NULL, last_request_at INTEGER NOT NULL, mac BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE requests (
    id TEXT PRIMARY KEY, client TEXT NOT NULL, worker TEXT, model TEXT NOT NULL, coefficient INTEGER NOT NULL,
    outcome TEXT NOT NULL, error TEXT, prompt INTEGER NOT NULL, cached INTEGER NOT NULL, completion INTEGER NOT NULL,
    reasoning INTEGER NOT NULL, total INTEGER NOT NULL, cost_nano INTEGER NOT NULL, fee_nano INTEGER NOT NULL,
    started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, mac BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX requests_by_end ON requests (ended_at);
  CREATE TABLE commits (
    seqno INTEGER PRIMARY KEY, session_hash TEXT NOT NULL, created_at INTEGER NOT NULL, observed_lt INTEGER, mac BLOB NOT NULL
  );
  CREATE TABLE actions (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, contract TEXT NOT NULL, tokens INTEGER NOT NULL,
    amount_nano INTEGER NOT NULL, status TEXT NOT NULL, error TEXT, tx_hash TEXT, tx_lt INTEGER,
    created_at INTEGER NOT NULL, ended_at INTEGER, mac BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX actions_by_status ON actions (status);
  `,
];

function pragmaNumber(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number | bigint> | undefined;
  return Number(row?.[name] ?? 0);
}

/** Brings the file to the newest schema, or says whose file it is. Runs in one transaction: half a migration never stays. */
export function migrate(db: DatabaseSync, path: string): void {
  const version = pragmaNumber(db, 'user_version');
  const applicationId = pragmaNumber(db, 'application_id');
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get() as { n: number };
  if (applicationId !== APPLICATION_ID && (Number(tables.n) > 0 || applicationId !== 0)) {
    throw new LedgerOpenError(
      'foreign',
      path,
      `${path} is an SQLite database of another program; point db_path at a new file or at a ledger of this proxy`,
    );
  }
  if (version > MIGRATIONS.length) {
    throw new LedgerOpenError(
      'too_new',
      path,
      `ledger ${path} was written by a newer release (schema ${version}, this one knows ${MIGRATIONS.length}); run the newer release`,
    );
  }
  if (version === MIGRATIONS.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
