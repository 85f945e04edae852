import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** DER of an Ed25519 key up to its 32 raw bytes (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Making a KeyObject costs more than a verification with it, and a runner talks to few proxies. */
const CACHED_KEYS = 256;
const publicKeys = new Map<string, KeyObject>();

/** A key that is not 32 bytes. The bytes are not in the message: they may be a secret. */
export class KeyFormatError extends Error {
  readonly code = 'KEY_FORMAT';

  constructor(what: string, length: number) {
    super(`${what}: needs 32 bytes, got ${length}`);
    this.name = 'KeyFormatError';
  }
}

/** @param seed 32 bytes. @throws KeyFormatError */
export function privateKeyFromSeed(seed: Buffer): KeyObject {
  if (seed.length !== 32) throw new KeyFormatError('Ed25519 seed', seed.length);
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** @param raw 32 bytes, as contracts and TL carry them. Cached. @throws KeyFormatError */
export function publicKeyFromRaw(raw: Buffer): KeyObject {
  if (raw.length !== 32) throw new KeyFormatError('Ed25519 public key', raw.length);
  const name = raw.toString('latin1');
  const known = publicKeys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' });
  if (publicKeys.size >= CACHED_KEYS) publicKeys.delete(publicKeys.keys().next().value as string);
  publicKeys.set(name, key);
  return key;
}

/** The 32 bytes of the public key that belongs to a private or public KeyObject. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length);
}
