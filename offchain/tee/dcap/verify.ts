import { createHash, createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto';
import { DerError } from '../der';
import { AttestationError } from '../errors';
import { parseQuote } from '../quote';
import { type Chain, chainWindow, readChain, requireIssuer, requireNotRevoked, SIGNER } from './chain';
import { type Collateral, parseQeIdentity, parseTcbInfo, type TcbStatus } from './collateral';
import { type PckPlatform, pckPlatform } from './pck';
import { type RevocationList, readRevocationList } from './revocation-list';
import { parseQeReport, parseSignatureData, type SignatureData } from './signature-data';
import { tcbVerdict } from './tcb';

export interface QuoteVerdict {
  readonly tcbStatus: TcbStatus;
  readonly advisoryIds: readonly string[];
  /** SHA-384 of the root's public key. */
  readonly rootKeyId: Buffer;
  /** The first moment at which some certificate or document is too old. */
  readonly validUntilMs: number;
}

/**
 * Intel's verification of a TDX quote (DCAP), complete: the quote's signature, the quoting enclave behind it, the processor's
 * certificate behind that, revocation, patch levels, and the age of every document. It does no I/O and keeps no state.
 * Whether the status is good enough is the policy's matter. @throws AttestationError
 */
export function verifyTdxQuote(
  quoteBytes: Buffer,
  collateral: Collateral,
  nowMs: number,
  trustedRoots: readonly Buffer[],
): QuoteVerdict {
  const quote = parseQuote(quoteBytes);
  const data = parseSignatureData(quote.signatureData);
  const pck = pckChain(data, trustedRoots);
  const tcbSigner = signerChain('The TCB info', collateral.tcb_info_issuer_chain, trustedRoots);
  const qeSigner = signerChain("The quoting enclave's identity", collateral.qe_identity_issuer_chain, trustedRoots);
  const chains = [pck, tcbSigner, qeSigner];
  if (chains.some(({ root }) => !root.der.equals(pck.root.der))) {
    throw new AttestationError(
      'ROOT_KEY',
      'Quote and collateral end in different roots; fetch collateral for this platform',
    );
  }
  const [authority] = pck.certificates.slice(1);
  const rootList = revocationList("The root's revocation list", collateral.root_ca_crl);
  const pckList = revocationList("The processors' revocation list", collateral.pck_crl);
  requireIssuer("The root's revocation list", rootList, pck.root);
  requireIssuer("The processors' revocation list", pckList, authority as Chain['leaf']);
  requireNotRevoked(
    chains.flatMap(({ certificates }) => certificates),
    rootList,
  );
  requireNotRevoked([pck.leaf], pckList);

  requireSigned('The TCB info', collateral.tcb_info, collateral.tcb_info_signature, tcbSigner);
  requireSigned("The quoting enclave's identity", collateral.qe_identity, collateral.qe_identity_signature, qeSigner);
  const tcbInfo = parseTcbInfo(collateral.tcb_info);
  const identity = parseQeIdentity(collateral.qe_identity);

  requireQuoteSignature(quote.signed, data, pck.leaf.publicKey);
  const validUntilMs = requireCurrent(nowMs, [
    ...chains.map((chain) => ({ what: 'A certificate of Intel', ...chainWindow(chain) })),
    { what: "The root's revocation list", fromMs: rootList.thisUpdateMs, untilMs: rootList.nextUpdateMs },
    { what: "The processors' revocation list", fromMs: pckList.thisUpdateMs, untilMs: pckList.nextUpdateMs },
    { what: 'The TCB info', ...window(tcbInfo) },
    { what: "The quoting enclave's identity", ...window(identity) },
  ]);
  const { status, advisoryIds } = tcbVerdict(
    quote.body,
    platformOf(pck),
    tcbInfo,
    parseQeReport(data.qeReport),
    identity,
  );
  return { tcbStatus: status, advisoryIds, rootKeyId: pck.rootKeyId, validUntilMs };
}

/** Which collateral a quote needs. The quote has not been verified: it may send us to the wrong documents, no further. */
export function collateralKey(
  quoteBytes: Buffer,
  trustedRoots: readonly Buffer[],
): { fmspc: string; authority: 'platform' | 'processor' } {
  const pck = pckChain(parseSignatureData(parseQuote(quoteBytes).signatureData), trustedRoots);
  const processor = pck.leaf.issuer.includes('Processor CA');
  return { fmspc: platformOf(pck).fmspc.toString('hex'), authority: processor ? 'processor' : 'platform' };
}

function pckChain(data: SignatureData, roots: readonly Buffer[]): Chain {
  return readChain(
    "The processor's certificate",
    data.pckChain,
    [SIGNER.pck, SIGNER.pckAuthority],
    roots,
    'QUOTE_SIGNATURE',
  );
}

function signerChain(what: string, pem: string, roots: readonly Buffer[]): Chain {
  return readChain(what, pem, [SIGNER.tcb], roots, 'COLLATERAL_MALFORMED');
}

function platformOf(pck: Chain): PckPlatform {
  return readable("The processor's certificate", 'QUOTE_SIGNATURE', () => pckPlatform(pck.leaf));
}

function revocationList(what: string, hex: string): RevocationList {
  return readable(what, 'COLLATERAL_MALFORMED', () => readRevocationList(Buffer.from(hex, 'hex')));
}

function readable<T>(what: string, code: 'QUOTE_SIGNATURE' | 'COLLATERAL_MALFORMED', read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new AttestationError(code, `${what} cannot be read (${error.message})`, error);
  }
}

