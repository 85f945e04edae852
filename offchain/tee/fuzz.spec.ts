import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { checkCertificate } from './certificate-check';
import { parseCollateral } from './dcap/collateral';
import { readRevocationList } from './dcap/revocation-list';
import { INTEL_ROOT_KEY_ID } from './dcap/roots';
import { collateralKey, verifyTdxQuote } from './dcap/verify';
import { DerError, oidText, readOne, smallNumber, TAG, timeMs, write, writeInteger, writeOid, writeTime } from './der';
import { AttestationError } from './errors';
import { parseEvidence } from './evidence';
import { parseQuote } from './quote';
import { INTEL_NOW_MS, intelCollateral, intelQuotes } from './testing/fixtures';
import { peerCertificate } from './testing/peer-certificate';
import { NOW_MS, TestPlatform } from './testing/test-platform';
import { readCertificate } from './x509';

/** Anything a hostile peer can do to bytes that were good: change, cut, lengthen, splice. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('copy' as const),
    at: fc.nat(),
    from: fc.nat(),
    length: fc.integer({ min: 1, max: 64 }),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Buffer, one: Damage): Buffer {
  const at = one.at % bytes.length;
  if (one.kind === 'cut') return bytes.subarray(0, at);
  if (one.kind === 'insert') return Buffer.concat([bytes.subarray(0, at), one.bytes, bytes.subarray(at)]);
  const copy = Buffer.from(bytes);
  if (one.kind === 'flip') copy.writeUInt8((copy[at] ?? 0) ^ one.bits, at);
  else bytes.copy(copy, at, one.from % bytes.length, (one.from % bytes.length) + one.length);
  return copy;
}

/** Refused by name, or let through; anything else is a fault of ours. */
function outcome(run: () => unknown): 'accepted' | 'refused' {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof AttestationError || error instanceof DerError) return 'refused';
    throw error;
  }
}

const platform = new TestPlatform();
const roots = [platform.rootKeyId];
const quote = platform.quote();
const collateral = platform.collateral();
const { der } = peerCertificate({
  quoteOf: (key) => platform.quote({ reportData: createHash('sha512').update(key).digest() }),
});
const RUNS = { numRuns: 500 };

test('a damaged certificate is never accepted and never anything but refused by name', () => {
  expect(outcome(() => checkCertificate(der, 'server', NOW_MS))).toBe('accepted');
  fc.assert(
    fc.property(damage, (one) => {
      const bytes = apply(der, one);
      fc.pre(!bytes.equals(der));
      expect(outcome(() => checkCertificate(bytes, 'server', NOW_MS))).toBe('refused');
    }),
    RUNS,
  );
});

test('a damaged quote is never accepted, but for bytes that no signature covers', () => {
  expect(outcome(() => verifyTdxQuote(quote, collateral, NOW_MS, roots))).toBe('accepted');
  fc.assert(
    fc.property(damage, (one) => {
      const bytes = apply(quote, one);
      fc.pre(!bytes.equals(quote));
      // White space in PEM, and text around it, mean nothing: the certificates are the same.
      const same = () => collateralKey(bytes, roots) && parseQuote(bytes).signed.equals(parseQuote(quote).signed);
      const accepted = outcome(() => verifyTdxQuote(bytes, collateral, NOW_MS, roots)) === 'accepted';
      expect(accepted ? same() : false).toBe(accepted);
    }),
    RUNS,
  );
});

test('a damaged quote of real hardware goes no further than its first broken signature', () => {
  fc.assert(
    fc.property(damage, (one) => {
      const bytes = apply(intelQuotes[0], one);
      expect(outcome(() => verifyTdxQuote(bytes, intelCollateral, INTEL_NOW_MS, [INTEL_ROOT_KEY_ID]))).toBe('refused');
    }),
    RUNS,
  );
});

