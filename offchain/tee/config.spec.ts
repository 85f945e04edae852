import { X509Certificate } from 'node:crypto';
import { fakeAttester } from './attester';
import { makeCertificate } from './certificate-make';
import { attesterOf, openPolicy, policySchema } from './config';
import { INTEL_ROOT_KEY_ID } from './dcap/roots';
import { verifyOffline } from './evidence';
import { TestClock } from './testing/clock';
import { codeOfAsync } from './testing/fixtures';
import { peerCertificate } from './testing/peer-certificate';
import { NOW_MS } from './testing/test-platform';

const fakeDer = async () => new X509Certificate((await makeCertificate(fakeAttester, NOW_MS)).certPem).raw;

describe('the configuration of a policy', () => {
  test("asks for Intel's root, service and an up-to-date platform unless told otherwise", () => {
    expect(policySchema.parse({ policy: 'tdx' })).toMatchObject({
      allowed_collateral_root_hashes: [INTEL_ROOT_KEY_ID],
      allowed_tcb_statuses: ['UpToDate'],
      pccs_url: 'https://api.trustedservices.intel.com',
      attestation_cache_s: 3600,
    });
  });

  test('takes hashes in hex and in base64', () => {
    const hash = Buffer.alloc(32, 0xfb);
    const { allowed_image_hashes } = policySchema.parse({
      policy: 'any',
      allowed_image_hashes: [hash.toString('hex'), hash.toString('base64')],
    });
    expect(allowed_image_hashes).toEqual([hash, hash]);
  });

  test.each([
    ['a revoked platform', { allowed_tcb_statuses: ['UpToDate', 'Revoked'] }],
    ['no root at all', { allowed_collateral_root_hashes: [] }],
    ['no status at all', { allowed_tcb_statuses: [] }],
    ['a set of three RTMRs', { allowed_rtmr: [[1, 2, 3].map(() => '00'.repeat(48))] }],
    ['a short hash', { allowed_image_hashes: ['00'] }],
    ['a verdict for more than an hour', { attestation_cache_s: 3601 }],
    ['a key that is misspelt', { allowed_mrtds: [] }],
  ])('refuses %s', (_, change) => {
    expect(policySchema.safeParse({ policy: 'tdx', ...change }).success).toBe(false);
  });
});

describe('an opened policy', () => {
  const clock = new TestClock(NOW_MS);
  const open = (policy: 'any' | 'fake_tdx' | 'tdx', change = {}) =>
    openPolicy(policySchema.parse({ policy, ...change }), { clock });

  test('verifies by the lists of its configuration', async () => {
    const listed = open('fake_tdx', { allowed_image_hashes: ['XFXI9NtAELqSA9g1NtBgmFavjIR6wDnjfn3ej71XS2E='] });
    expect((await listed.verifier.verify(await fakeDer(), 'server')).attestation?.kind).toBe('fake_tdx');
    const other = open('fake_tdx', { allowed_image_hashes: ['00'.repeat(32)] });
    expect(await codeOfAsync(async () => other.verifier.verify(await fakeDer(), 'server'))).toBe(
      'MEASUREMENT_NOT_ALLOWED',
    );
  });

  test('refuses a quote that is none without asking any service, and says so in its evidence', async () => {
    const tdx = open('tdx', { pccs_url: 'http://127.0.0.1:9' });
    const evidence = await tdx.evidence(await fakeDer(), 'client');
    expect(evidence).toMatchObject({ policy: 'tdx', role: 'client', verdict: { accepted: false } });
    expect(evidence.collateral).toBeUndefined();
    await tdx.close();
  });

  test('packs evidence from which anybody reaches the same verdict', async () => {
    const evidence = await open('fake_tdx').evidence(await fakeDer(), 'server');
    expect(evidence.verdict).toMatchObject({ accepted: true });
    const peer = await verifyOffline({
      policy: evidence.policy,
      role: evidence.role,
      atMs: Date.parse(evidence.verified_at),
      certificateDer: Buffer.from(evidence.certificate, 'base64'),
    });
    expect(evidence.verdict).toEqual({ accepted: true, image_hash: peer.imageHash.toString('hex') });
  });

  test('under any, whoever has a proper certificate is let in', async () => {
    const { der, publicKey } = peerCertificate();
    expect((await open('any').verifier.verify(der, 'client')).publicKey).toEqual(publicKey);
  });
});

test('each kind of attester is what it is called', () => {
  for (const kind of ['none', 'fake_tdx', 'tdx'] as const) expect(attesterOf(kind).kind).toBe(kind);
});
