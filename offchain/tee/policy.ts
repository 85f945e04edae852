import { type Clock, systemClock } from '../node/clock';
import { checkCertificate, type PeerCertificate } from './certificate-check';
import type { TcbStatus } from './dcap/collateral';
import type { QuoteVerdict } from './dcap/verify';
import { AttestationError } from './errors';
import { fakeMeasurements, imageHash, NO_IMAGE, reportDataOf } from './image-hash';
import { checkTdxPosture, parseQuote, type TdxBody } from './quote';
import type { Attestation, Measurements, PeerVerifier, PolicyName, VerifiedPeer } from './types';

/** What may run at the other end. An empty list allows everything that is genuine. */
export interface AllowLists {
  readonly mrTd?: readonly Buffer[];
  readonly rtmr?: readonly (readonly Buffer[])[];
  readonly imageHashes?: readonly Buffer[];
}

export interface PolicyOptions extends AllowLists {
  readonly policy: PolicyName;
  /** Needed for tdx. */
  readonly quotes?: { verify(quote: Buffer): Promise<QuoteVerdict> };
  /** Patch levels that are good enough; Revoked never is. */
  readonly tcbStatuses?: readonly TcbStatus[];
  readonly clock?: Clock;
}

/** What a peer's certificate must prove under a policy. */
export function createPeerVerifier(options: PolicyOptions): PeerVerifier {
  const { policy, quotes } = options;
  if (policy === 'tdx' && quotes === undefined) throw new Error('the tdx policy needs something that verifies quotes');
  const clock = options.clock ?? systemClock;
  return {
    policy,
    async verify(certificateDer, role) {
      const certificate = checkCertificate(certificateDer, role, clock.nowMs());
      if (policy === 'any') return { publicKey: certificate.publicKey, imageHash: NO_IMAGE };
      return policy === 'fake_tdx' ? fakePeer(certificate, options) : tdxPeer(certificate, options);
    },
  };
}

/** As in the order of 8.2, what costs little before what costs much. */
async function tdxPeer(certificate: PeerCertificate, options: PolicyOptions): Promise<VerifiedPeer> {
  const { body, quote } = tdxBodyFor(certificate);
  checkTdxPosture(body);
  const verdict = await (options.quotes as NonNullable<PolicyOptions['quotes']>).verify(quote);
  requireTcbStatus(verdict, options.tcbStatuses ?? ['UpToDate']);
  const attestation: Attestation = {
    ...measured(body),
    kind: 'tdx',
    tcbStatus: verdict.tcbStatus,
    advisoryIds: verdict.advisoryIds,
  };
  return peer(certificate, attestation, options, verdict.rootKeyId);
}

function tdxBodyFor(certificate: PeerCertificate): { body: TdxBody; quote: Buffer } {
  const quote = requireQuote(certificate);
  const { body } = parseQuote(quote);
  requireBinding(body.reportData, certificate);
  return { body, quote };
}

function fakePeer(certificate: PeerCertificate, options: PolicyOptions): VerifiedPeer {
  const quote = requireQuote(certificate);
  if (quote.length !== 64) {
    throw new AttestationError(
      'QUOTE_MALFORMED',
      `A fake_tdx quote has 64 bytes, this one has ${quote.length}. The peer attests with real hardware: use the tdx policy for it`,
    );
  }
  requireBinding(quote, certificate);
  return peer(certificate, { ...fakeMeasurements(quote), kind: 'fake_tdx', advisoryIds: [] }, options);
}

function peer(
  certificate: PeerCertificate,
  attestation: Attestation,
  lists: AllowLists,
  rootKeyId?: Buffer,
): VerifiedPeer {
  const hash = imageHash(attestation);
  requireAllowed(attestation, hash, lists);
  return {
    publicKey: certificate.publicKey,
    imageHash: hash,
    attestation,
    ...(rootKeyId === undefined ? {} : { rootKeyId }),
  };
}

function requireQuote({ quote }: PeerCertificate): Buffer {
  if (quote !== undefined) return quote;
  throw new AttestationError(
    'QUOTE_MISSING',
    "The peer's certificate carries no quote, and this node's policy asks for one. The peer must run attested, or the policy be relaxed",
  );
}

function requireBinding(reportData: Buffer, { publicKey }: PeerCertificate): void {
  if (reportData.equals(reportDataOf(publicKey))) return;
  throw new AttestationError(
    'QUOTE_FOR_OTHER_KEY',
    "The quote in the peer's certificate vouches for another key. It was copied from another machine: do not trust this peer",
  );
}

/** @throws AttestationError unless the platform's patch level is one of `allowed` */
export function requireTcbStatus({ tcbStatus, advisoryIds }: QuoteVerdict, allowed: readonly TcbStatus[]): void {
  const about = advisoryIds.length === 0 ? '' : ` (${advisoryIds.join(', ')})`;
  if (tcbStatus === 'Revoked') {
    throw new AttestationError(
      'TCB_REVOKED',
      `Intel has revoked the patch level of the peer's platform${about}: its keys may be known. The peer must be updated`,
    );
  }
  if (allowed.includes(tcbStatus)) return;
  const outdated = tcbStatus === 'OutOfDate' || tcbStatus === 'OutOfDateConfigurationNeeded';
  throw new AttestationError(
    outdated ? 'TCB_OUT_OF_DATE' : 'TCB_STATUS',
    `Intel's status of the peer's platform is ${tcbStatus}${about}. Its operator must update or reconfigure it, or allowed_tcb_statuses name the status here`,
  );
}

/** @throws AttestationError MEASUREMENT_NOT_ALLOWED, naming what was measured */
export function requireAllowed({ mrTd, rtmr }: Measurements, hash: Buffer, lists: AllowLists): void {
  const refuse = (what: string, value: string, key: string) =>
    new AttestationError(
      'MEASUREMENT_NOT_ALLOWED',
      `The peer's ${what} is ${value}, which is not in ${key}. It runs another release than this node accepts: update one of them`,
    );
  if (!listed(lists.mrTd, (one) => one.equals(mrTd)))
    throw refuse('firmware (MRTD)', mrTd.toString('hex'), 'allowed_mrtd');
  if (
    !listed(lists.rtmr, (set) => set.length === rtmr.length && set.every((one, i) => one.equals(rtmr[i] as Buffer)))
  ) {
    throw refuse('set of RTMRs', rtmr.map((one) => one.toString('hex')).join(' '), 'allowed_rtmr');
  }
  if (!listed(lists.imageHashes, (one) => one.equals(hash))) {
    throw refuse('image hash', `${hash.toString('hex')} (${hash.toString('base64')})`, 'allowed_image_hashes');
  }
}

function listed<T>(list: readonly T[] | undefined, matches: (one: T) => boolean): boolean {
  return list === undefined || list.length === 0 || list.some(matches);
}

function measured(body: TdxBody): Measurements {
  const { mrTd, mrConfigId, mrOwner, mrOwnerConfig, rtmr, reportData } = body;
  return { mrTd, mrConfigId, mrOwner, mrOwnerConfig, rtmr, reportData };
}
