import { codeOf, INTEL_NOW_MS, intelCollateral, intelQuotes } from '../testing/fixtures';
import { issue } from '../testing/test-pki';
import { type CollateralOptions, NOW_MS, type QuoteOptions, TestPlatform } from '../testing/test-platform';
import { INTEL_ROOT_KEY_ID } from './roots';
import { collateralKey, verifyTdxQuote } from './verify';

const DAY_MS = 86_400_000;
const platform = new TestPlatform();
const stranger = new TestPlatform();
const roots = [platform.rootKeyId];

function verify(quote: QuoteOptions = {}, collateral: CollateralOptions = {}, nowMs = NOW_MS) {
  return verifyTdxQuote(platform.quote(quote), platform.collateral(collateral), nowMs, roots);
}

describe('real Intel data', () => {
  const intel = [INTEL_ROOT_KEY_ID];

  test.each(intelQuotes.map((quote, i) => [i, quote] as const))(
    'quote %i of a machine left unpatched passes every signature and fails for its patch level alone',
    (_, quote) => {
      expect(codeOf(() => verifyTdxQuote(quote, intelCollateral, INTEL_NOW_MS, intel))).toBe('TCB_OUT_OF_DATE');
    },
  );

  test('the certificate in the quote says which collateral it needs', () => {
    expect(collateralKey(intelQuotes[0], intel)).toEqual({ fmspc: 'b0c06f000000', authority: 'platform' });
  });

  test('a day after the first document of the collateral ran out, it is refused as expired', () => {
    const late = Date.parse('2026-11-06T23:45:11Z');
    expect(codeOf(() => verifyTdxQuote(intelQuotes[0], intelCollateral, late, intel))).toBe('COLLATERAL_EXPIRED');
    expect(codeOf(() => verifyTdxQuote(intelQuotes[0], intelCollateral, late - 1, intel))).toBe('TCB_OUT_OF_DATE');
  });

  test('before the collateral was issued it is refused as not current', () => {
    const early = Date.parse('2026-10-08T00:00:00Z');
    expect(codeOf(() => verifyTdxQuote(intelQuotes[0], intelCollateral, early, intel))).toBe('COLLATERAL_EXPIRED');
  });

  test('any root but the trusted one is refused', () => {
    expect(codeOf(() => verifyTdxQuote(intelQuotes[0], intelCollateral, INTEL_NOW_MS, roots))).toBe('ROOT_KEY');
  });

  test.each([0, 47, 48, 200, 400, 631])('changing byte %i of what the processor signed breaks the signature', (at) => {
    const quote = Buffer.from(intelQuotes[0]);
    quote[at] = (quote[at] ?? 0) ^ 1;
    expect(['QUOTE_SIGNATURE', 'QUOTE_VERSION', 'SGX_QUOTE']).toContain(
      codeOf(() => verifyTdxQuote(quote, intelCollateral, INTEL_NOW_MS, intel)),
    );
  });

  test('the signature of one quote does not serve another of the same machine', () => {
    const [a, b] = intelQuotes;
    const mixed = Buffer.concat([a.subarray(0, 632), b.subarray(632)]);
    expect(codeOf(() => verifyTdxQuote(mixed, intelCollateral, INTEL_NOW_MS, intel))).toBe('QUOTE_SIGNATURE');
  });
});

