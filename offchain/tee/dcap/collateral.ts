import { z } from 'zod';
import { AttestationError } from '../errors';

/** Everything of Intel's together; some lists hold thousands of serial numbers. */
export const MAX_COLLATERAL_BYTES = 4 * 1024 * 1024;

const hex = (bytes?: number) =>
  z
    .string()
    .max(MAX_COLLATERAL_BYTES)
    .regex(/^[0-9a-fA-F]+$/)
    .refine((text) => (bytes === undefined ? text.length % 2 === 0 : text.length === bytes * 2), 'has another length');
const text = z.string().max(MAX_COLLATERAL_BYTES);

/**
 * What Intel publishes about a kind of processor, in the form that other verifiers exchange it. Nothing in it is trusted:
 * every part is signed, and checked again on each use.
 */
export const collateralSchema = z.object({
  pck_crl_issuer_chain: text.optional(),
  root_ca_crl: hex(),
  pck_crl: hex(),
  tcb_info_issuer_chain: text,
  /** Exactly the bytes that were signed. */
  tcb_info: text,
  tcb_info_signature: hex(64),
  qe_identity_issuer_chain: text,
  qe_identity: text,
  qe_identity_signature: hex(64),
});

export type Collateral = z.infer<typeof collateralSchema>;

/** @throws AttestationError COLLATERAL_MALFORMED */
export function parseCollateral(value: unknown): Collateral {
  return checked('The collateral', collateralSchema, value);
}

const svn = z.number().int().min(0).max(65_535);
const date = z.iso.datetime();
const advisories = z.array(z.string().max(64)).max(256).default([]);

const STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;
/** Intel's word for a platform's patch level. */
export type TcbStatus = (typeof STATUSES)[number];
export const TCB_STATUSES: readonly TcbStatus[] = STATUSES;
const status = z.enum(STATUSES);

const isvLevels = z
  .array(z.object({ tcb: z.object({ isvsvn: svn }), tcbStatus: status, advisoryIDs: advisories }))
  .min(1)
  .max(64);
const tdxModule = { mrsigner: hex(48), attributes: hex(8), attributesMask: hex(8) };
const components = z.array(z.object({ svn: z.number().int().min(0).max(255) })).length(16);

const tcbInfoSchema = z.object({
  id: z.literal('TDX'),
  version: z.literal(3),
  issueDate: date,
  nextUpdate: date,
  fmspc: hex(6),
  pceId: hex(2),
  tcbType: z.literal(0),
  tcbEvaluationDataNumber: z.number().int().min(0),
  tdxModule: z.object(tdxModule),
  tdxModuleIdentities: z
    .array(z.object({ id: z.string().max(16), ...tdxModule, tcbLevels: isvLevels }))
    .max(64)
    .default([]),
  tcbLevels: z
    .array(
      z.object({
        tcb: z.object({ sgxtcbcomponents: components, pcesvn: svn, tdxtcbcomponents: components }),
        tcbStatus: status,
        advisoryIDs: advisories,
      }),
    )
    .min(1)
    .max(256),
});
export type TcbInfo = z.infer<typeof tcbInfoSchema>;

const qeIdentitySchema = z.object({
  id: z.literal('TD_QE'),
  version: z.literal(2),
  issueDate: date,
  nextUpdate: date,
  tcbEvaluationDataNumber: z.number().int().min(0),
  miscselect: hex(4),
  miscselectMask: hex(4),
  attributes: hex(16),
  attributesMask: hex(16),
  mrsigner: hex(32),
  isvprodid: svn,
  tcbLevels: isvLevels,
});
export type QeIdentity = z.infer<typeof qeIdentitySchema>;

/** @throws AttestationError COLLATERAL_MALFORMED */
export function parseTcbInfo(json: string): TcbInfo {
  return checked('The TCB info', tcbInfoSchema, parseJson('The TCB info', json));
}

/** @throws AttestationError COLLATERAL_MALFORMED */
export function parseQeIdentity(json: string): QeIdentity {
  return checked("The quoting enclave's identity", qeIdentitySchema, parseJson("The quoting enclave's identity", json));
}

function parseJson(what: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw malformed(what, 'it is not JSON', error);
  }
}

function checked<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(what, `${issue?.path.join('.') || 'it'}: ${issue?.message}`, result.error);
}

function malformed(what: string, why: string, cause: unknown): AttestationError {
  return new AttestationError(
    'COLLATERAL_MALFORMED',
    `${what} is not what Intel publishes for TDX (${why}). Fetch it again, or from another service`,
    cause,
  );
}
