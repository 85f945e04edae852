import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type CertificateFields, certificate, tbsCertificate } from '../certificate-form';
import { rawPublicKey, VALIDITY_MS } from '../certificate-make';
import { NOW_MS } from './test-platform';

export interface PeerOptions extends Partial<CertificateFields> {
  /** Makes the quote from the key, as a machine would. */
  readonly quoteOf?: (publicKey: Buffer) => Buffer;
  /** Changes what is signed. */
  readonly mutate?: (tbs: Buffer) => Buffer;
  /** Signs with this instead of the certificate's own key. */
  readonly signedBy?: KeyObject;
}

/** A peer's certificate in any shape that a test wants, DER. */
export function peerCertificate(options: PeerOptions = {}): { der: Buffer; publicKey: Buffer; privateKey: KeyObject } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  const quote = options.quoteOf?.(publicKey) ?? options.quote;
  const tbs = tbsCertificate({
    serial: Buffer.alloc(16, 0x33),
    publicKey,
    notBeforeMs: options.notBeforeMs ?? NOW_MS - 60_000,
    notAfterMs: options.notAfterMs ?? NOW_MS - 60_000 + VALIDITY_MS,
    ...(quote === undefined ? {} : { quote }),
  });
  const signed = options.mutate?.(tbs) ?? tbs;
  return { der: certificate(signed, sign(null, signed, options.signedBy ?? privateKey)), publicKey, privateKey };
}

/** Replaces bytes of the same length, once. */
export function replace(from: Buffer, to: Buffer): (bytes: Buffer) => Buffer {
  if (from.length !== to.length) throw new Error('a replacement of another length would break the lengths around it');
  return (bytes) => {
    const at = bytes.indexOf(from);
    if (at < 0) throw new Error('there is nothing to replace');
    return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
  };
}