describe('a platform of our own make', () => {
  test('an up-to-date machine is accepted until the first of its documents runs out', () => {
    const verdict = verify();
    expect(verdict.tcbStatus).toBe('UpToDate');
    expect(verdict.advisoryIds).toEqual([]);
    expect(verdict.rootKeyId).toEqual(platform.rootKeyId);
    expect(verdict.validUntilMs).toBe(NOW_MS + 20 * DAY_MS);
  });

  test.each([
    { version: 5, td15: false },
    { version: 5, td15: true },
  ] as const)('a version 5 quote is accepted (TDX 1.5: $td15)', (shape) => {
    expect(verify(shape).tcbStatus).toBe('UpToDate');
  });

  test.each([
    'SWHardeningNeeded',
    'ConfigurationNeeded',
    'ConfigurationAndSWHardeningNeeded',
    'OutOfDate',
    'OutOfDateConfigurationNeeded',
    'Revoked',
  ])('the status %s of the processor is told as it is, with its advisories', (platformStatus) => {
    const verdict = verify({}, { platformStatus, advisories: ['INTEL-SA-01245'] });
    expect(verdict).toMatchObject({ tcbStatus: platformStatus, advisoryIds: ['INTEL-SA-01245'] });
  });

  test.each([
    ['UpToDate', 'OutOfDate', 'OutOfDate'],
    ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
    ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['UpToDate', 'Revoked', 'Revoked'],
    ['OutOfDate', 'Revoked', 'Revoked'],
  ])(
    'a processor that is %s with a TDX module or quoting enclave that is %s counts as %s',
    (platformStatus, part, all) => {
      expect(verify({}, { platformStatus, moduleStatus: part }).tcbStatus).toBe(all);
      expect(verify({}, { platformStatus, qeStatus: part }).tcbStatus).toBe(all);
    },
  );

  test('a processor below the newest level gets the level it meets, not a better one', () => {
    const old = [5, 1, 2, ...new Array(13).fill(0)];
    expect(verify({ teeTcbSvn: old })).toMatchObject({ tcbStatus: 'OutOfDate', advisoryIds: ['INTEL-SA-00001'] });
  });

  test('a patch level below every listed one is out of date, be it of the processor, the module or the quoting enclave', () => {
    expect(codeOf(() => verify({ teeTcbSvn: [5, 1, 1, ...new Array(13).fill(0)] }))).toBe('TCB_OUT_OF_DATE');
    expect(codeOf(() => verify({ teeTcbSvn: [4, 1, 4, ...new Array(13).fill(0)] }))).toBe('TCB_OUT_OF_DATE');
    expect(codeOf(() => verify({ qeIsvSvn: 3 }))).toBe('TCB_OUT_OF_DATE');
  });

  test('a module generation that Intel does not list is refused', () => {
    expect(codeOf(() => verify({ teeTcbSvn: [9, 7, 4, ...new Array(13).fill(0)] }))).toBe('QUOTE_SEAM');
  });

  test('a module signed by another, or with other attributes, is refused', () => {
    expect(codeOf(() => verify({ mrSignerSeam: Buffer.alloc(48, 1) }))).toBe('QUOTE_SEAM');
    expect(codeOf(() => verify({ seamAttributes: Buffer.alloc(8, 1) }))).toBe('QUOTE_SEAM');
  });

  test("a quoting enclave that is not Intel's is refused", () => {
    expect(codeOf(() => verify({}, { qeIdentity: { mrsigner: '00'.repeat(32) } }))).toBe('QUOTE_SIGNATURE');
    expect(codeOf(() => verify({}, { qeIdentity: { isvprodid: 1 } }))).toBe('QUOTE_SIGNATURE');
    expect(codeOf(() => verify({}, { qeIdentity: { attributes: '13000000000000000000000000000000' } }))).toBe(
      'QUOTE_SIGNATURE',
    );
    expect(codeOf(() => verify({}, { qeIdentity: { miscselect: '00000001' } }))).toBe('QUOTE_SIGNATURE');
  });

  test('a revoked processor is refused, and so is a revoked authority or signer', () => {
    const revoke = (serial: Buffer) => ({ revoked: [Buffer.alloc(16, 3), serial] });
    expect(codeOf(() => verify({}, { pckList: revoke(platform.pck.serial) }))).toBe('CERTIFICATE_REVOKED');
    expect(codeOf(() => verify({}, { rootList: revoke(platform.authority.serial) }))).toBe('CERTIFICATE_REVOKED');
    expect(codeOf(() => verify({}, { rootList: revoke(platform.tcbSigner.serial) }))).toBe('CERTIFICATE_REVOKED');
    expect(verify({}, { pckList: revoke(Buffer.alloc(16, 4)) }).tcbStatus).toBe('UpToDate');
  });

  test('each document has its own end, and the earliest one counts', () => {
    const soon = { untilMs: NOW_MS + DAY_MS };
    const past = { untilMs: NOW_MS };
    const json = (ms: number) => ({ nextUpdate: new Date(ms).toISOString() });
    for (const [good, bad] of [
      [{ rootList: soon }, { rootList: past }],
      [{ pckList: soon }, { pckList: past }],
      [{ tcbInfo: json(soon.untilMs) }, { tcbInfo: json(past.untilMs) }],
      [{ qeIdentity: json(soon.untilMs) }, { qeIdentity: json(past.untilMs) }],
    ]) {
      expect(verify({}, good).validUntilMs).toBe(soon.untilMs);
      expect(codeOf(() => verify({}, bad))).toBe('COLLATERAL_EXPIRED');
    }
  });

  test("the processor's certificate ends the verdict too", () => {
    const mortal = new TestPlatform({ pckUntilMs: NOW_MS + 5000 });
    const at = (nowMs: number) => verifyTdxQuote(mortal.quote(), mortal.collateral(), nowMs, [mortal.rootKeyId]);
    expect(at(NOW_MS).validUntilMs).toBe(NOW_MS + 5000);
    expect(codeOf(() => at(NOW_MS + 5000))).toBe('COLLATERAL_EXPIRED');
  });

  test('a list signed by a stranger under the right name is refused', () => {
    const foreign = stranger.collateral();
    for (const part of ['root_ca_crl', 'pck_crl'] as const) {
      const collateral = { ...platform.collateral(), [part]: foreign[part] };
      expect(codeOf(() => verifyTdxQuote(platform.quote(), collateral, NOW_MS, roots))).toBe('COLLATERAL_MALFORMED');
    }
  });

  test('a document that was altered, or signed by a certificate for something else, is refused', () => {
    const collateral = platform.collateral();
    const altered = { ...collateral, tcb_info: collateral.tcb_info.replace('UpToDate', 'Revoked') };
    expect(codeOf(() => verifyTdxQuote(platform.quote(), altered, NOW_MS, roots))).toBe('COLLATERAL_MALFORMED');
    const span = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS + DAY_MS };
    const impostor = issue('Intel SGX PCK Certificate', platform.root, span);
    expect(codeOf(() => verify({}, { signer: impostor }))).toBe('COLLATERAL_MALFORMED');
  });

  test('with two trusted roots, quote and collateral must still be of the same one', () => {
    const both = [platform.rootKeyId, stranger.rootKeyId];
    const own = platform.collateral();
    const foreign = stranger.collateral();
    const mixed = {
      ...own,
      tcb_info: foreign.tcb_info,
      tcb_info_signature: foreign.tcb_info_signature,
      tcb_info_issuer_chain: foreign.tcb_info_issuer_chain,
    };
    expect(codeOf(() => verifyTdxQuote(platform.quote(), mixed, NOW_MS, both))).toBe('ROOT_KEY');
  });

  test('collateral for another kind of processor is refused, and the error says which', () => {
    expect(codeOf(() => verify({}, { tcbInfo: { fmspc: '000000000000' } }))).toBe('COLLATERAL_MALFORMED');
    expect(codeOf(() => verify({}, { tcbInfo: { id: 'SGX' } }))).toBe('COLLATERAL_MALFORMED');
  });
});
