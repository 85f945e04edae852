import { createHash } from 'node:crypto';
import type { TcbStatus } from './dcap/collateral';
import { INTEL_ROOT_KEY_ID } from './dcap/roots';
import { verifyTdxQuote } from './dcap/verify';
import { imageHash } from './image-hash';
import { createPeerVerifier, type PolicyOptions } from './policy';
import { parseQuote } from './quote';
import { TestClock } from './testing/clock';
import { codeOfAsync, INTEL_NOW_MS, intelCollateral, intelQuotes } from './testing/fixtures';
import { peerCertificate } from './testing/peer-certificate';
import { type CollateralOptions, NOW_MS, type QuoteOptions, TestPlatform } from './testing/test-platform';

const platform = new TestPlatform();
const clock = new TestClock(NOW_MS);
const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest();

function verifier(options: Partial<PolicyOptions> = {}, collateral: CollateralOptions = {}) {
  const documents = platform.collateral(collateral);
  const calls = { count: 0 };
  const quotes = {
    verify: async (quote: Buffer) => {
      calls.count++;
      return verifyTdxQuote(quote, documents, NOW_MS, [platform.rootKeyId]);
    },
  };
  return { ...createPeerVerifier({ policy: 'tdx', clock, quotes, ...options }), calls };
}

/** A machine that attests the key of its certificate. */
const honest = (options: QuoteOptions = {}) =>
  peerCertificate({ quoteOf: (key) => platform.quote({ ...options, reportData: sha512(key) }) });
const fake = () => peerCertificate({ quoteOf: sha512 });

describe('policy tdx', () => {
  test('an attested peer is known by its key, image, patch level and root', async () => {
    const { der, publicKey } = honest();
    const peer = await verifier().verify(der, 'server');
    expect(peer.publicKey).toEqual(publicKey);
    expect(peer.imageHash).toEqual(imageHash(parseQuote(platform.quote()).body));
    expect(peer.attestation).toMatchObject({ kind: 'tdx', tcbStatus: 'UpToDate', advisoryIds: [] });
    expect(peer.attestation?.reportData).toEqual(sha512(publicKey));
    expect(peer.rootKeyId).toEqual(platform.rootKeyId);
  });

  test('a peer without a quote is refused, and so is one with a fake', async () => {
    expect(await codeOfAsync(() => verifier().verify(peerCertificate().der, 'client'))).toBe('QUOTE_MISSING');
    expect(await codeOfAsync(() => verifier().verify(fake().der, 'client'))).toMatch(/^QUOTE_|^SGX_/);
  });

  test("another machine's quote in a certificate is refused before anything costly", async () => {
    const stolen = peerCertificate({ quote: platform.quote({ reportData: sha512(honest().publicKey) }) });
    const strict = verifier();
    expect(await codeOfAsync(() => strict.verify(stolen.der, 'server'))).toBe('QUOTE_FOR_OTHER_KEY');
    expect(strict.calls.count).toBe(0);
  });

  test('a real quote in a certificate of ours is refused for its key, whatever else it proves', async () => {
    const real = createPeerVerifier({
      policy: 'tdx',
      clock: new TestClock(INTEL_NOW_MS),
      quotes: { verify: async (quote) => verifyTdxQuote(quote, intelCollateral, INTEL_NOW_MS, [INTEL_ROOT_KEY_ID]) },
    });
    const { der } = peerCertificate({
      quote: intelQuotes[0],
      notBeforeMs: INTEL_NOW_MS - 1000,
      notAfterMs: INTEL_NOW_MS + 1000,
    });
    expect(await codeOfAsync(() => real.verify(der, 'server'))).toBe('QUOTE_FOR_OTHER_KEY');
  });

  test('a debuggable machine is refused, which the live network does not do (B17)', async () => {
    const { der } = honest({ tdAttributes: Buffer.from('0100001000000000', 'hex') });
    expect(await codeOfAsync(() => verifier().verify(der, 'server'))).toBe('QUOTE_DEBUG');
  });

  test('the certificate itself is checked first', async () => {
    const { der } = peerCertificate({
      notAfterMs: NOW_MS - 1,
      quoteOf: (key) => platform.quote({ reportData: sha512(key) }),
    });
    expect(await codeOfAsync(() => verifier().verify(der, 'server'))).toBe('CERTIFICATE_EXPIRED');
  });

  test.each([
    ['SWHardeningNeeded', 'TCB_STATUS'],
    ['ConfigurationNeeded', 'TCB_STATUS'],
    ['ConfigurationAndSWHardeningNeeded', 'TCB_STATUS'],
    ['OutOfDate', 'TCB_OUT_OF_DATE'],
    ['OutOfDateConfigurationNeeded', 'TCB_OUT_OF_DATE'],
  ] as const)('the status %s is refused as %s, unless it is allowed by name', async (platformStatus, code) => {
    const { der } = honest();
    const strict = verifier({}, { platformStatus });
    expect(await codeOfAsync(() => strict.verify(der, 'server'))).toBe(code);
    const lenient = verifier({ tcbStatuses: ['UpToDate', platformStatus] }, { platformStatus });
    expect((await lenient.verify(der, 'server')).attestation?.tcbStatus).toBe(platformStatus);
  });

  test('a revoked platform is refused whatever is allowed', async () => {
    const all = verifier({ tcbStatuses: ['UpToDate', 'Revoked'] as TcbStatus[] }, { platformStatus: 'Revoked' });
    expect(await codeOfAsync(() => all.verify(honest().der, 'server'))).toBe('TCB_REVOKED');
  });
});

