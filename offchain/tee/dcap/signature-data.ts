import { AttestationError } from '../errors';

/** Kinds of certification data, by Intel's numbers. */
const PCK_CHAIN = 5;
const QE_REPORT = 6;
const QE_REPORT_BYTES = 384;

/** What a version 4 or 5 quote carries behind its body: the chain from its signature to the processor's certificate. */
export interface SignatureData {
  readonly signature: Buffer;
  /** P-256, x and y. */
  readonly attestationKey: Buffer;
  /** The quoting enclave's report, which vouches for the attestation key. */
  readonly qeReport: Buffer;
  readonly qeReportSignature: Buffer;
  readonly qeAuthData: Buffer;
  /** PEM: PCK certificate, its authority, the root. */
  readonly pckChain: string;
}

/** @throws AttestationError QUOTE_MALFORMED */
export function parseSignatureData(bytes: Buffer): SignatureData {
  let offset = 0;
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) throw malformed('it ends inside its signature data');
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const u16 = () => take(2).readUInt16LE(0);
  const u32 = () => take(4).readUInt32LE(0);
  const signature = take(64);
  const attestationKey = take(64);
  const outer = u16();
  if (outer !== QE_REPORT) throw malformed(`its certification data is of type ${outer} instead of ${QE_REPORT}`);
  if (u32() !== bytes.length - offset) throw malformed('its certification data has another length than it says');
  const qeReport = take(QE_REPORT_BYTES);
  const qeReportSignature = take(64);
  const qeAuthData = take(u16());
  const inner = u16();
  if (inner !== PCK_CHAIN) {
    throw malformed(
      `it names its PCK certificate by type ${inner}; only type ${PCK_CHAIN}, the certificates themselves, is supported. The machine's quoting service must be set up with its PCK certificate`,
    );
  }
  const pckChain = take(u32());
  if (offset !== bytes.length) throw malformed('something follows its certificates');
  return {
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    qeAuthData,
    pckChain: pckChain.toString('latin1'),
  };
}

/** The fields of an SGX report that Intel's identity of the quoting enclave speaks of. */
export interface QeReport {
  readonly miscSelect: Buffer;
  readonly attributes: Buffer;
  readonly mrSigner: Buffer;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Buffer;
}

export function parseQeReport(report: Buffer): QeReport {
  return {
    miscSelect: report.subarray(16, 20),
    attributes: report.subarray(48, 64),
    mrSigner: report.subarray(128, 160),
    isvProdId: report.readUInt16LE(256),
    isvSvn: report.readUInt16LE(258),
    reportData: report.subarray(320, 384),
  };
}

function malformed(why: string): AttestationError {
  return new AttestationError('QUOTE_MALFORMED', `The quote cannot be read: ${why}`);
}
