import { type Cipheriv, createCipheriv, createHash } from 'node:crypto';
import { type Identity, keyId, sharedSecret } from './keys';

/** ADNL over TCP: the client's first packet carries the keys of both directions, encrypted for the server. */

const KEYS_LENGTH = 160;
export const HANDSHAKE_LENGTH = 32 + 32 + 32 + KEYS_LENGTH;

/** Counter mode: encrypting and decrypting are the same, and each direction goes on where it stopped. */
export interface Ciphers {
  send: Cipheriv;
  receive: Cipheriv;
}

const ctr = (key: Buffer, iv: Buffer): Cipheriv => createCipheriv('aes-256-ctr', key, iv);
const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();

function handshakeCipher(secret: Buffer, hash: Buffer): Cipheriv {
  const key = Buffer.concat([secret.subarray(0, 16), hash.subarray(16, 32)]);
  return ctr(key, Buffer.concat([hash.subarray(0, 4), secret.subarray(20, 32)]));
}

function directions(keys: Buffer): { first: Cipheriv; second: Cipheriv } {
  return {
    first: ctr(keys.subarray(0, 32), keys.subarray(64, 80)),
    second: ctr(keys.subarray(32, 64), keys.subarray(80, 96)),
  };
}

/** @param keys 160 random bytes */
export function clientHandshake(
  server: Buffer,
  identity: Identity,
  keys: Buffer,
): { packet: Buffer; ciphers: Ciphers } {
  const hash = sha256(keys);
  const sealed = handshakeCipher(sharedSecret(identity.seed, server), hash).update(keys);
  const { first, second } = directions(keys);
  return {
    packet: Buffer.concat([keyId(server), identity.publicKey, hash, sealed]),
    ciphers: { send: second, receive: first },
  };
}

/** The server's side, for tests: undefined when the packet is for another key, or damaged. */
export function serverHandshake(packet: Buffer, identity: Identity): Ciphers | undefined {
  if (!packet.subarray(0, 32).equals(keyId(identity.publicKey))) return undefined;
  const hash = packet.subarray(64, 96);
  const secret = sharedSecret(identity.seed, packet.subarray(32, 64));
  const keys = handshakeCipher(secret, hash).update(packet.subarray(96, HANDSHAKE_LENGTH));
  if (!sha256(keys).equals(hash)) return undefined;
  const { first, second } = directions(keys);
  return { send: first, receive: second };
}
