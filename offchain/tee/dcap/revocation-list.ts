import { type KeyObject, verify } from 'node:crypto';
import { DerError, expectTag, oidText, readAll, readOne, TAG, timeMs, unsignedInteger } from '../der';
import { readExtensions } from '../x509';

export const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
/** Names the list's number and its issuer's key; neither narrows what the list is about. */
const HARMLESS = new Set(['2.5.29.20', '2.5.29.35']);

export interface RevocationList {
  readonly issuer: Buffer;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revokedSerials: ReadonlySet<string>;
  isSignedBy(key: KeyObject): boolean;
}

/** @throws DerError */
export function readRevocationList(der: Buffer): RevocationList {
  const [tbs, algorithm, signature, ...more] = readAll(readOne(der, TAG.sequence).content);
  if (more.length > 0) throw new DerError('more than three parts');
  const body = expectTag(tbs, TAG.sequence);
  const [version, inner, issuer, thisUpdate, nextUpdate, ...rest] = readAll(body.content);
  if (expectTag(version, TAG.integer).content.toString('hex') !== '01') throw new DerError('not version 2');
  const outer = expectTag(algorithm, TAG.sequence);
  if (!expectTag(inner, TAG.sequence).whole.equals(outer.whole)) throw new DerError('two signature algorithms');
  const [oid, ...parameters] = readAll(outer.content);
  if (oid === undefined || oidText(oid) !== ECDSA_SHA256 || parameters.length > 0) {
    throw new DerError('not signed by ECDSA with SHA-256');
  }
  if (thisUpdate === undefined || nextUpdate === undefined) throw new DerError('no times');
  const revoked = rest[0]?.tag === TAG.sequence ? rest.shift() : undefined;
  if (rest.length > 1) throw new DerError('more than its extensions at the end');
  if (rest[0] !== undefined) {
    const extensions = readExtensions(readOne(expectTag(rest[0], 0xa0).content, TAG.sequence));
    for (const [name, { critical }] of extensions) {
      if (critical && !HARMLESS.has(name)) throw new DerError(`the critical extension ${name}`);
    }
  }
  const bits = expectTag(signature, TAG.bitString).content;
  if (bits[0] !== 0) throw new DerError('a signature of this shape');
  return {
    issuer: expectTag(issuer, TAG.sequence).whole,
    thisUpdateMs: timeMs(thisUpdate),
    nextUpdateMs: timeMs(nextUpdate),
    revokedSerials: new Set(
      revoked === undefined ? [] : readAll(revoked.content).map(({ content }) => serial(content)),
    ),
    isSignedBy: (key) => verify('sha256', body.whole, key, bits.subarray(1)),
  };
}

function serial(entry: Buffer): string {
  return unsignedInteger(expectTag(readAll(entry)[0], TAG.integer)).toString('hex');
}
