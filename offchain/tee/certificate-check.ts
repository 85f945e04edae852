import { MAX_QUOTE_BYTES, OID, SERVER_NAME } from './certificate-form';
import { rawPublicKey } from './certificate-make';
import { type DerElement, DerError, oidText, readAll, readOne, TAG } from './der';
import { AttestationError } from './errors';
import { type Certificate, type Extension, readCertificate } from './x509';

/** A quote, a key and some names; nothing that is larger was made by a node. */
export const MAX_CERTIFICATE_BYTES = MAX_QUOTE_BYTES + 8 * 1024;

export interface PeerCertificate {
  readonly publicKey: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly quote?: Buffer;
}

/**
 * What TLS itself does not check about a self-signed certificate: that it is one, its time, purpose, name and extensions.
 * That the peer has the key is TLS's part. @throws AttestationError
 */
export function checkCertificate(der: Buffer, role: 'server' | 'client', nowMs: number): PeerCertificate {
  const certificate = parseCertificate(der);
  const { notBeforeMs, notAfterMs } = certificate;
  if (nowMs < notBeforeMs) {
    throw new AttestationError(
      'CERTIFICATE_NOT_YET_VALID',
      `The peer's certificate is valid from ${iso(notBeforeMs)}, and here it is ${iso(nowMs)}. Check the clocks of both machines`,
    );
  }
  if (nowMs > notAfterMs) {
    throw new AttestationError(
      'CERTIFICATE_EXPIRED',
      `The peer's certificate expired at ${iso(notAfterMs)}, and here it is ${iso(nowMs)}. Check the clocks; the peer should renew it hourly`,
    );
  }
  checkExtensions(certificate.extensions, role);
  return certificate;
}

/** The certificate without judgement of time, purpose and name. @throws AttestationError */
export function parseCertificate(
  der: Buffer,
): PeerCertificate & { readonly extensions: ReadonlyMap<string, Extension> } {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new AttestationError(
      'CERTIFICATE_TOO_LARGE',
      `The peer's certificate has ${der.length} bytes; ${MAX_CERTIFICATE_BYTES} are accepted. It was made by something else than a node`,
    );
  }
  return readable(() => {
    const certificate = readCertificate(der);
    requireEd25519(certificate);
    if (!certificate.issuer.equals(certificate.subject)) {
      throw new AttestationError(
        'CERTIFICATE_NOT_SELF_SIGNED',
        "The peer's certificate was issued by somebody else; nodes sign their own. There is a middlebox or another service at that address",
      );
    }
    const { notBeforeMs, notAfterMs, extensions, publicKey } = certificate;
    if (!certificate.isSignedBy(publicKey)) {
      throw new AttestationError(
        'CERTIFICATE_SIGNATURE',
        "The signature of the peer's certificate is not by its own key. It was damaged or altered on the way",
      );
    }
    return { publicKey: rawPublicKey(publicKey), notBeforeMs, notAfterMs, extensions, ...quoteOf(extensions) };
  });
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new AttestationError(
      'CERTIFICATE_MALFORMED',
      `The peer's certificate cannot be read (${error.message}). It was made by something else than a node`,
      error,
    );
  }
}

function requireEd25519({ keyAlgorithm, signatureAlgorithm }: Certificate): void {
  const isEd25519 = (sequence: DerElement) => {
    const [oid, ...parameters] = readAll(sequence.content);
    return parameters.length === 0 && oid !== undefined && oidText(oid) === OID.ed25519;
  };
  if (isEd25519(keyAlgorithm) && isEd25519(readOne(signatureAlgorithm, TAG.sequence))) return;
  throw new AttestationError(
    'KEY_TYPE',
    "The peer's certificate is not an Ed25519 one; the network accepts no other key",
  );
}

function quoteOf(extensions: ReadonlyMap<string, Extension>): { quote?: Buffer } {
  const quote = extensions.get(OID.tdxQuote)?.value;
  if (quote === undefined) return {};
  if (quote.length > MAX_QUOTE_BYTES) {
    throw new AttestationError(
      'QUOTE_TOO_LARGE',
      `The peer's quote has ${quote.length} bytes; ${MAX_QUOTE_BYTES} are accepted`,
    );
  }
  return { quote: Buffer.from(quote) };
}

const KNOWN: ReadonlySet<string> = new Set([
  OID.tdxQuote,
  OID.userClaims,
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectKeyId,
  OID.subjectAltName,
]);

function checkExtensions(extensions: ReadonlyMap<string, Extension>, role: 'server' | 'client'): void {
  for (const [oid, { critical }] of extensions) {
    if (!critical || KNOWN.has(oid)) continue;
    throw new AttestationError(
      'CERTIFICATE_EXTENSION',
      `The peer's certificate has the critical extension ${oid}, which this release does not know. Update this node`,
    );
  }
  readable(() => {
    checkPurpose(extensions, role);
    if (role === 'server') checkName(extensions.get(OID.subjectAltName));
  });
}

/** As OpenSSL does: an extension that is absent allows; one that is present must allow this use. */
function checkPurpose(extensions: ReadonlyMap<string, Extension>, role: 'server' | 'client'): void {
  const extended = extensions.get(OID.extendedKeyUsage);
  const wanted = role === 'server' ? OID.serverAuth : OID.clientAuth;
  if (
    extended !== undefined &&
    !readAll(readOne(extended.value, TAG.sequence).content).some((o) => oidText(o) === wanted)
  ) {
    throw purpose(`its extended key usage has no ${role === 'server' ? 'serverAuth' : 'clientAuth'}`);
  }
  const usage = extensions.get(OID.keyUsage);
  if (usage !== undefined && ((readOne(usage.value, TAG.bitString).content[1] ?? 0) & 0x80) === 0) {
    throw purpose('its key usage has no digitalSignature');
  }
  const constraints = extensions.get(OID.basicConstraints);
  if (constraints === undefined) throw purpose('it has no basic constraints');
  if (readOne(constraints.value, TAG.sequence).content.length > 0) throw purpose('it is that of an authority');
}

function purpose(why: string): AttestationError {
  return new AttestationError(
    'CERTIFICATE_PURPOSE',
    `The peer's certificate is for something else: ${why}. The peer needs one made by a node`,
  );
}

function checkName(names: Extension | undefined): void {
  const list = names === undefined ? [] : readAll(readOne(names.value, TAG.sequence).content);
  if (list.some(({ tag, content }) => tag === 0x82 && content.toString('latin1') === SERVER_NAME)) return;
  throw new AttestationError(
    'CERTIFICATE_NAME',
    `The peer's certificate does not have the DNS name ${SERVER_NAME}, by which servers of the network are known`,
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
