import { createHash, X509Certificate } from 'node:crypto';
import type { PeerVerifier } from '../attestation';
import { type AttestedOptions, attestedTls } from '../attested-tls';
import type { TransportSecurity } from '../security';
import { type CertificateShape, certificate, type TestCertificate } from './certificates';

/** Test support: attested TLS with certificates made on the spot and a verifier that does what a test says. */

/** Stands for the image that a certificate's quote names; the real rules are offchain/tee's. */
export const imageOf = (quote: Buffer): Buffer => createHash('sha256').update(quote).digest();
export const QUOTE = Buffer.from('a quote');

/** Accepts everybody; the image is the hash of the bytes behind the quote's OID. */
export const trusting: PeerVerifier = {
  policy: 'any',
  async verify(der) {
    const publicKey = new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    return { publicKey, imageHash: der.includes(QUOTE) ? imageOf(QUOTE) : Buffer.alloc(32) };
  },
};

export interface Attested {
  security: TransportSecurity;
  /** What new handshakes show; tests replace it. */
  shown: TestCertificate;
}

export function attested(
  shape: CertificateShape = {},
  { verifier = trusting, pow = { difficulty: 0 } }: Partial<Pick<AttestedOptions, 'verifier' | 'pow'>> = {},
): Attested {
  const made: Attested = {
    shown: certificate(shape),
    security: attestedTls({ certificates: { current: () => made.shown }, verifier, pow }),
  };
  return made;
}
