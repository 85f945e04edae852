import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4096);
let used = pool.length;

/** A random 64-bit id. Unpredictable, so that nobody can answer for another; drawn in bulk, because a draw is a syscall. */
export function randomId(): bigint {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.readBigInt64LE(used);
  used += 8;
  return id;
}
