import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject, randomBytes } from 'node:crypto';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk';
import { boxed } from './tl';

/** DER of an X25519 key up to its 32 raw bytes (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

const P = 2n ** 255n - 19n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const littleEndian = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** Servers are known by Ed25519 keys but agree on secrets with X25519: the same point on the other form of the curve (RFC 7748). */
function montgomery(edwards: Buffer): KeyObject {
  const y = littleEndian(edwards) & (2n ** 255n - 1n);
  const u = ((1n + y) * power(P + 1n - (y % P), P - 2n)) % P;
  const raw = Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse();
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** What both sides compute from one's seed and the other's public key. @throws when the key is no point anybody has a secret for */
export function sharedSecret(seed: Buffer, peer: Buffer): Buffer {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
  const key = Buffer.concat([PRIVATE_PREFIX, scalar]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return diffieHellman({ privateKey, publicKey: montgomery(peer) });
}

/** The name under which a server's handshake addresses it. */
export function keyId(publicKey: Buffer): Buffer {
  return createHash('sha256').update(boxed('pub.ed25519', publicKey)).digest();
}

export interface Identity {
  seed: Buffer;
  publicKey: Buffer;
}

/** A key for one connection; lite servers serve everybody. */
export function newIdentity(seed: Buffer = randomBytes(32)): Identity {
  return { seed, publicKey: rawPublicKey(privateKeyFromSeed(seed)) };
}
