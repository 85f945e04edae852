import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

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
  const key = Buffer.from(hkdfSync('sha256', machineKey, Buffer.alloc(0), 'cocoon ledger rows', 32));
  const seal = (table: string, columns: readonly (string | bigint | number | null)[]) => {
    const hmac = createHmac('sha256', key);
    // Length-prefixed, so that no two different rows serialise alike.
    for (const value of [table, ...columns]) {
      const text = value === null ? '\0null' : String(value);
      hmac.update(`${Buffer.byteLength(text)}:`).update(text);
    }
    return hmac.digest();
  };
  return {
    seal,
    verify: (table, columns, mac) => {
      const expected = seal(table, columns);
      return mac.length === expected.length && timingSafeEqual(expected, mac);
    },
  };
}
