import { type Collateral, parseCollateral, type TcbStatus } from '../../tee/dcap/collateral';
import { INTEL_ROOT_KEY_ID } from '../../tee/dcap/roots';
import { verifyTdxQuote } from '../../tee/dcap/verify';
import { AttestationError } from '../../tee/errors';
import { verifyOffline } from '../../tee/evidence';
import { imageHash } from '../../tee/image-hash';
import { requireAllowed, requireTcbStatus } from '../../tee/policy';
import { checkTdxPosture, parseQuote } from '../../tee/quote';
import type { PolicyName } from '../../tee/types';
import { CliError } from '../errors';
import { readBytes, readSubject, type Subject } from './subject';

export interface VerifyFlags {
  readonly policy?: PolicyName;
  readonly role?: 'server' | 'client';
  readonly collateral?: string;
  readonly at?: number;
  readonly allowStatus?: readonly TcbStatus[];
  readonly imageHash?: readonly Buffer[];
  readonly rootKey?: readonly Buffer[];
  readonly json?: boolean;
}

interface Verdict {
  readonly policy: PolicyName;
  readonly judged_at: string;
  readonly image_hash: string;
  readonly tcb_status?: string;
  readonly advisories?: readonly string[];
  readonly root_key_id?: string;
  /** Whether the quote is known to be of the certificate's key: false when a bare quote was given. */
  readonly bound_to_key: boolean;
}

/** Exit code 0: it holds. 1: it does not, and the code says why. */
export async function verify(file: string, flags: VerifyFlags): Promise<void> {
  try {
    const verdict = await judge(readSubject(file), flags);
    print(flags, { accepted: true, ...verdict }, textOf(verdict));
  } catch (error) {
    if (!(error instanceof AttestationError) || !flags.json) throw error;
    print(flags, { accepted: false, code: error.code, message: error.message, retryable: error.retryable }, '');
    process.exitCode = 1;
  }
}

async function judge(subject: Subject, flags: VerifyFlags): Promise<Verdict> {
  const evidence = subject.kind === 'evidence' ? subject.evidence : undefined;
  const atMs = flags.at ?? (evidence === undefined ? Date.now() : Date.parse(evidence.verified_at));
  const collateral = flags.collateral === undefined ? evidence?.collateral : readCollateral(flags.collateral);
  const policy = flags.policy ?? evidence?.policy ?? 'tdx';
  const tcbStatuses: TcbStatus[] = ['UpToDate', ...(flags.allowStatus ?? [])];
  const judged = { policy, judged_at: new Date(atMs).toISOString() };
  if (subject.kind === 'quote') {
    return { ...judged, ...judgeQuote(subject.quote, collateral, atMs, tcbStatuses, flags) };
  }
  const peer = await verifyOffline(
    {
      policy,
      role: flags.role ?? evidence?.role ?? 'server',
      atMs,
      certificateDer: subject.certificate,
      ...(collateral === undefined ? {} : { collateral }),
    },
    {
      tcbStatuses,
      trustedRoots: trustedRoots(flags),
      ...(flags.imageHash === undefined ? {} : { imageHashes: flags.imageHash }),
    },
  );
  const { attestation, rootKeyId } = peer;
  return {
    ...judged,
    image_hash: peer.imageHash.toString('hex'),
    ...(attestation?.tcbStatus === undefined
      ? {}
      : { tcb_status: attestation.tcbStatus, advisories: attestation.advisoryIds }),
    ...(rootKeyId === undefined ? {} : { root_key_id: rootKeyId.toString('hex') }),
    bound_to_key: attestation !== undefined,
  };
}

function judgeQuote(
  quote: Buffer,
  collateral: Collateral | undefined,
  atMs: number,
  allowed: readonly TcbStatus[],
  flags: VerifyFlags,
): Omit<Verdict, 'policy' | 'judged_at'> {
  const { body } = parseQuote(quote);
  checkTdxPosture(body);
  if (collateral === undefined) {
    throw new CliError("A bare quote is verified with Intel's collateral.", 'Give it with --collateral.');
  }
  const verdict = verifyTdxQuote(quote, collateral, atMs, trustedRoots(flags));
  requireTcbStatus(verdict, allowed);
  const hash = imageHash(body);
  requireAllowed(body, hash, { imageHashes: flags.imageHash ?? [] });
  return {
    image_hash: hash.toString('hex'),
    tcb_status: verdict.tcbStatus,
    advisories: verdict.advisoryIds,
    root_key_id: verdict.rootKeyId.toString('hex'),
    bound_to_key: false,
  };
}

function trustedRoots({ rootKey }: VerifyFlags): readonly Buffer[] {
  return rootKey ?? [INTEL_ROOT_KEY_ID];
}

function readCollateral(file: string): Collateral {
  const text = readBytes(file).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(`${file} is not JSON.`, 'Give the collateral as other verifiers write it.', { cause: error });
  }
  return parseCollateral(value);
}

function textOf(verdict: Verdict): string {
  const lines = [
    `Accepted under policy ${verdict.policy}, judged at ${verdict.judged_at}.`,
    `  image hash   ${verdict.image_hash}`,
  ];
  if (verdict.tcb_status !== undefined) lines.push(`  patch level  ${verdict.tcb_status}`);
  if (verdict.advisories?.length) lines.push(`  advisories   ${verdict.advisories.join(', ')}`);
  if (verdict.root_key_id !== undefined) lines.push(`  root key     ${verdict.root_key_id}`);
  if (verdict.policy !== 'any' && !verdict.bound_to_key) {
    lines.push('  The quote stands alone: whose key it vouches for was not checked.');
  }
  if (verdict.policy === 'fake_tdx') lines.push('  fake_tdx proves nothing; it is for tests and local networks.');
  if (verdict.policy === 'any') lines.push('  Nothing was attested: only the certificate itself was checked.');
  return lines.join('\n');
}

function print(flags: VerifyFlags, json: object, text: string): void {
  process.stdout.write(`${flags.json ? JSON.stringify(json, undefined, 2) : text}\n`);
}
