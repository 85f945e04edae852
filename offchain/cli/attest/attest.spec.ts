import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AttestationError } from '../../tee/errors';
import { makeEvidence, verifyOffline } from '../../tee/evidence';
import { peerCertificate } from '../../tee/testing/peer-certificate';
import { NOW_MS, TestPlatform } from '../../tee/testing/test-platform';
import { toPem } from '../../tee/x509';

jest.setTimeout(120_000);

const FIXTURES = path.join(__dirname, '../../tee/testing/fixtures');
const QUOTE = path.join(FIXTURES, 'intel-quote-a.hex');
const COLLATERAL = path.join(FIXTURES, 'intel-collateral.json');
const IN_TIME = ['--at', '2026-10-20T00:00:00Z'];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'cocoon-attest-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const to = path.join(directory, name);
  writeFileSync(to, content);
  return to;
}

function attest(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const command = [path.join(__dirname, '../../bin/cocoon.cjs'), 'attest', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (failure, out, error) => {
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}

const platform = new TestPlatform();
const rootKey = ['--root-key', platform.rootKeyId.toString('hex')];
const peer = peerCertificate({
  quoteOf: (key) => platform.quote({ reportData: createHash('sha512').update(key).digest() }),
});
const parts = {
  policy: 'tdx' as const,
  role: 'server' as const,
  atMs: NOW_MS,
  certificateDer: peer.der,
  collateral: platform.collateral(),
};

async function evidenceFile(): Promise<string> {
  const verified = await verifyOffline(parts, { trustedRoots: [platform.rootKeyId] });
  return file('evidence.json', JSON.stringify(makeEvidence(parts, verified)));
}

test('evidence is verified again, long after, by what is in it alone', async () => {
  const { code, out, error } = await attest('verify', await evidenceFile(), ...rootKey);
  expect(error).toBe('');
  expect(out).toContain('Accepted under policy tdx, judged at 2026-11-25T12:00:00.000Z');
  expect(out).toContain('patch level  UpToDate');
  expect(code).toBe(0);
});

test('the verdict that evidence claims counts for nothing', async () => {
  const claim = makeEvidence(parts, new AttestationError('ROOT_KEY', 'claimed'));
  const accepted = { ...claim, verdict: { accepted: true, image_hash: 'claimed' } };
  const { code, error } = await attest('verify', file('claimed.json', JSON.stringify(accepted)));
  expect([code, error]).toEqual([1, expect.stringMatching(/^cocoon: ROOT_KEY: .*not among the trusted ones/)]);
});

test('a refusal has its code, in text and in JSON, and exit code 1', async () => {
  const evidence = await evidenceFile();
  const late = ['--at', '2027-01-01T00:00:00Z'];
  const text = await attest('verify', evidence, ...rootKey, ...late);
  expect([text.code, text.out, text.error]).toEqual([1, '', expect.stringContaining('CERTIFICATE_EXPIRED: ')]);
  const json = await attest('verify', evidence, ...rootKey, ...late, '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({ accepted: false, code: 'CERTIFICATE_EXPIRED', retryable: false });
});

test('an image that is not the one asked for is refused', async () => {
  const other = ['--image-hash', '00'.repeat(32)];
  const { code, error } = await attest('verify', await evidenceFile(), ...rootKey, ...other);
  expect([code, error]).toEqual([1, expect.stringContaining('MEASUREMENT_NOT_ALLOWED')]);
});

test('a certificate needs collateral for policy tdx, and is told so', async () => {
  const pem = file('peer.pem', toPem(peer.der));
  const at = ['--at', new Date(NOW_MS).toISOString()];
  expect((await attest('verify', pem, ...at)).error).toContain('COLLATERAL_UNAVAILABLE');
  const collateral = file('collateral.json', JSON.stringify(parts.collateral));
  const { code, out } = await attest('verify', pem, ...at, ...rootKey, '--collateral', collateral, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ accepted: true, tcb_status: 'UpToDate', bound_to_key: true });
});

test('a real quote is verified down to its patch level, from hex and from bytes', async () => {
  const bytes = Buffer.from(readFileSync(QUOTE, 'utf8').replace(/\s/g, ''), 'hex');
  for (const quote of [QUOTE, file('quote.bin', bytes)]) {
    const { code, error } = await attest('verify', quote, '--collateral', COLLATERAL, ...IN_TIME);
    expect([code, error]).toEqual([1, expect.stringContaining('TCB_OUT_OF_DATE')]);
  }
});

test('show decodes a quote, and a certificate whose key the quote is of', async () => {
  const quote = JSON.parse((await attest('show', QUOTE, '--json')).out);
  expect(quote).toMatchObject({ kind: 'quote', attestation: 'TDX 1.0', quote_version: 4, debuggable: false });
  expect(quote.image_hash).toMatch(/^8451301c88f8/);
  const shown = JSON.parse((await attest('show', file('peer.der', peer.der), '--json')).out);
  expect(shown).toMatchObject({
    kind: 'certificate',
    of_this_key: true,
    fit_as_server: 'yes',
    tee_tcb_svn: '05010400000000000000000000000000',
  });
  expect(shown.public_key).toBe(peer.publicKey.toString('hex'));
});

test('quote makes a fake on any machine, and says what is missing for a real one', async () => {
  const reportData = 'ab'.repeat(64);
  expect((await attest('quote', '--kind', 'fake_tdx', '--report-data', reportData)).out.trim()).toBe(reportData);
  const real = await attest('quote');
  expect([real.code, real.error]).toEqual([1, expect.stringMatching(/^cocoon: QUOTE_UNAVAILABLE: .*TDX guest/)]);
});

test('what is none of the three is refused by name, with exit code 1', async () => {
  for (const [name, content, code] of [
    ['empty', '', 'QUOTE_MALFORMED'],
    ['text', 'hello', 'QUOTE_MALFORMED'],
    ['object', '{}', 'EVIDENCE_MALFORMED'],
    ['torn', '{"format":', 'EVIDENCE_MALFORMED'],
  ] as const) {
    const { code: exit, error } = await attest('show', file(name, content));
    expect([exit, error]).toEqual([1, expect.stringContaining(code)]);
  }
  const absent = await attest('show', path.join(directory, 'absent'));
  expect([absent.code, absent.error]).toEqual([1, expect.stringContaining('Cannot read')]);
});
