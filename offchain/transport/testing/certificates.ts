import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** Test support: X.509 certificates, right and wrong in one thing each, written as DER by hand. */

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, ...parts);
const octets = (content: Buffer): Buffer => tlv(0x04, content);
const YES = tlv(0x01, Buffer.from([0xff]));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tlv(0x06, Buffer.from(bytes));
}

const time = (ms: number): Buffer =>
  tlv(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));

const ED25519 = sequence(oid('1.3.101.112'));
const SHA256_WITH_ECDSA = sequence(oid('1.2.840.10045.4.3.2'));
export const TDX_QUOTE = '1.3.6.1.4.1.12345.1';
export const TDX_USER_CLAIMS = '1.3.6.1.4.1.12345.2';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export interface CertificateShape {
  /** Content of the two attestation extensions; without it there are none. */
  quote?: Buffer;
  purposes?: string[];
  notBeforeMs?: number;
  notAfterMs?: number;
  curve?: 'ed25519' | 'p256';
  /** Signs with another key than its own, under its own name. */
  forged?: boolean;
}

export interface TestCertificate {
  keyPem: string;
  certPem: string;
  der: Buffer;
  publicKey: Buffer;
  notAfterMs: number;
  imageHash: Buffer;
}

const DAY_MS = 86_400_000;

function keyPair(curve: 'ed25519' | 'p256'): KeyObject {
  return curve === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function extensions({ quote, purposes = [SERVER_AUTH, CLIENT_AUTH] }: CertificateShape, key: Buffer): Buffer {
  const extension = (id: string, critical: boolean, content: Buffer): Buffer =>
    sequence(oid(id), ...(critical ? [YES] : []), octets(content));
  const name = (text: string): Buffer => tlv(0x82, Buffer.from(text));
  const attested = quote ? [extension(TDX_QUOTE, true, quote), extension(TDX_USER_CLAIMS, true, key)] : [];
  const list = sequence(
    ...attested,
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, tlv(0x03, Buffer.from([7, 0x80]))),
    extension('2.5.29.37', true, sequence(...purposes.map(oid))),
    extension(
      '2.5.29.17',
      false,
      sequence(name('localhost'), name('127.0.0.1'), tlv(0x87, Buffer.from('00000000000000000000000000000001', 'hex'))),
    ),
  );
  return tlv(0xa3, list);
}

export function certificate(shape: CertificateShape = {}): TestCertificate {
  const { curve = 'ed25519', notBeforeMs = Date.now() - DAY_MS, notAfterMs = Date.now() + DAY_MS } = shape;
  const privateKey = keyPair(curve);
  const signer = shape.forged ? keyPair(curve) : privateKey;
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const publicKey = spki.subarray(-32);
  const algorithm = curve === 'ed25519' ? ED25519 : SHA256_WITH_ECDSA;
  const name = sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from('localhost')))));
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  serial[0]! |= 0x40;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    algorithm,
    name,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name,
    spki,
    extensions(shape, publicKey),
  );
  const signature = sign(curve === 'ed25519' ? null : 'sha256', body, signer);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.from([0]), signature));
  const base64 = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return {
    keyPem: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
      .export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    certPem: `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`,
    der,
    publicKey,
    notAfterMs,
    imageHash: Buffer.alloc(32),
  };
}
