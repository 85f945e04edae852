import { createHash, type KeyObject } from 'node:crypto';

/**
 * Intel's SGX Root CA, under which TDX machines are certified too, by the id that the live network pins: the SHA-384 of its
 * public key as an uncompressed point.
 */
export const INTEL_ROOT_KEY_ID = Buffer.from(
  '46e403bd34f05a3f2817ab9badcaacc7ffc98e0f261008cd30dae936cace18d5dcf58eef31463613de1570d516200993',
  'hex',
);

const POINT_BYTES = 65;

/** @param key on P-256 */
export function rootKeyId(key: KeyObject): Buffer {
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-POINT_BYTES);
  return createHash('sha384').update(point).digest();
}
