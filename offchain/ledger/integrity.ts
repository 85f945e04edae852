import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Proves that a row was written by the holder of the machine key, under this table and this primary key. */
export interface Integrity {
  /** The mac of a row: `columns` are its bound values in table order. */
  seal(table: string, columns: readonly (string | bigint | number | null)[]): Buffer;
  verify(table: string, columns: readonly (string | bigint | number | null)[], mac: Uint8Array): boolean;
}

/** With no machine key rows carry an empty mac; a file sealed with a key is then refused instead of half trusted. */
export const NO_INTEGRITY: Integrity = {
  seal: () => Buffer.alloc(0),
  verify: (_table, _columns, mac) => mac.length === 0,
};

/**
 * HMAC-SHA256 over (table, every column), keyed by HKDF of the 32-byte machine key. The whole row is covered, its key and
 * table included, so a valid value cannot be moved to another row.
 */
export function machineIntegrity(machineKey: Buffer): Integrity {
  // A KeyObject: a buffer would be imported anew for each row.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', machineKey, Buffer.alloc(0), 'cocoon ledger rows', 32)));
  const seal = (table: string, columns: readonly (string | bigint | number | null)[]) => {
    // Length-prefixed, so that no two different rows serialise alike; in one piece, because each call into the hash costs.
    let row = '';
    for (const value of [table, ...columns]) {
      const text = value === null ? '\0null' : String(value);
      row += `${Buffer.byteLength(text)}:${text}`;
    }
    return createHmac('sha256', key).update(row).digest();
  };
  return {
    seal,
    verify: (table, columns, mac) => {
      const expected = seal(table, columns);
      return mac.length === expected.length && timingSafeEqual(expected, mac);
    },
  };
}
