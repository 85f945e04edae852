import { createHash } from 'node:crypto';
import type { Measurements } from './types';

/** The image hash of nothing: what a peer without attestation has. */
export const NO_IMAGE = Buffer.alloc(32);

/** The measured fields and the report data in the order in which they are hashed and sent: 448 bytes. */
export function measurementBytes(measurements: Measurements): Buffer {
  const { mrTd, mrConfigId, mrOwner, mrOwnerConfig, rtmr, reportData } = measurements;
  return Buffer.concat([mrTd, mrConfigId, mrOwner, mrOwnerConfig, ...rtmr, reportData]);
}

/** What registers an image in the root contract: SHA-256 of the measured fields with the report data zeroed. */
export function imageHash(measurements: Measurements): Buffer {
  return createHash('sha256')
    .update(measurementBytes({ ...measurements, reportData: Buffer.alloc(64) }))
    .digest();
}

/** What a quote must carry to belong to a certificate's key. */
export function reportDataOf(publicKey: Buffer): Buffer {
  return createHash('sha512').update(publicKey).digest();
}

/** fake_tdx: report data only, everything measured is zero. */
export function fakeMeasurements(reportData: Buffer): Measurements {
  const zero = Buffer.alloc(48);
  return {
    mrTd: zero,
    mrConfigId: zero,
    mrOwner: zero,
    mrOwnerConfig: zero,
    rtmr: [zero, zero, zero, zero],
    reportData,
  };
}
