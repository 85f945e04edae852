import { type KeyObject, X509Certificate } from 'node:crypto';
import { type DerElement, DerError, expectTag, oidText, readAll, readOne, TAG, timeMs, unsignedInteger } from './der';

const MAX_EXTENSIONS = 32;
const MAX_SERIAL_BYTES = 20;

export interface Extension {
  readonly critical: boolean;
  /** The content of extnValue. */
  readonly value: Buffer;
}

/** An X.509v3 certificate, read by our strict reader and by OpenSSL, which must agree on the bytes. */
export interface Certificate {
  readonly der: Buffer;
  readonly serialHex: string;
  /** The whole AlgorithmIdentifier, equal inside and outside of what is signed. */
  readonly signatureAlgorithm: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly keyAlgorithm: DerElement;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly publicKey: KeyObject;
  isSignedBy(key: KeyObject): boolean;
}

/** @throws DerError */
export function readCertificate(der: Buffer): Certificate {
  const [tbs, outerAlgorithm, signature, ...more] = readAll(readOne(der, TAG.sequence).content);
  if (more.length > 0) throw new DerError('more than three parts');
  expectTag(signature, TAG.bitString);
  const [version, serial, innerAlgorithm, issuer, validity, subject, key, ...tail] = readAll(
    expectTag(tbs, TAG.sequence).content,
  );
  if (readOne(expectTag(version, 0xa0).content, TAG.integer).content.toString('hex') !== '02') {
    throw new DerError('not X.509 version 3');
  }
  const signatureAlgorithm = expectTag(innerAlgorithm, TAG.sequence).whole;
  if (!signatureAlgorithm.equals(expectTag(outerAlgorithm, TAG.sequence).whole)) {
    throw new DerError('two signature algorithms');
  }
  const serialBytes = unsignedInteger(expectTag(serial, TAG.integer));
  if (serialBytes.length > MAX_SERIAL_BYTES) throw new DerError('a serial number this long');
  const [notBefore, notAfter, ...noTime] = readAll(expectTag(validity, TAG.sequence).content);
  if (notBefore === undefined || notAfter === undefined || noTime.length > 0) throw new DerError('no validity');
  if (tail.length !== 1) throw new DerError('no extensions, or unique identifiers');
  const [keyAlgorithm] = readAll(expectTag(key, TAG.sequence).content);
  return {
    der,
    serialHex: serialBytes.toString('hex'),
    signatureAlgorithm,
    issuer: expectTag(issuer, TAG.sequence).whole,
    subject: expectTag(subject, TAG.sequence).whole,
    keyAlgorithm: expectTag(keyAlgorithm, TAG.sequence),
    notBeforeMs: timeMs(notBefore),
    notAfterMs: timeMs(notAfter),
    extensions: readExtensions(readOne(expectTag(tail[0], 0xa3).content, TAG.sequence)),
    ...readByOpenssl(der),
  };
}

/**
 * Given DER, Node looks for PEM in it first, and a quote holds PEM certificates: it would read the processor's certificate
 * out of the middle of the peer's. So it is given PEM, and must have read these bytes.
 */
function readByOpenssl(der: Buffer): Pick<Certificate, 'publicKey' | 'isSignedBy'> {
  const certificate = byOpenssl(() => new X509Certificate(toPem(der)));
  if (!certificate.raw.equals(der)) throw new DerError('OpenSSL reads another certificate');
  return {
    // It is decoded when it is asked for, and may be no key at all.
    publicKey: byOpenssl(() => certificate.publicKey),
    isSignedBy: (key) => byOpenssl(() => certificate.verify(key)),
  };
}

function byOpenssl<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new DerError(`OpenSSL refuses it: ${(error as Error).message}`);
  }
}

export function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Extensions of a certificate or of a revocation list. @throws DerError */
export function readExtensions(sequence: DerElement): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const list = readAll(sequence.content);
  if (list.length > MAX_EXTENSIONS) throw new DerError('this many extensions');
  for (const item of list) {
    const [oid, ...rest] = readAll(expectTag(item, TAG.sequence).content);
    if (rest.length > 2) throw new DerError('an extension of this shape');
    // DER leaves the flag out when it is false.
    const critical = rest.length === 2;
    if (critical && expectTag(rest[0], TAG.boolean).content.toString('hex') !== 'ff') {
      throw new DerError('an extension that is not DER');
    }
    const name = oidText(expectTag(oid, TAG.oid));
    if (found.has(name)) throw new DerError(`extension ${name} twice`);
    found.set(name, { critical, value: expectTag(rest.at(-1), TAG.octetString).content });
  }
  return found;
}

/** The text of a name's attribute, such as the common name; undefined when it has none or several. */
export function nameAttribute(name: Buffer, oid: string): string | undefined {
  const values: string[] = [];
  for (const set of readAll(readOne(name, TAG.sequence).content)) {
    for (const attribute of readAll(expectTag(set, TAG.set).content)) {
      const [type, value] = readAll(expectTag(attribute, TAG.sequence).content);
      if (type !== undefined && value !== undefined && oidText(type) === oid)
        values.push(value.content.toString('utf8'));
    }
  }
  return values.length === 1 ? values[0] : undefined;
}
