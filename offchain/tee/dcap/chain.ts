import type { KeyObject } from 'node:crypto';
import { DerError, expectTag, oidText, readAll, readOne, TAG } from '../der';
import { AttestationError } from '../errors';
import { type Certificate, nameAttribute, readCertificate } from '../x509';
import { ECDSA_SHA256, type RevocationList } from './revocation-list';
import { rootKeyId } from './roots';

const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
/** Extensions whose meaning is checked here, or that cannot narrow a certificate. */
const KNOWN = new Set([BASIC_CONSTRAINTS, KEY_USAGE]);
const MAX_CHAIN = 4;

/** The common names that Intel gives to whoever may sign what. */
export const SIGNER = {
  pck: /^Intel SGX PCK Certificate$/,
  pckAuthority: /^Intel SGX PCK (Platform|Processor) CA$/,
  tcb: /^Intel SGX TCB Signing$/,
} as const;

/** Leaf first, root last; every signature checked, nothing said about time or revocation yet. */
export interface Chain {
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
  readonly root: Certificate;
  readonly rootKeyId: Buffer;
}

/** PEM certificates, in the order leaf to root, as quotes and provisioning services give them. @throws DerError */
export function readPem(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > MAX_CHAIN) throw new DerError(`${blocks.length} certificates`);
  return blocks.map((block) => readCertificate(Buffer.from(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')));
}

/**
 * A chain with exactly these signers below the root, ending in a root of which the key id is trusted.
 * @throws AttestationError ROOT_KEY, or `code` for a chain that does not hold
 */
export function readChain(
  what: string,
  pem: string,
  names: readonly RegExp[],
  trustedRoots: readonly Buffer[],
  code: 'QUOTE_SIGNATURE' | 'COLLATERAL_MALFORMED',
): Chain {
  const bad = (why: string, cause?: unknown) => new AttestationError(code, `${what}: ${why}`, cause);
  const certificates = readable(() => {
    const found = readPem(pem);
    found.forEach(checkForm);
    return found;
  }, bad);
  const [leaf, root] = [certificates[0], certificates.at(-1)];
  if (leaf === undefined || root === undefined || certificates.length !== names.length + 1) {
    throw bad(`it has ${certificates.length} certificates instead of ${names.length + 1}`);
  }
  readable(() => checkLinks(certificates, root, names, bad), bad);
  const keyId = rootKeyId(root.publicKey);
  if (!trustedRoots.some((trusted) => trusted.equals(keyId))) {
    throw new AttestationError(
      'ROOT_KEY',
      `${what}: it ends in root ${keyId.toString('hex')}, which is not among the trusted ones. The peer must run on genuine hardware, or the root be trusted by configuration`,
    );
  }
  return { certificates, leaf, root, rootKeyId: keyId };
}

type Bad = (why: string, cause?: unknown) => AttestationError;

function readable<T>(read: () => T, bad: Bad): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) throw bad(`its certificates cannot be read (${error.message})`, error);
    throw error;
  }
}

function checkLinks(certificates: readonly Certificate[], root: Certificate, names: readonly RegExp[], bad: Bad): void {
  certificates.forEach((certificate, i) => {
    const issuer = certificates[i + 1] ?? root;
    const name = names[i];
    const found = nameAttribute(certificate.subject, COMMON_NAME) ?? '';
    if (name !== undefined && !name.test(found)) throw bad(`"${found}" stands where ${name.source} belongs`);
    if (!certificate.issuer.equals(issuer.subject) || !certificate.isSignedBy(issuer.publicKey)) {
      throw bad('a certificate is not signed by the next one');
    }
    if (i > 0 !== isAuthority(certificate)) throw bad('a certificate is used as what it is not');
  });
}

/** P-256 and SHA-256 throughout, and no critical extension whose meaning is not known here. */
function checkForm(certificate: Certificate): void {
  const oid = (sequence: Buffer) => {
    const [first] = readAll(readOne(sequence, TAG.sequence).content);
    return first === undefined ? '' : oidText(first);
  };
  if (oid(certificate.signatureAlgorithm) !== ECDSA_SHA256) throw new DerError('not signed by ECDSA with SHA-256');
  const details = certificate.publicKey.asymmetricKeyDetails;
  if (oid(certificate.keyAlgorithm.whole) !== EC_PUBLIC_KEY || details?.namedCurve !== 'prime256v1') {
    throw new DerError('a key that is not on P-256');
  }
  for (const [name, { critical }] of certificate.extensions) {
    if (critical && !KNOWN.has(name)) throw new DerError(`the critical extension ${name}`);
  }
}

/** May sign certificates and revocation lists. */
function isAuthority({ extensions }: Certificate): boolean {
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  if (constraints === undefined) return false;
  const [ca] = readAll(readOne(constraints.value, TAG.sequence).content);
  if (ca === undefined || expectTag(ca, TAG.boolean).content[0] !== 0xff) return false;
  const usage = extensions.get(KEY_USAGE);
  const bits = usage === undefined ? 0 : (readOne(usage.value, TAG.bitString).content[1] ?? 0);
  return (bits & 0x06) === 0x06;
}

/** When a chain's certificates begin and end to be valid together. */
export function chainWindow({ certificates }: Chain): { fromMs: number; untilMs: number } {
  return {
    fromMs: Math.max(...certificates.map(({ notBeforeMs }) => notBeforeMs)),
    untilMs: Math.min(...certificates.map(({ notAfterMs }) => notAfterMs)),
  };
}

/** @throws AttestationError when the list is not by this authority */
export function requireIssuer(what: string, list: RevocationList, authority: Certificate): void {
  const key: KeyObject = authority.publicKey;
  if (list.issuer.equals(authority.subject) && list.isSignedBy(key)) return;
  throw new AttestationError(
    'COLLATERAL_MALFORMED',
    `${what} is not signed by the authority it should be of. It was altered, or is for another kind of processor: fetch collateral again`,
  );
}

export function requireNotRevoked(certificates: readonly Certificate[], list: RevocationList): void {
  const revoked = certificates.find(({ serialHex }) => list.revokedSerials.has(serialHex));
  if (revoked === undefined) return;
  throw new AttestationError(
    'CERTIFICATE_REVOKED',
    `Intel has revoked certificate ${revoked.serialHex} of the peer's platform: its keys may be known. The peer must move to another machine`,
  );
}
