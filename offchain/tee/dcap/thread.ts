import { parentPort } from 'node:worker_threads';
import { type AttestationCode, AttestationError } from '../errors';
import type { Collateral } from './collateral';
import { collateralKey, type QuoteVerdict, verifyTdxQuote } from './verify';

/** The other side of `quote-checker.ts`: one job in, one answer out. Buffers cross the boundary as Uint8Array. */
export type Job =
  | { readonly kind: 'key'; readonly quote: Uint8Array; readonly roots: readonly Uint8Array[] }
  | {
      readonly kind: 'verify';
      readonly quote: Uint8Array;
      readonly roots: readonly Uint8Array[];
      readonly collateral: Collateral;
      readonly nowMs: number;
    };

export type CollateralKey = ReturnType<typeof collateralKey>;
export type Answer =
  | { readonly value: QuoteVerdict | CollateralKey }
  | { readonly code: AttestationCode; readonly message: string };

function work(job: Job): Answer {
  const quote = Buffer.from(job.quote);
  const roots = job.roots.map((root) => Buffer.from(root));
  try {
    return {
      value: job.kind === 'key' ? collateralKey(quote, roots) : verifyTdxQuote(quote, job.collateral, job.nowMs, roots),
    };
  } catch (error) {
    if (error instanceof AttestationError) return { code: error.code, message: error.message };
    // A fault of ours: this job is refused, and the next one is none the worse for it.
    return {
      code: 'VERIFIER_FAILED',
      message: `The verifier failed on this quote: ${String(error)}. Please report it`,
    };
  }
}

parentPort?.on('message', (job: Job) => parentPort?.postMessage(work(job)));
