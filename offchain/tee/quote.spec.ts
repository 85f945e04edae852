import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fakeMeasurements, imageHash, measurementBytes } from './image-hash';
import { checkTdxPosture, parseQuote } from './quote';
import { codeOf, intelQuotes } from './testing/fixtures';
import { type QuoteOptions, TestPlatform } from './testing/test-platform';

const platform = new TestPlatform();
const hex = (text: string) => Buffer.from(text, 'hex');

describe('the layout of a TDX quote', () => {
  test('fields of a real quote are where Intel puts them', () => {
    const { version, body, signed, signatureData } = parseQuote(intelQuotes[0]);
    expect(version).toBe(4);
    expect(body.mrTd.toString('hex')).toMatch(/^7ba9e262ce69.*a10905bb29$/);
    expect(body.rtmr.map((one) => one.toString('hex').slice(0, 8))).toEqual([
      '4574c098',
      '00000000',
      '00000000',
      '547fcba4',
    ]);
    expect(body.teeTcbSvn).toEqual(hex('05010200000000000000000000000000'));
    expect(body.tdAttributes).toEqual(hex('0000001000000000'));
    expect(body.reportData.toString('hex')).toMatch(/^7148f47ef58b/);
    expect(signed).toHaveLength(632);
    expect(signatureData).toHaveLength(4300);
  });

  test('padding after the signature is ignored, anything else there is refused', () => {
    const padded = Buffer.concat([intelQuotes[0], Buffer.alloc(70)]);
    expect(parseQuote(padded).signatureData).toHaveLength(4300);
    padded.writeUInt8(1, padded.length - 1);
    expect(codeOf(() => parseQuote(padded))).toBe('QUOTE_MALFORMED');
  });

  test('the service TD of TDX 1.5 is read, in a version 5 quote', () => {
    const { version, body } = parseQuote(platform.quote({ version: 5, td15: true }));
    expect([version, body.mrServiceTd]).toEqual([5, Buffer.alloc(48)]);
    expect(parseQuote(platform.quote({ version: 5 })).body.mrServiceTd).toBeUndefined();
  });

  test.each([
    ['an SGX quote, version 3', 0, '0300', 'SGX_QUOTE'],
    ['an SGX quote, version 4', 4, '00000000', 'SGX_QUOTE'],
    ['a version that does not exist', 0, '0600', 'QUOTE_VERSION'],
    ['another kind of machine', 4, '82000000', 'QUOTE_MALFORMED'],
    ['another key type', 2, '0300', 'QUOTE_MALFORMED'],
    ['another vendor', 12, '00', 'QUOTE_MALFORMED'],
  ])('%s is refused by name', (_, at, bytes, code) => {
    const quote = Buffer.from(intelQuotes[0]);
    hex(bytes).copy(quote, at);
    expect(codeOf(() => parseQuote(quote))).toBe(code);
  });

  test.each([
    ['an SGX body', '0100', 'SGX_QUOTE'],
    ['a body type of the future', '0400', 'QUOTE_VERSION'],
    ['a body of another length than its type', '0300', 'QUOTE_MALFORMED'],
  ])('version 5 with %s is refused', (_, type, code) => {
    const quote = platform.quote({ version: 5 });
    hex(type).copy(quote, 48);
    expect(codeOf(() => parseQuote(quote))).toBe(code);
  });

  test('a quote cut off anywhere is refused', () => {
    const [quote] = intelQuotes;
    for (const length of [0, 1, 47, 48, 100, 631, 632, 635, 636, 1000, quote.length - 1]) {
      expect(codeOf(() => parseQuote(quote.subarray(0, length)))).toBe('QUOTE_MALFORMED');
    }
  });

  test('more than 32 KiB are refused', () => {
    expect(codeOf(() => parseQuote(Buffer.alloc(32 * 1024 + 1)))).toBe('QUOTE_TOO_LARGE');
  });
});

describe('the image hash', () => {
  test('of fake attestation is the one of the live network', () => {
    expect(imageHash(fakeMeasurements(Buffer.alloc(64, 7))).toString('hex')).toBe(
      '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61',
    );
  });

  test('does not change with the report data, and changes with every measurement', () => {
    const of = (options: QuoteOptions) => imageHash(parseQuote(platform.quote(options)).body).toString('hex');
    const base = of({});
    expect(of({ reportData: Buffer.alloc(64, 1) })).toBe(base);
    const others = [0, 1, 2, 3].map((at) =>
      of({ rtmr: [1, 2, 3, 4].map((n, i) => Buffer.alloc(48, i === at ? 0xff : 0x10 + n)) }),
    );
    expect(new Set([base, of({ mrTd: Buffer.alloc(48, 1) }), ...others]).size).toBe(6);
  });

  test('is over 448 bytes, which are also what a side-car router is told', () => {
    const { body } = parseQuote(intelQuotes[0]);
    const bytes = measurementBytes(body);
    expect(bytes).toHaveLength(448);
    // The measured fields stand in one piece in a quote, from MRTD to the report data.
    expect(bytes).toEqual(intelQuotes[0].subarray(48 + 136, 48 + 584));
  });
});

describe('the posture of a machine', () => {
  const posture = (options: QuoteOptions) => codeOf(() => checkTdxPosture(parseQuote(platform.quote(options)).body));

  test('of a real machine is accepted', () => {
    expect(() => checkTdxPosture(parseQuote(intelQuotes[0]).body)).not.toThrow();
  });

  test.each(['0100001000000000', '8000001000000000'])('a debuggable machine (%s) is refused', (attributes) => {
    expect(posture({ tdAttributes: hex(attributes) })).toBe('QUOTE_DEBUG');
  });

  test.each([
    ['without SEPT_VE_DISABLE', '0000000000000000'],
    ['that can be migrated', '0000003000000000'],
    ['with a reserved bit', '0001001000000000'],
    ['with a high reserved bit', '0000001001000000'],
  ])('a machine %s is refused', (_, attributes) => {
    expect(posture({ tdAttributes: hex(attributes) })).toBe('QUOTE_TD_ATTRIBUTES');
  });

  test('a TDX module that is no release of Intel, or a service TD, is refused', () => {
    expect(posture({ mrSignerSeam: Buffer.alloc(48, 1) })).toBe('QUOTE_SEAM');
    expect(posture({ seamAttributes: hex('0100000000000000') })).toBe('QUOTE_SEAM');
    expect(posture({ version: 5, td15: true, mrServiceTd: Buffer.alloc(48, 1) })).toBe('QUOTE_SEAM');
  });
});

test('every refusal has a line in docs/attestation.md, and no other code has', () => {
  const source = readFileSync(path.join(__dirname, 'errors.ts'), 'utf8');
  const union = source.slice(0, source.indexOf('const RETRYABLE'));
  const codes = [...union.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code).sort();
  const doc = readFileSync(path.join(__dirname, '../../docs/attestation.md'), 'utf8');
  const listed = [...doc.matchAll(/^\| `([A-Z_]+)` \| \S.+ \| \S.+ \|$/gm)].map(([, code]) => code).sort();
  expect(codes.length).toBeGreaterThan(30);
  expect(listed).toEqual(codes);
});
