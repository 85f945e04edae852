import { createHash, createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';

/** An Ed25519 key that is the same in every run: seeded by the role it plays. */
export interface TestKey {
  /** 32 bytes */
  publicKey: Buffer;
  /** @returns 64 bytes */
  sign(hash: Buffer): Buffer;
}

/** Everything of a PKCS #8 Ed25519 key before its 32-byte seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export function keyOf(role: string): TestKey {
  const seed = createHash('sha256').update(`cocoon test key: ${role}`).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { publicKey, sign: (hash) => signBytes(null, hash, privateKey) };
}

/** A 32-byte hash of a name, for images, models, secrets. */
export function hashOf(name: string): Buffer {
  return createHash('sha256').update(name).digest();
}
