import { z } from 'zod';
import { type Clock, systemClock } from '../node/clock';
import { fakeAttester, noAttester } from './attester';
import { ConfigfsAttester, TSM_REPORTS } from './configfs';
import { TCB_STATUSES } from './dcap/collateral';
import { CollateralCache } from './dcap/collateral-cache';
import { INTEL_PCS_URL, INTEL_ROOT_CRL_URL, Pccs } from './dcap/pccs';
import { QuoteChecker } from './dcap/quote-checker';
import { QuoteService } from './dcap/quote-service';
import { INTEL_ROOT_KEY_ID } from './dcap/roots';
import { AttestationError } from './errors';
import { type Evidence, makeEvidence, quoteIn } from './evidence';
import { createPeerVerifier } from './policy';
import type { Attester, PeerVerifier, VerifiedPeer } from './types';

/** Hex, as the live network's routers have it, or base64, as its images print it. */
function bytes(length: number) {
  return z.string().transform((text, context) => {
    const form = new RegExp(`^[0-9a-fA-F]{${length * 2}}$`).test(text) ? 'hex' : 'base64';
    const value = Buffer.from(text, form);
    if (value.length === length) return value;
    context.addIssue({ code: 'custom', message: `must be ${length} bytes in hex or base64` });
    return z.NEVER;
  });
}

const rtmrSet = z.array(bytes(48)).length(4, 'must be the four RTMRs, in order');
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** What a peer must prove. Names of lists are those of the live network's router. */
export const policySchema = z
  .object({
    policy: z.enum(['any', 'fake_tdx', 'tdx']),
    allowed_mrtd: z.array(bytes(48)).default([]),
    allowed_rtmr: z.array(rtmrSet).default([]),
    allowed_image_hashes: z.array(bytes(32)).default([]),
    /** Ids of the roots that hardware may be certified under. */
    allowed_collateral_root_hashes: z
      .array(bytes(48))
      .min(1, "must name a root; leave it out for Intel's")
      .default([INTEL_ROOT_KEY_ID]),
    /** Patch levels besides UpToDate that are accepted; see docs/attestation.md before naming one. */
    allowed_tcb_statuses: z
      .array(z.enum(TCB_STATUSES).exclude(['Revoked']))
      .min(1)
      .default(['UpToDate']),
    pccs_url: httpUrl.default(INTEL_PCS_URL),
    root_crl_url: httpUrl.default(INTEL_ROOT_CRL_URL),
    /** Where collateral is kept over restarts; empty keeps it in memory. */
    collateral_dir: z.string().default(''),
    /** How long a verified quote is believed. */
    attestation_cache_s: z.number().int().min(0).max(3600).default(3600),
  })
  .strict();

export type PolicyConfig = z.output<typeof policySchema>;

export interface OpenedPolicy {
  readonly verifier: PeerVerifier;
  /** Verifies as `verifier` does, and packs what the verdict rests on. A refusal is evidence too. */
  evidence(certificateDer: Buffer, role: 'server' | 'client'): Promise<Evidence>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly clock?: Clock;
  readonly onProblem?: (error: Error) => void;
}

/** The verifier that a configuration describes. Nothing is fetched before a quote has to be verified. */
export function openPolicy(config: PolicyConfig, options: OpenOptions = {}): OpenedPolicy {
  const lists = {
    policy: config.policy,
    mrTd: config.allowed_mrtd,
    rtmr: config.allowed_rtmr,
    imageHashes: config.allowed_image_hashes,
    tcbStatuses: config.allowed_tcb_statuses,
  };
  const clock = options.clock ?? systemClock;
  const opened = (quotes?: QuoteService): OpenedPolicy => {
    const verifier = createPeerVerifier({ ...lists, clock, ...(quotes === undefined ? {} : { quotes }) });
    return {
      verifier,
      evidence: (certificateDer, role) => evidenceBy(verifier, quotes, { certificateDer, role, atMs: clock.nowMs() }),
      close: async () => quotes?.close(),
    };
  };
  if (config.policy !== 'tdx') return opened();
  return opened(
    new QuoteService({
      checker: new QuoteChecker(),
      collateral: new CollateralCache({
        source: new Pccs({ url: config.pccs_url, rootCrlUrl: config.root_crl_url }),
        clock,
        ...(config.collateral_dir === '' ? {} : { directory: config.collateral_dir }),
        ...(options.onProblem === undefined ? {} : { onProblem: options.onProblem }),
      }),
      trustedRoots: config.allowed_collateral_root_hashes,
      lifetimeMs: config.attestation_cache_s * 1000,
      clock,
    }),
  );
}

async function evidenceBy(
  verifier: PeerVerifier,
  quotes: QuoteService | undefined,
  subject: { certificateDer: Buffer; role: 'server' | 'client'; atMs: number },
): Promise<Evidence> {
  const { policy } = verifier;
  let outcome: VerifiedPeer | AttestationError;
  try {
    outcome = await verifier.verify(subject.certificateDer, subject.role);
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    outcome = error;
  }
  if (quotes === undefined || outcome instanceof AttestationError) return makeEvidence({ ...subject, policy }, outcome);
  const quote = quoteIn(subject.certificateDer) as Buffer;
  const { collateral } = await quotes.result(quote);
  return makeEvidence({ ...subject, policy, collateral }, outcome);
}

/** The attester of a name; `tdx` asks the kernel of the machine it runs on. */
export function attesterOf(kind: Attester['kind'], reports: string = TSM_REPORTS): Attester {
  if (kind === 'tdx') return new ConfigfsAttester({ root: reports });
  return kind === 'fake_tdx' ? fakeAttester : noAttester;
}
