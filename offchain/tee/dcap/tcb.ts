import { AttestationError } from '../errors';
import type { TdxBody } from '../quote';
import type { QeIdentity, TcbInfo, TcbStatus } from './collateral';
import type { PckPlatform } from './pck';
import type { QeReport } from './signature-data';

export interface TcbVerdict {
  readonly status: TcbStatus;
  readonly advisoryIds: readonly string[];
}

/**
 * The patch level of the whole platform: processor and firmware, TDX module and quoting enclave, the worst of them counting,
 * by the rules of Intel's attestation library.
 */
export function tcbVerdict(
  body: TdxBody,
  platform: PckPlatform,
  tcbInfo: TcbInfo,
  qe: QeReport,
  identity: QeIdentity,
): TcbVerdict {
  const base = platformLevel(body, platform, tcbInfo);
  return [moduleLevel(body, tcbInfo), qeLevel(qe, identity)].reduce(worse, base);
}

function platformLevel(body: TdxBody, platform: PckPlatform, tcbInfo: TcbInfo): TcbVerdict {
  const pceId = platform.pceId.toString('hex');
  if (platform.fmspc.toString('hex') !== tcbInfo.fmspc.toLowerCase() || pceId !== tcbInfo.pceId.toLowerCase()) {
    throw new AttestationError(
      'COLLATERAL_MALFORMED',
      `The TCB info is for processors ${tcbInfo.fmspc}, the peer has ${platform.fmspc.toString('hex')}: fetch that`,
    );
  }
  // From TDX module generation 1 on, the first two components are the module's and judged by its own identity.
  const first = (body.teeTcbSvn[1] ?? 0) > 0 ? 2 : 0;
  const level = tcbInfo.tcbLevels.find(({ tcb }) => {
    const sgx = tcb.sgxtcbcomponents.every(({ svn }, i) => (platform.cpuSvn[i] as number) >= svn);
    const tdx = tcb.tdxtcbcomponents.every(({ svn }, i) => i < first || (body.teeTcbSvn[i] as number) >= svn);
    return sgx && tdx && platform.pceSvn >= tcb.pcesvn;
  });
  if (level === undefined) throw unlisted("processor and firmware's");
  return { status: level.tcbStatus, advisoryIds: level.advisoryIDs };
}

function moduleLevel(body: TdxBody, tcbInfo: TcbInfo): TcbVerdict {
  const [isvSvn = 0, generation = 0] = body.teeTcbSvn;
  const id = `TDX_${generation.toString(16).padStart(2, '0')}`;
  const identity =
    generation === 0
      ? undefined
      : tcbInfo.tdxModuleIdentities.find((known) => known.id.toLowerCase() === id.toLowerCase());
  if (generation > 0 && identity === undefined) throw seam(`Intel lists no TDX module ${id}`);
  const { mrsigner, attributes, attributesMask } = identity ?? tcbInfo.tdxModule;
  if (!body.mrSignerSeam.equals(Buffer.from(mrsigner, 'hex'))) throw seam('another signer made the TDX module');
  if (!maskedEqual(body.seamAttributes, attributes, attributesMask)) throw seam("the TDX module's attributes differ");
  if (identity === undefined) return { status: 'UpToDate', advisoryIds: [] };
  return isvLevel(isvSvn, identity.tcbLevels, "TDX module's");
}

function qeLevel(report: QeReport, identity: QeIdentity): TcbVerdict {
  const matches =
    report.mrSigner.equals(Buffer.from(identity.mrsigner, 'hex')) &&
    report.isvProdId === identity.isvprodid &&
    // Little endian in the report, big endian in the document.
    maskedEqual(Buffer.from(report.miscSelect).reverse(), identity.miscselect, identity.miscselectMask) &&
    maskedEqual(report.attributes, identity.attributes, identity.attributesMask);
  if (!matches) {
    throw new AttestationError(
      'QUOTE_SIGNATURE',
      "The quote was made by something else than Intel's TDX quoting enclave. The peer must use the quoting service of its platform",
    );
  }
  return isvLevel(report.isvSvn, identity.tcbLevels, "quoting enclave's");
}

function isvLevel(isvSvn: number, levels: QeIdentity['tcbLevels'], whose: string): TcbVerdict {
  // Highest first, whatever order the document has them in.
  const level = [...levels].sort((a, b) => b.tcb.isvsvn - a.tcb.isvsvn).find(({ tcb }) => isvSvn >= tcb.isvsvn);
  if (level === undefined) throw unlisted(whose);
  return { status: level.tcbStatus, advisoryIds: level.advisoryIDs };
}

/** The platform's verdict, made worse by that of a part. */
function worse(platform: TcbVerdict, part: TcbVerdict): TcbVerdict {
  const advisoryIds = [...new Set([...platform.advisoryIds, ...part.advisoryIds])];
  return { status: converge(platform.status, part.status), advisoryIds };
}

function converge(platform: TcbStatus, part: TcbStatus): TcbStatus {
  if (platform === 'Revoked' || part === 'Revoked') return 'Revoked';
  if (part === 'UpToDate') return platform;
  const configured = platform === 'UpToDate' || platform === 'SWHardeningNeeded' || platform === 'OutOfDate';
  if (part === 'OutOfDate') return configured ? 'OutOfDate' : 'OutOfDateConfigurationNeeded';
  // Intel gives parts no other status; whatever it meant, it is not up to date.
  return 'OutOfDateConfigurationNeeded';
}

function maskedEqual(actual: Buffer, expectedHex: string, maskHex: string): boolean {
  const expected = Buffer.from(expectedHex, 'hex');
  const mask = Buffer.from(maskHex, 'hex');
  return actual.every((byte, i) => (byte & (mask[i] as number)) === ((expected[i] as number) & (mask[i] as number)));
}

function unlisted(whose: string): AttestationError {
  return new AttestationError(
    'TCB_OUT_OF_DATE',
    `The ${whose} patch level is below every one that Intel still lists. The peer's operator must update firmware and TDX module`,
  );
}

function seam(why: string): AttestationError {
  return new AttestationError(
    'QUOTE_SEAM',
    `${why[0]?.toUpperCase()}${why.slice(1)}. The peer's operator must install Intel's released one`,
  );
}
