import { z } from 'zod';
import { parseCertificate } from './certificate-check';
import { type Collateral, collateralSchema, MAX_COLLATERAL_BYTES, type TcbStatus } from './dcap/collateral';
import { INTEL_ROOT_KEY_ID } from './dcap/roots';
import { verifyTdxQuote } from './dcap/verify';
import { AttestationError } from './errors';
import { createPeerVerifier } from './policy';
import type { PolicyName, VerifiedPeer } from './types';

const MAX_EVIDENCE_BYTES = 2 * MAX_COLLATERAL_BYTES;

/**
 * Everything that a verdict about a peer rests on, so that anybody can reach it again, offline, at any later time. The
 * verdict in it is a note; whoever reads it verifies again.
 */
export const evidenceSchema = z.object({
  format: z.literal('cocoon-attestation-evidence-1'),
  policy: z.enum(['any', 'fake_tdx', 'tdx']),
  role: z.enum(['server', 'client']),
  /** When it was verified: the moment at which certificate and collateral must be valid. */
  verified_at: z.iso.datetime(),
  /** DER, base64. The quote is in it. */
  certificate: z.base64(),
  collateral: collateralSchema.optional(),
  verdict: z.union([
    z.object({ accepted: z.literal(true), image_hash: z.string(), tcb_status: z.string().optional() }),
    z.object({ accepted: z.literal(false), code: z.string(), message: z.string() }),
  ]),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export interface EvidenceParts {
  readonly policy: PolicyName;
  readonly role: 'server' | 'client';
  readonly atMs: number;
  readonly certificateDer: Buffer;
  readonly collateral?: Collateral;
}

export function makeEvidence(parts: EvidenceParts, outcome: VerifiedPeer | AttestationError): Evidence {
  return {
    format: 'cocoon-attestation-evidence-1',
    policy: parts.policy,
    role: parts.role,
    verified_at: new Date(parts.atMs).toISOString(),
    certificate: parts.certificateDer.toString('base64'),
    ...(parts.collateral === undefined ? {} : { collateral: parts.collateral }),
    verdict:
      outcome instanceof AttestationError
        ? { accepted: false, code: outcome.code, message: outcome.message }
        : {
            accepted: true,
            image_hash: outcome.imageHash.toString('hex'),
            ...(outcome.attestation?.tcbStatus === undefined ? {} : { tcb_status: outcome.attestation.tcbStatus }),
          },
  };
}

/** @throws AttestationError EVIDENCE_MALFORMED */
export function parseEvidence(text: string): Evidence {
  if (text.length > MAX_EVIDENCE_BYTES) throw malformed(`it is larger than ${MAX_EVIDENCE_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed('it is not JSON', error);
  }
  const result = evidenceSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(`${issue?.path.join('.') || 'it'}: ${issue?.message}`, result.error);
}

export interface OfflineOptions {
  readonly trustedRoots?: readonly Buffer[];
  readonly tcbStatuses?: readonly TcbStatus[];
  readonly imageHashes?: readonly Buffer[];
}

/** Reaches a verdict from the parts alone: no network, no cache, the clock stopped at `atMs`. @throws AttestationError */
export async function verifyOffline(parts: EvidenceParts, options: OfflineOptions = {}): Promise<VerifiedPeer> {
  const { policy, role, atMs, certificateDer, collateral } = parts;
  const roots = options.trustedRoots ?? [INTEL_ROOT_KEY_ID];
  const verifier = createPeerVerifier({
    policy,
    clock: { nowMs: () => atMs, after: () => () => undefined },
    quotes: {
      verify: async (quote) => {
        if (collateral !== undefined) return verifyTdxQuote(quote, collateral, atMs, roots);
        throw new AttestationError(
          'COLLATERAL_UNAVAILABLE',
          "A quote can be verified with Intel's collateral of its time only, and there is none. Give it with --collateral",
        );
      },
    },
    ...(options.tcbStatuses === undefined ? {} : { tcbStatuses: options.tcbStatuses }),
    ...(options.imageHashes === undefined ? {} : { imageHashes: options.imageHashes }),
  });
  return verifier.verify(certificateDer, role);
}

/** The certificate's quote, if it has one. @throws AttestationError */
export function quoteIn(certificateDer: Buffer): Buffer | undefined {
  return parseCertificate(certificateDer).quote;
}

function malformed(why: string, cause?: unknown): AttestationError {
  return new AttestationError('EVIDENCE_MALFORMED', `This is no attestation evidence of Cocoon: ${why}`, cause);
}
