import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type Evidence, parseEvidence } from '../../tee/evidence';
import { CliError } from '../errors';

const MAX_BYTES = 16 * 1024 * 1024;

/** What a file holds: evidence, a certificate (PEM or DER), or a quote (binary or hex). */
export type Subject =
  | { readonly kind: 'evidence'; readonly evidence: Evidence; readonly certificate: Buffer }
  | { readonly kind: 'certificate'; readonly certificate: Buffer }
  | { readonly kind: 'quote'; readonly quote: Buffer };

/** @throws CliError, AttestationError */
export function readSubject(file: string): Subject {
  const bytes = readBytes(file);
  const text = bytes.toString('latin1').trim();
  if (text.startsWith('{')) {
    const evidence = parseEvidence(bytes.toString('utf8'));
    return { kind: 'evidence', evidence, certificate: Buffer.from(evidence.certificate, 'base64') };
  }
  if (text.startsWith('-----BEGIN CERTIFICATE-----')) return { kind: 'certificate', certificate: pemToDer(file, text) };
  // A DER sequence; a quote begins with its version, 3 to 5.
  if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80 && !isHex(text)) return { kind: 'certificate', certificate: bytes };
  return { kind: 'quote', quote: isHex(text) ? Buffer.from(text.replace(/^0x|\s/g, ''), 'hex') : bytes };
}

/** @throws CliError */
export function readBytes(file: string): Buffer {
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
    return readFileSync(file);
  } catch (error) {
    throw new CliError(`Cannot read ${file}: ${(error as Error).message}.`, 'Check the path.', { cause: error });
  }
}

function pemToDer(file: string, text: string): Buffer {
  try {
    return new X509Certificate(text).raw;
  } catch (error) {
    throw new CliError(`${file} holds no certificate that can be read.`, 'Give a PEM or DER certificate.', {
      cause: error,
    });
  }
}

function isHex(text: string): boolean {
  return /^(0x)?[0-9a-fA-F\s]{96,}$/.test(text);
}
