import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { certificate, MAX_QUOTE_BYTES, tbsCertificate } from './certificate-form';
import { AttestationError } from './errors';
import { fakeMeasurements, imageHash, NO_IMAGE, reportDataOf } from './image-hash';
import { parseQuote } from './quote';
import type { AttestedCertificate, Attester } from './types';
import { toPem } from './x509';

/** What the live network gives its certificates. */
export const VALIDITY_MS = 86_400_000;

const newKeyPair = promisify(generateKeyPair) as (type: 'ed25519') => Promise<{ privateKey: KeyObject }>;

/** A new key, a quote for it, and the certificate that carries both. @throws AttestationError */
export async function makeCertificate(attester: Attester, nowMs: number): Promise<AttestedCertificate> {
  const { privateKey } = await newKeyPair('ed25519');
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  const reportData = reportDataOf(publicKey);
  const quote = await attester.quote(reportData);
  const hash = quote === undefined ? NO_IMAGE : imageHashOfQuote(attester, quote, reportData);
  // Whole seconds, as X.509 has them.
  const notBeforeMs = Math.floor(nowMs / 1000) * 1000;
  const notAfterMs = notBeforeMs + VALIDITY_MS;
  const tbs = tbsCertificate({
    serial: randomBytes(16),
    publicKey,
    notBeforeMs,
    notAfterMs,
    ...(quote === undefined ? {} : { quote }),
  });
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certPem: toPem(certificate(tbs, sign(null, tbs, privateKey))),
    notAfterMs,
    imageHash: hash,
  };
}

/** The 32 bytes of an Ed25519 key, as the certificate has them. */
export function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-32);
}

/** A quote that peers would refuse must not reach them: they would only see a refused handshake. */
function imageHashOfQuote(attester: Attester, quote: Buffer, reportData: Buffer): Buffer {
  if (quote.length > MAX_QUOTE_BYTES) {
    throw new AttestationError(
      'QUOTE_TOO_LARGE',
      `This machine's quote has ${quote.length} bytes; peers accept ${MAX_QUOTE_BYTES}. Check the quoting service`,
    );
  }
  const measurements = attester.kind === 'fake_tdx' ? fakeMeasurements(quote) : parseQuote(quote).body;
  if (!measurements.reportData.equals(reportData)) {
    throw new AttestationError(
      'QUOTE_FOR_OTHER_KEY',
      "This machine's quote is not about the key it was asked for. Check the quoting service",
    );
  }
  return imageHash(measurements);
}
