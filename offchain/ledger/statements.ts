import { type RowKind, TABLES } from './rows';

const MAX_INTEGER = 2n ** 63n - 1n;

/** Writes a row, over the one with the same primary key if there is one. */
export function upsert(kind: RowKind): string {
  const { name, fields } = TABLES[kind];
  const columns = [...fields.map(([, column]) => column), 'mac'];
  const updates = columns.slice(1).map((column) => `${column} = excluded.${column}`);
  const marks = columns.map(() => '?').join(', ');
  return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${marks}) ON CONFLICT DO UPDATE SET ${updates.join(', ')}`;
}

/** A field as SQLite takes it. @throws TypeError, RangeError naming table and field */
export function bindable(
  table: string,
  field: string,
  type: string,
  value: string | bigint | number | null | undefined,
) {
  if (value === null && type.endsWith('?')) return null;
  if (value === undefined || value === null || typeof value !== type.replace('?', '').replace('text', 'string')) {
    throw new TypeError(`${table}.${field} must be ${type}, got ${typeof value}`);
  }
  if (typeof value === 'bigint' && (value > MAX_INTEGER || value < 0n)) {
    throw new RangeError(`${table}.${field} = ${value} is outside 0..2^63-1`);
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${table}.${field} = ${value} is not a whole number`);
  }
  return value;
}
