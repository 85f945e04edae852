import { createHash } from 'node:crypto';
import { TAG, write, writeInteger, writeOid, writeTime } from './der';

/** The object identifiers of the live network's certificates (8.1). */
export const OID = {
  tdxQuote: '1.3.6.1.4.1.12345.1',
  userClaims: '1.3.6.1.4.1.12345.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectKeyId: '2.5.29.14',
  subjectAltName: '2.5.29.17',
  ed25519: '1.3.101.112',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** What a peer's certificate must be named: the dialers of the live network check it as a DNS name, whatever they dialled. */
export const SERVER_NAME = '127.0.0.1';

/** Largest quote a peer accepts. */
export const MAX_QUOTE_BYTES = 32 * 1024;

const SUBJECT: readonly (readonly [string, number, string])[] = [
  ['2.5.4.6', TAG.printableString, 'AE'],
  ['2.5.4.8', TAG.utf8String, 'DUBAI'],
  ['2.5.4.10', TAG.utf8String, 'TDLib Development'],
  ['2.5.4.11', TAG.utf8String, 'Security'],
  ['2.5.4.3', TAG.utf8String, 'localhost'],
];

export interface CertificateFields {
  /** 16 random bytes. */
  readonly serial: Buffer;
  readonly publicKey: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly quote?: Buffer;
}

/** The part of the certificate that is signed. */
export function tbsCertificate(fields: CertificateFields): Buffer {
  const name = sequence(
    ...SUBJECT.map(([oid, tag, text]) => write(TAG.set, sequence(writeOid(oid), write(tag, Buffer.from(text))))),
  );
  return sequence(
    write(0xa0, writeInteger(Buffer.from([2]))),
    writeInteger(positive(fields.serial)),
    algorithm(),
    name,
    sequence(writeTime(fields.notBeforeMs), writeTime(fields.notAfterMs)),
    name,
    sequence(algorithm(), bitString(fields.publicKey)),
    write(0xa3, sequence(...extensions(fields))),
  );
}

export function certificate(tbs: Buffer, signature: Buffer): Buffer {
  return sequence(tbs, algorithm(), bitString(signature));
}

function extensions({ publicKey, quote }: CertificateFields): Buffer[] {
  const bit = (byte: number) => write(TAG.bitString, Buffer.from([7, byte]));
  const text = (tag: number, value: Buffer) => write(tag, value);
  return [
    // The quote and the claims stand in the extension as they are, without an inner type; that is how the network reads them.
    ...(quote === undefined ? [] : [extension(OID.tdxQuote, true, quote), extension(OID.userClaims, true, publicKey)]),
    extension(OID.basicConstraints, true, sequence()),
    extension(OID.keyUsage, true, bit(0x80)),
    extension(OID.extendedKeyUsage, true, sequence(writeOid(OID.serverAuth), writeOid(OID.clientAuth))),
    extension(OID.subjectKeyId, false, write(TAG.octetString, createHash('sha1').update(publicKey).digest())),
    extension(
      OID.subjectAltName,
      false,
      sequence(
        text(0x82, Buffer.from('localhost')),
        text(0x82, Buffer.from(SERVER_NAME)),
        text(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
      ),
    ),
  ];
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [write(TAG.boolean, Buffer.from([0xff]))] : [];
  return sequence(writeOid(oid), ...flag, write(TAG.octetString, value));
}

/** A serial number of exactly 128 bits that is positive and not zero at its head, so that its length is always the same. */
function positive(serial: Buffer): Buffer {
  const copy = Buffer.from(serial);
  copy[0] = ((copy[0] ?? 0) & 0x7f) | 0x40;
  return copy;
}

const algorithm = () => sequence(writeOid(OID.ed25519));
const sequence = (...parts: Buffer[]) => write(TAG.sequence, ...parts);
const bitString = (bytes: Buffer) => write(TAG.bitString, Buffer.from([0]), bytes);
