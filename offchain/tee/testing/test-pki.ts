import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { rootKeyId } from '../dcap/roots';
import { TAG, write, writeInteger, writeOid, writeTime } from '../der';
import { toPem } from '../x509';

/** Certificates like Intel's under a root of our own, so that tests can make platforms in any state. */

const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const SGX = '1.2.840.113741.1.13.1';

export interface Issued {
  readonly name: string;
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  readonly serial: Buffer;
}

export interface IssueOptions {
  readonly authority?: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extensions?: readonly Buffer[];
}

export const sequence = (...parts: Buffer[]) => write(TAG.sequence, ...parts);

export function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [write(TAG.boolean, Buffer.from([0xff]))] : [];
  return sequence(writeOid(oid), ...flag, write(TAG.octetString, value));
}

export function issue(name: string, issuer: Issued | undefined, options: IssueOptions): Issued {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = Buffer.concat([Buffer.from([0x5a]), randomBytes(15)]);
  const constraints = options.authority ? sequence(write(TAG.boolean, Buffer.from([0xff]))) : sequence();
  const usage = write(TAG.bitString, Buffer.from(options.authority ? [1, 0x06] : [6, 0xc0]));
  const tbs = sequence(
    write(0xa0, writeInteger(Buffer.from([2]))),
    writeInteger(serial),
    algorithm(),
    dn(issuer?.name ?? name),
    sequence(writeTime(options.fromMs), writeTime(options.untilMs)),
    dn(name),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    write(
      0xa3,
      sequence(
        extension('2.5.29.15', true, usage),
        extension('2.5.29.19', true, constraints),
        ...(options.extensions ?? []),
      ),
    ),
  );
  const der = signed(tbs, issuer?.key ?? privateKey);
  return { name, der, pem: toPem(der), key: privateKey, serial };
}

export interface ListOptions {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly revoked?: readonly Buffer[];
}

export function revocationListHex(issuer: Issued, { fromMs, untilMs, revoked = [] }: ListOptions): string {
  const entries = revoked.map((serial) => sequence(writeInteger(serial), writeTime(fromMs)));
  const tbs = sequence(
    writeInteger(Buffer.from([1])),
    algorithm(),
    dn(issuer.name),
    writeTime(fromMs),
    writeTime(untilMs),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    write(0xa0, sequence(extension('2.5.29.20', false, writeInteger(Buffer.from([1]))))),
  );
  return signed(tbs, issuer.key).toString('hex');
}

export interface PckFields {
  readonly fmspc: Buffer;
  readonly cpuSvn: readonly number[];
  readonly pceSvn: number;
}

export function sgxExtension({ fmspc, cpuSvn, pceSvn }: PckFields): Buffer {
  const pair = (oid: string, value: Buffer) => sequence(writeOid(oid), value);
  const number = (value: number) => writeInteger(Buffer.from([value >> 8, value & 0xff]));
  const tcb = [
    ...cpuSvn.map((svn, i) => pair(`${SGX}.2.${i + 1}`, number(svn))),
    pair(`${SGX}.2.17`, number(pceSvn)),
    pair(`${SGX}.2.18`, write(TAG.octetString, Buffer.from(cpuSvn))),
  ];
  const value = sequence(
    pair(`${SGX}.1`, write(TAG.octetString, Buffer.alloc(16, 7))),
    pair(`${SGX}.2`, sequence(...tcb)),
    pair(`${SGX}.3`, write(TAG.octetString, Buffer.alloc(2))),
    pair(`${SGX}.4`, write(TAG.octetString, fmspc)),
    pair(`${SGX}.5`, write(TAG.enumerated, Buffer.from([1]))),
  );
  return extension(SGX, false, value);
}

export function keyIdOf(root: Issued): Buffer {
  return rootKeyId(createPublicKey(root.key));
}

export function ecdsaHex(data: Buffer, key: KeyObject): string {
  return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }).toString('hex');
}

function signed(tbs: Buffer, key: KeyObject): Buffer {
  return sequence(tbs, algorithm(), write(TAG.bitString, Buffer.from([0]), sign('sha256', tbs, key)));
}

function dn(commonName: string): Buffer {
  return sequence(write(TAG.set, sequence(writeOid('2.5.4.3'), write(TAG.utf8String, Buffer.from(commonName)))));
}

const algorithm = () => sequence(writeOid(ECDSA_SHA256));