describe('allow-lists', () => {
  const mrTd = Buffer.alloc(48, 0x0d);
  const rtmr = [1, 2, 3, 4].map((n) => Buffer.alloc(48, 0x10 + n));
  const hash = imageHash(parseQuote(platform.quote()).body);
  const other = (bytes: Buffer) => Buffer.alloc(bytes.length, 0xee);

  test('allow what they list and, empty, everything', async () => {
    const lists = { mrTd: [other(mrTd), mrTd], rtmr: [rtmr.map(other), rtmr], imageHashes: [other(hash), hash] };
    expect((await verifier(lists).verify(honest().der, 'server')).imageHash).toEqual(hash);
    expect((await verifier({ mrTd: [], rtmr: [], imageHashes: [] }).verify(honest().der, 'server')).imageHash).toEqual(
      hash,
    );
  });

  test.each([
    ['the firmware', { mrTd: [other(mrTd)] }],
    ['one of the RTMRs', { rtmr: [[...rtmr.slice(0, 3), other(mrTd)]] }],
    ['a set of three RTMRs', { rtmr: [rtmr.slice(0, 3)] }],
    ['the image hash', { imageHashes: [other(hash)] }],
  ])('refuse a peer for %s', async (_, lists) => {
    expect(await codeOfAsync(() => verifier(lists).verify(honest().der, 'server'))).toBe('MEASUREMENT_NOT_ALLOWED');
  });
});

describe('policies fake_tdx and any', () => {
  test('fake_tdx accepts report data of the right key, with the image hash of the live network', async () => {
    const { der, publicKey } = fake();
    const peer = await verifier({ policy: 'fake_tdx' }).verify(der, 'client');
    expect(peer.imageHash.toString('hex')).toBe('5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61');
    expect(peer.attestation).toMatchObject({ kind: 'fake_tdx', reportData: sha512(publicKey) });
    expect(peer.rootKeyId).toBeUndefined();
  });

  test('fake_tdx refuses no quote, report data of another key, and a real quote', async () => {
    const lax = verifier({ policy: 'fake_tdx' });
    expect(await codeOfAsync(() => lax.verify(peerCertificate().der, 'client'))).toBe('QUOTE_MISSING');
    expect(await codeOfAsync(() => lax.verify(peerCertificate({ quote: Buffer.alloc(64) }).der, 'client'))).toBe(
      'QUOTE_FOR_OTHER_KEY',
    );
    expect(await codeOfAsync(() => lax.verify(honest().der, 'client'))).toBe('QUOTE_MALFORMED');
  });

  test('any takes no quote, and believes none', async () => {
    const open = verifier({ policy: 'any' });
    for (const { der, publicKey } of [
      peerCertificate(),
      fake(),
      honest(),
      peerCertificate({ quote: Buffer.from('junk') }),
    ]) {
      expect(await open.verify(der, 'server')).toEqual({ publicKey, imageHash: Buffer.alloc(32) });
    }
  });

  test('any still wants a certificate of the right purpose and time', async () => {
    const { der } = peerCertificate({ notBeforeMs: NOW_MS + 1000 });
    expect(await codeOfAsync(() => verifier({ policy: 'any' }).verify(der, 'server'))).toBe(
      'CERTIFICATE_NOT_YET_VALID',
    );
  });
});
