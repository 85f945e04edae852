/** Why a certificate, a quote or its collateral was not accepted, or could not be made. One code per cause. */
export type AttestationCode =
  // the certificate
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATE_TOO_LARGE'
  | 'CERTIFICATE_SIGNATURE'
  | 'CERTIFICATE_NOT_SELF_SIGNED'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_PURPOSE'
  | 'CERTIFICATE_NAME'
  | 'CERTIFICATE_EXTENSION'
  | 'KEY_TYPE'
  // the quote
  | 'QUOTE_MISSING'
  | 'QUOTE_MALFORMED'
  | 'QUOTE_TOO_LARGE'
  | 'QUOTE_VERSION'
  | 'SGX_QUOTE'
  | 'QUOTE_FOR_OTHER_KEY'
  | 'QUOTE_DEBUG'
  | 'QUOTE_TD_ATTRIBUTES'
  | 'QUOTE_SEAM'
  | 'QUOTE_SIGNATURE'
  // the platform
  | 'TCB_REVOKED'
  | 'TCB_OUT_OF_DATE'
  | 'TCB_STATUS'
  | 'CERTIFICATE_REVOKED'
  | 'ROOT_KEY'
  | 'MEASUREMENT_NOT_ALLOWED'
  // collateral
  | 'COLLATERAL_MALFORMED'
  | 'COLLATERAL_EXPIRED'
  | 'COLLATERAL_UNAVAILABLE'
  // this machine
  | 'VERIFIER_BUSY'
  | 'VERIFIER_FAILED'
  | 'QUOTE_UNAVAILABLE'
  | 'EVIDENCE_MALFORMED';

/** Causes that can be gone a moment later, with the same peer and the same configuration. */
const RETRYABLE: ReadonlySet<AttestationCode> = new Set([
  'COLLATERAL_UNAVAILABLE',
  'COLLATERAL_EXPIRED',
  'VERIFIER_BUSY',
  'VERIFIER_FAILED',
  'QUOTE_UNAVAILABLE',
]);

/** `code` is stable; the message says what is wrong and what to do. `retryable` is about the same call, later. */
export class AttestationError extends Error {
  readonly code: AttestationCode;
  readonly retryable: boolean;

  constructor(code: AttestationCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AttestationError';
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}
