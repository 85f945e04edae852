import { MAX_QUOTE_BYTES } from './certificate-form';
import { AttestationError } from './errors';
import type { Measurements } from './types';

const HEADER_BYTES = 48;
const TD10_BYTES = 584;
const TD15_BYTES = 648;
const TEE_SGX = 0;
const TEE_TDX = 0x81;
/** ECDSA with P-256, the only key type that quoting enclaves make. */
const KEY_ECDSA_P256 = 2;
const INTEL_VENDOR = Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex');
const BODY_SGX = 1;
const BODY_TD10 = 2;
const BODY_TD15 = 3;

/** The whole body of a TDX quote (8.2). */
export interface TdxBody extends Measurements {
  readonly teeTcbSvn: Buffer;
  readonly mrSeam: Buffer;
  readonly mrSignerSeam: Buffer;
  readonly seamAttributes: Buffer;
  readonly tdAttributes: Buffer;
  readonly xfam: Buffer;
  /** TDX 1.5: the second patch level vector and the service TD (migration), zero when there is none. */
  readonly teeTcbSvn2?: Buffer;
  readonly mrServiceTd?: Buffer;
}

export interface TdxQuote {
  readonly version: 4 | 5;
  readonly body: TdxBody;
  /** Header and body: what the attestation key signed. */
  readonly signed: Buffer;
  /** The signature and what it rests on, of the length that the quote says. */
  readonly signatureData: Buffer;
}

/** Reads header and body. Nothing is verified; what is not a TDX quote is refused by name. @throws AttestationError */
export function parseQuote(bytes: Buffer): TdxQuote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    throw new AttestationError(
      'QUOTE_TOO_LARGE',
      `The quote has ${bytes.length} bytes; ${MAX_QUOTE_BYTES} are accepted`,
    );
  }
  if (bytes.length < HEADER_BYTES)
    throw malformed(`it has ${bytes.length} bytes, and its header alone has ${HEADER_BYTES}`);
  const version = bytes.readUInt16LE(0);
  const teeType = bytes.readUInt32LE(4);
  if (version === 3 || (teeType === TEE_SGX && (version === 4 || version === 5))) throw sgx();
  if (version !== 4 && version !== 5) {
    throw new AttestationError(
      'QUOTE_VERSION',
      `The quote has version ${version}; this release knows TDX quotes of versions 4 and 5`,
    );
  }
  if (teeType !== TEE_TDX) throw malformed(`its TEE type is 0x${teeType.toString(16)}, TDX is 0x81`);
  if (bytes.readUInt16LE(2) !== KEY_ECDSA_P256) throw malformed('its key is not ECDSA P-256');
  if (!bytes.subarray(12, 28).equals(INTEL_VENDOR)) throw malformed("its quoting enclave is not Intel's");
  const { at, length } = version === 4 ? { at: HEADER_BYTES, length: TD10_BYTES } : describedBody(bytes);
  const end = at + length;
  if (bytes.length < end + 4) throw malformed('it ends inside its body');
  const signatureLength = bytes.readUInt32LE(end);
  const rest = bytes.subarray(end + 4);
  // Quoting services pad the buffer they hand out; bytes that nobody signed may only be padding.
  if (signatureLength > rest.length) throw malformed('it ends inside its signature');
  if (rest.subarray(signatureLength).some((byte) => byte !== 0)) throw malformed('something follows its signature');
  return {
    version,
    body: parseBody(bytes.subarray(at, end)),
    signed: bytes.subarray(0, end),
    signatureData: rest.subarray(0, signatureLength),
  };
}

function describedBody(bytes: Buffer): { at: number; length: number } {
  const at = HEADER_BYTES + 6;
  if (bytes.length < at) throw malformed('it ends inside its body');
  const type = bytes.readUInt16LE(HEADER_BYTES);
  const length = bytes.readUInt32LE(HEADER_BYTES + 2);
  if (type === BODY_SGX) throw sgx();
  const expected = type === BODY_TD10 ? TD10_BYTES : type === BODY_TD15 ? TD15_BYTES : undefined;
  if (expected === undefined) {
    throw new AttestationError(
      'QUOTE_VERSION',
      `The quote's body is of type ${type}; this release knows TDX 1.0 (2) and 1.5 (3)`,
    );
  }
  if (length !== expected) throw malformed(`its body of type ${type} has ${length} bytes instead of ${expected}`);
  return { at, length };
}

function parseBody(body: Buffer): TdxBody {
  let offset = 0;
  // Copies: a quote is a view into a certificate, which nobody should have to keep for 48 bytes of it.
  const take = (length: number) => {
    offset += length;
    return Buffer.from(body.subarray(offset - length, offset));
  };
  const td10 = {
    teeTcbSvn: take(16),
    mrSeam: take(48),
    mrSignerSeam: take(48),
    seamAttributes: take(8),
    tdAttributes: take(8),
    xfam: take(8),
    mrTd: take(48),
    mrConfigId: take(48),
    mrOwner: take(48),
    mrOwnerConfig: take(48),
    rtmr: [take(48), take(48), take(48), take(48)] as const,
    reportData: take(64),
  };
  return body.length === TD10_BYTES ? td10 : { ...td10, teeTcbSvn2: take(16), mrServiceTd: take(48) };
}

const DEBUG_BITS = 0xff;

/**
 * What the live network does not look at, and a confidential machine must not have: debugging, a TDX module that Intel
 * did not sign as released, and (1.5) a service TD that may move the machine elsewhere. @throws AttestationError
 */
export function checkTdxPosture(body: TdxBody): void {
  const { tdAttributes, mrSignerSeam, seamAttributes, mrServiceTd } = body;
  if (((tdAttributes[0] ?? 0) & DEBUG_BITS) !== 0) {
    throw new AttestationError(
      'QUOTE_DEBUG',
      'The machine runs as a debuggable TD: its host can read its memory. It must be started without the debug attribute',
    );
  }
  // SEPT_VE_DISABLE keeps the host from injecting exceptions on memory access; bit 29 would let a migration service move it.
  const bits = tdAttributes.readBigUInt64LE(0);
  if ((bits & ~KNOWN_TD_ATTRIBUTES) !== 0n || (bits & SEPT_VE_DISABLE) === 0n) {
    throw new AttestationError(
      'QUOTE_TD_ATTRIBUTES',
      `The machine's TD attributes are ${tdAttributes.toString('hex')}: SEPT_VE_DISABLE must be set and reserved bits clear. It must be started with a current hypervisor`,
    );
  }
  if (mrSignerSeam.some(nonZero) || seamAttributes.some(nonZero) || mrServiceTd?.some(nonZero)) {
    throw new AttestationError(
      'QUOTE_SEAM',
      'The machine runs under a TDX module that is not an Intel release, or under a migration service. Neither is accepted',
    );
  }
}

const SEPT_VE_DISABLE = 1n << 28n;
/** LASS, SEPT_VE_DISABLE, PKS, KL and PERFMON: none gives the host anything. */
const KNOWN_TD_ATTRIBUTES = (1n << 27n) | SEPT_VE_DISABLE | (1n << 30n) | (1n << 31n) | (1n << 63n);
const nonZero = (byte: number) => byte !== 0;

function malformed(why: string): AttestationError {
  return new AttestationError('QUOTE_MALFORMED', `This is no TDX quote: ${why}`);
}

function sgx(): AttestationError {
  return new AttestationError(
    'SGX_QUOTE',
    'This is the quote of an SGX enclave; connections need that of a TDX machine',
  );
}