function requireSigned(what: string, text: string, signatureHex: string, signer: Chain): void {
  if (ecdsa(Buffer.from(text), signer.leaf.publicKey, Buffer.from(signatureHex, 'hex'))) return;
  throw new AttestationError(
    'COLLATERAL_MALFORMED',
    `${what} is not as Intel signed it. Fetch it again, or from another service`,
  );
}

/** Processor key → quoting enclave's report → attestation key → quote. */
function requireQuoteSignature(signed: Buffer, data: SignatureData, pckKey: KeyObject): void {
  const { reportData } = parseQeReport(data.qeReport);
  const bound = createHash('sha256').update(data.attestationKey).update(data.qeAuthData).digest();
  const holds =
    ecdsa(data.qeReport, pckKey, data.qeReportSignature) &&
    reportData.equals(Buffer.concat([bound, Buffer.alloc(32)])) &&
    ecdsa(signed, attestationKey(data.attestationKey), data.signature);
  if (holds) return;
  throw new AttestationError(
    'QUOTE_SIGNATURE',
    'The quote is not signed by a genuine processor: it was altered, or made up. Do not trust this peer',
  );
}

function attestationKey(xy: Buffer): KeyObject {
  try {
    const [x, y] = [xy.subarray(0, 32), xy.subarray(32)].map((half) => half.toString('base64url')) as [string, string];
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch (error) {
    throw new AttestationError(
      'QUOTE_SIGNATURE',
      "The quote's attestation key is no point of P-256: it was made up",
      error,
    );
  }
}

function ecdsa(data: Buffer, key: KeyObject, signature: Buffer): boolean {
  return verifySignature('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function window({ issueDate, nextUpdate }: { issueDate: string; nextUpdate: string }) {
  return { fromMs: Date.parse(issueDate), untilMs: Date.parse(nextUpdate) };
}

function requireCurrent(nowMs: number, parts: readonly { what: string; fromMs: number; untilMs: number }[]): number {
  for (const { what, fromMs, untilMs } of parts) {
    if (nowMs >= fromMs && nowMs < untilMs) continue;
    const span = `${new Date(fromMs).toISOString()} to ${new Date(untilMs).toISOString()}`;
    throw new AttestationError(
      'COLLATERAL_EXPIRED',
      `${what} is good from ${span}, and here it is ${new Date(nowMs).toISOString()}. Fetch collateral again, and check this machine's clock`,
    );
  }
  return Math.min(...parts.map(({ untilMs }) => untilMs));
}