test('damaged collateral is never accepted', () => {
  const signed = [
    'root_ca_crl',
    'pck_crl',
    'tcb_info',
    'tcb_info_signature',
    'qe_identity',
    'qe_identity_signature',
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...signed), damage, (part, one) => {
      const form = part === 'tcb_info' || part === 'qe_identity' ? 'utf8' : 'hex';
      const before = Buffer.from(collateral[part], form);
      const text = apply(before, one).toString(form);
      fc.pre(!Buffer.from(text, form).equals(before));
      const changed = { ...collateral, [part]: text };
      expect(outcome(() => verifyTdxQuote(quote, parseCollateral(changed), NOW_MS, roots))).toBe('refused');
    }),
    RUNS,
  );
});

test('collateral of any shape at all is refused by name', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(collateral)), fc.jsonValue(), (part, value) => {
      const changed = { ...collateral, [part]: value };
      fc.pre(value !== (collateral as Record<string, unknown>)[part]);
      const verify = () => verifyTdxQuote(quote, parseCollateral(changed), NOW_MS, roots);
      expect(outcome(verify)).toBe('refused');
    }),
    RUNS,
  );
  for (const value of [undefined, null, 1, 'x', [], {}]) expect(outcome(() => parseCollateral(value))).toBe('refused');
});

test('a document that Intel would have signed with anything in it is judged or refused, never a crash', () => {
  const info = Object.keys(JSON.parse(collateral.tcb_info));
  const identity = Object.keys(JSON.parse(collateral.qe_identity));
  fc.assert(
    fc.property(
      fc.constantFrom(...info),
      fc.constantFrom(...identity),
      fc.jsonValue(),
      fc.boolean(),
      (a, b, value, first) => {
        const signed = platform.collateral(first ? { tcbInfo: { [a]: value } } : { qeIdentity: { [b]: value } });
        outcome(() => verifyTdxQuote(quote, signed, NOW_MS, roots));
      },
    ),
    RUNS,
  );
});

test('bytes at random are no certificate, no quote, no revocation list and no evidence', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (random) => {
      const bytes = Buffer.from(random);
      expect(outcome(() => checkCertificate(bytes, 'client', NOW_MS))).toBe('refused');
      expect(outcome(() => parseQuote(bytes))).toBe('refused');
      expect(outcome(() => readRevocationList(bytes))).toBe('refused');
      expect(outcome(() => parseEvidence(bytes.toString('latin1')))).toBe('refused');
    }),
    { numRuns: 1000 },
  );
});

test('a certificate of nothing but nested heads, and one of the largest size, are refused at once', () => {
  const nested = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x30, 0x83, 0xff, 0xff, 0xff])));
  const flat = write(TAG.sequence, ...Array.from({ length: 20_000 }, () => Buffer.from([0x05, 0x00])));
  for (const bytes of [nested.subarray(0, 40_000), flat.subarray(0, 40_000), flat]) {
    const before = performance.now();
    expect(outcome(() => checkCertificate(bytes, 'client', NOW_MS))).toBe('refused');
    expect(outcome(() => readCertificate(bytes))).toBe('refused');
    expect(performance.now() - before).toBeLessThan(1000);
  }
});

describe('DER', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 70_000 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: Date.parse('1950-01-01'), max: Date.parse('2100-01-01') }),
        (length, number, arcs, ms) => {
          const content = Buffer.alloc(length, 7);
          expect(readOne(write(TAG.octetString, content), TAG.octetString).content.equals(content)).toBe(true);
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(number);
          expect(smallNumber(readOne(writeInteger(bytes), TAG.integer))).toBe(number);
          const oid = ['1', '3', ...arcs].join('.');
          expect(oidText(readOne(writeOid(oid), TAG.oid))).toBe(oid);
          const second = Math.floor(ms / 1000) * 1000;
          const time = writeTime(second);
          expect(timeMs(readOne(time, time[0] as number))).toBe(second);
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each(['3081010a', '308201000a', '3080', '30840000000a', '1f2400', '3003', ''])('%s is no DER', (hex) => {
    expect(outcome(() => readOne(Buffer.from(hex, 'hex'), TAG.sequence))).toBe('refused');
  });

  test.each(['261301000000Z', '260231000000Z', '2601010000Z', '260101000000+0100', '260101240000Z'])(
    'the time %s does not exist',
    (text) => {
      expect(outcome(() => timeMs(readOne(write(TAG.utcTime, Buffer.from(text)), TAG.utcTime)))).toBe('refused');
    },
  );
});
