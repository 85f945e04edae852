import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { fakeAttester, noAttester } from './attester';
import { checkCertificate, MAX_CERTIFICATE_BYTES } from './certificate-check';
import { MAX_QUOTE_BYTES, OID } from './certificate-form';
import { makeCertificate, rawPublicKey, VALIDITY_MS } from './certificate-make';
import { writeOid } from './der';
import { codeOf, codeOfAsync } from './testing/fixtures';
import { type PeerOptions, peerCertificate, replace } from './testing/peer-certificate';
import { issue } from './testing/test-pki';
import { NOW_MS } from './testing/test-platform';
import { readCertificate } from './x509';

function openssl(...args: string[]): string | undefined {
  try {
    return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

describe('a certificate of this node', () => {
  const made = makeCertificate(fakeAttester, NOW_MS);

  test('has the extensions of the live network in its order, with its criticality and raw contents', async () => {
    const { raw } = new X509Certificate((await made).certPem);
    const { extensions } = readCertificate(raw);
    expect([...extensions].map(([oid, { critical }]) => [oid, critical])).toEqual([
      [OID.tdxQuote, true],
      [OID.userClaims, true],
      [OID.basicConstraints, true],
      [OID.keyUsage, true],
      [OID.extendedKeyUsage, true],
      [OID.subjectKeyId, false],
      [OID.subjectAltName, false],
    ]);
    const publicKey = rawPublicKey(createPublicKey((await made).keyPem));
    expect(extensions.get(OID.userClaims)?.value).toEqual(publicKey);
    expect(extensions.get(OID.tdxQuote)?.value).toEqual(createHash('sha512').update(publicKey).digest());
  });

  test('is read by OpenSSL as the live network makes it', async () => {
    const x509 = new X509Certificate((await made).certPem);
    expect(x509.subject.split('\n')).toEqual([
      'C=AE',
      'ST=DUBAI',
      'O=TDLib Development',
      'OU=Security',
      'CN=localhost',
    ]);
    expect(x509.issuer).toBe(x509.subject);
    expect(x509.subjectAltName).toBe('DNS:localhost, DNS:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(x509.ca).toBe(false);
    expect(x509.serialNumber).toMatch(/^[0-9A-F]{32}$/);
    expect(x509.verify(x509.publicKey)).toBe(true);
    expect(x509.checkPrivateKey(createPrivateKey((await made).keyPem))).toBe(true);
    expect(Date.parse(x509.validFrom)).toBe(NOW_MS);
    expect(Date.parse(x509.validTo)).toBe(NOW_MS + VALIDITY_MS);
    expect((await made).notAfterMs).toBe(NOW_MS + VALIDITY_MS);
  });

  (openssl('version') === undefined ? test.skip : test)(
    'passes the checks of the openssl command that the live network makes',
    async () => {
      const directory = mkdtempSync(path.join(tmpdir(), 'cocoon-certificate-'));
      try {
        const file = path.join(directory, 'cert.pem');
        writeFileSync(file, (await made).certPem);
        const at = ['-attime', String(NOW_MS / 1000 + 1), '-ignore_critical', '-CAfile', file];
        for (const purpose of ['sslserver', 'sslclient']) {
          const said = openssl('verify', ...at, '-purpose', purpose, '-verify_hostname', '127.0.0.1', file);
          expect(said).toContain(': OK');
        }
        expect(openssl('x509', '-in', file, '-noout', '-text')).toContain('ED25519');
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );

  test('without attestation has neither quote nor claims, and the image hash of nothing', async () => {
    const plain = await makeCertificate(noAttester, NOW_MS);
    const { extensions } = readCertificate(new X509Certificate(plain.certPem).raw);
    expect([...extensions.keys()][0]).toBe(OID.basicConstraints);
    expect(plain.imageHash).toEqual(Buffer.alloc(32));
  });

  test('has the image hash that the live network computes for fake attestation', async () => {
    expect((await made).imageHash.toString('hex')).toBe(
      '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61',
    );
  });

  test('is never made around a quote that peers would refuse', async () => {
    const of = (quote: Buffer) => ({ kind: 'fake_tdx' as const, quote: async () => quote });
    expect(await codeOfAsync(() => makeCertificate(of(Buffer.alloc(64)), NOW_MS))).toBe('QUOTE_FOR_OTHER_KEY');
    expect(await codeOfAsync(() => makeCertificate(of(Buffer.alloc(MAX_QUOTE_BYTES + 1)), NOW_MS))).toBe(
      'QUOTE_TOO_LARGE',
    );
  });

  test('is accepted by this release in both roles', async () => {
    const { raw } = new X509Certificate((await made).certPem);
    for (const role of ['server', 'client'] as const) {
      const { publicKey, quote } = checkCertificate(raw, role, NOW_MS);
      expect(quote).toEqual(createHash('sha512').update(publicKey).digest());
    }
  });
});

describe("a peer's certificate is refused", () => {
  const codeFor = (options: PeerOptions, role: 'server' | 'client' = 'server', nowMs = NOW_MS) =>
    codeOf(() => checkCertificate(peerCertificate(options).der, role, nowMs));
  const content = (oid: string) => writeOid(oid);
  const unknown = '1.3.6.1.4.1.12345.9';

  test('before its time and after it, to the second', () => {
    const { der } = peerCertificate({ notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 5000 });
    const at = (ms: number) => () => checkCertificate(der, 'client', NOW_MS + ms);
    expect(codeOf(at(-1))).toBe('CERTIFICATE_NOT_YET_VALID');
    expect(at(0)()).toBeDefined();
    expect(at(5000)()).toBeDefined();
    expect(codeOf(at(5001))).toBe('CERTIFICATE_EXPIRED');
  });

  test('only for what it is, not for a certificate that is quoted inside it', () => {
    const inner = issue('localhost', undefined, { fromMs: NOW_MS - 1000, untilMs: NOW_MS + 1000 });
    const { der, publicKey } = peerCertificate({ quote: Buffer.from(`junk\n${inner.pem}`) });
    // Node itself, given these bytes, reads the inner one.
    expect(new X509Certificate(der).raw).toEqual(inner.der);
    expect(checkCertificate(der, 'server', NOW_MS).publicKey).toEqual(publicKey);
  });

  test('when its purpose is the other role only', () => {
    const swap = (from: string) => ({ mutate: replace(content(from), content('1.3.6.1.5.5.7.3.9')) });
    expect(codeFor(swap(OID.serverAuth), 'server')).toBe('CERTIFICATE_PURPOSE');
    expect(codeFor(swap(OID.clientAuth), 'client')).toBe('CERTIFICATE_PURPOSE');
    const { der } = peerCertificate(swap(OID.serverAuth));
    expect(checkCertificate(der, 'client', NOW_MS).publicKey).toHaveLength(32);
  });

  test('when it may not sign, or is an authority', () => {
    const usage = { mutate: replace(Buffer.from('030207' + '80', 'hex'), Buffer.from('03020520', 'hex')) };
    expect(codeFor(usage)).toBe('CERTIFICATE_PURPOSE');
    const noConstraints = { mutate: replace(content(OID.basicConstraints), content('2.5.29.99')) };
    expect(codeFor(noConstraints)).toBe('CERTIFICATE_EXTENSION');
  });

  test('when a server does not have the DNS name 127.0.0.1, and only then', () => {
    const renamed = { mutate: replace(Buffer.from('127.0.0.1'), Buffer.from('127.0.0.2')) };
    expect(codeFor(renamed, 'server')).toBe('CERTIFICATE_NAME');
    expect(checkCertificate(peerCertificate(renamed).der, 'client', NOW_MS).publicKey).toHaveLength(32);
  });

  test('when it has a critical extension that is not known', () => {
    expect(codeFor({ quote: Buffer.alloc(64), mutate: replace(content(OID.userClaims), content(unknown)) })).toBe(
      'CERTIFICATE_EXTENSION',
    );
  });

  test('when its signature is by another key or its bytes were changed', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(codeFor({ signedBy: privateKey })).toBe('CERTIFICATE_SIGNATURE');
    const { der } = peerCertificate();
    der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
    expect(codeOf(() => checkCertificate(der, 'server', NOW_MS))).toBe('CERTIFICATE_SIGNATURE');
  });

  test('when somebody else issued it', () => {
    const other = replace(Buffer.from('TDLib Development'), Buffer.from('TDLib Developmenx'));
    expect(codeFor({ mutate: other })).toBe('CERTIFICATE_NOT_SELF_SIGNED');
  });

  test('when its key is of another type', () => {
    const { der } = issue('localhost', undefined, { fromMs: NOW_MS - 1000, untilMs: NOW_MS + 1000 });
    expect(codeOf(() => checkCertificate(der, 'server', NOW_MS))).toBe('KEY_TYPE');
  });

  test('when quote or certificate are too large, before anything is parsed twice', () => {
    expect(codeFor({ quote: Buffer.alloc(MAX_QUOTE_BYTES + 1) })).toBe('QUOTE_TOO_LARGE');
    expect(codeOf(() => checkCertificate(Buffer.alloc(MAX_CERTIFICATE_BYTES + 1), 'server', NOW_MS))).toBe(
      'CERTIFICATE_TOO_LARGE',
    );
  });

  test('when bytes follow it, or a length is not minimal, or it is no certificate at all', () => {
    const { der } = peerCertificate();
    for (const bytes of [
      Buffer.concat([der, Buffer.from([0])]),
      der.subarray(0, -1),
      Buffer.alloc(0),
      Buffer.from('x'),
    ]) {
      expect(codeOf(() => checkCertificate(bytes, 'server', NOW_MS))).toBe('CERTIFICATE_MALFORMED');
    }
    const padded = Buffer.concat([Buffer.from([0x30, 0x83, 0x00]), der.subarray(2)]);
    expect(codeOf(() => checkCertificate(padded, 'server', NOW_MS))).toBe('CERTIFICATE_MALFORMED');
  });
});

test('TLS 1.3 carries such certificates both ways, and gives the peer exactly what was sent', async () => {
  const [server, client] = await Promise.all([
    makeCertificate(fakeAttester, Date.now()),
    makeCertificate(fakeAttester, Date.now()),
  ]);
  const mutual = { minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false } as const;
  const listener = createServer({ ...mutual, key: server.keyPem, cert: server.certPem });
  try {
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
    const { port } = listener.address() as AddressInfo;
    const dialled = connect({ ...mutual, host: '127.0.0.1', port, key: client.keyPem, cert: client.certPem });
    await new Promise<void>((resolve, reject) => dialled.once('secureConnect', resolve).once('error', reject));
    const inbound = await accepted;
    const sent = (made: { certPem: string }) => new X509Certificate(made.certPem).raw;
    expect(dialled.getPeerX509Certificate()?.raw).toEqual(sent(server));
    expect(inbound.getPeerX509Certificate()?.raw).toEqual(sent(client));
    for (const [made, role] of [
      [server, 'server'],
      [client, 'client'],
    ] as const) {
      expect(checkCertificate(sent(made), role, Date.now()).publicKey).toHaveLength(32);
    }
    dialled.destroy();
    inbound.destroy();
  } finally {
    listener.close();
  }
});
