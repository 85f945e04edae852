import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Collateral } from '../dcap/collateral';
import { ecdsaHex, type Issued, issue, keyIdOf, type ListOptions, revocationListHex, sgxExtension } from './test-pki';

export const NOW_MS = Date.parse('2026-11-25T12:00:00Z');
const DAY_MS = 86_400_000;
const ALWAYS = { fromMs: NOW_MS - 1000 * DAY_MS, untilMs: NOW_MS + 1000 * DAY_MS };
const MONTH = { fromMs: NOW_MS - 10 * DAY_MS, untilMs: NOW_MS + 20 * DAY_MS };
const FMSPC = Buffer.from('b0c06f000000', 'hex');
const QE_SIGNER = Buffer.alloc(32, 0xdc);
/** What the processor was certified at; the levels below are about this. */
const CPU_SVN = [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
const PCE_SVN = 11;

export interface QuoteOptions {
  readonly reportData?: Buffer;
  readonly version?: 4 | 5;
  readonly td15?: boolean;
  readonly teeTcbSvn?: readonly number[];
  readonly tdAttributes?: Buffer;
  readonly mrSignerSeam?: Buffer;
  readonly seamAttributes?: Buffer;
  readonly mrServiceTd?: Buffer;
  readonly mrTd?: Buffer;
  readonly rtmr?: readonly Buffer[];
  readonly qeIsvSvn?: number;
  /** Changes the quote before it is signed. */
  readonly mutateSigned?: (signed: Buffer) => void;
}

export interface CollateralOptions {
  readonly platformStatus?: string;
  readonly moduleStatus?: string;
  readonly qeStatus?: string;
  readonly advisories?: readonly string[];
  readonly tcbInfo?: object;
  readonly qeIdentity?: object;
  readonly rootList?: Partial<ListOptions>;
  readonly pckList?: Partial<ListOptions>;
  readonly signer?: Issued;
}

/** A make-believe Intel and one machine of its make: quotes of any shape, signed as real ones are, and the collateral for them. */
export class TestPlatform {
  readonly root: Issued;
  readonly authority: Issued;
  readonly pck: Issued;
  readonly tcbSigner: Issued;
  readonly rootKeyId: Buffer;
  readonly #attestationKey: KeyObject;

  constructor(validity: { pckUntilMs?: number } = {}) {
    this.root = issue('Intel SGX Root CA', undefined, { ...ALWAYS, authority: true });
    this.authority = issue('Intel SGX PCK Platform CA', this.root, { ...ALWAYS, authority: true });
    this.pck = issue('Intel SGX PCK Certificate', this.authority, {
      fromMs: ALWAYS.fromMs,
      untilMs: validity.pckUntilMs ?? ALWAYS.untilMs,
      extensions: [sgxExtension({ fmspc: FMSPC, cpuSvn: CPU_SVN, pceSvn: PCE_SVN })],
    });
    this.tcbSigner = issue('Intel SGX TCB Signing', this.root, ALWAYS);
    this.rootKeyId = keyIdOf(this.root);
    this.#attestationKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  }

  quote(options: QuoteOptions = {}): Buffer {
    const { version = 4, td15 = false } = options;
    const header = Buffer.alloc(48);
    header.writeUInt16LE(version, 0);
    header.writeUInt16LE(2, 2);
    header.writeUInt32LE(0x81, 4);
    Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex').copy(header, 12);
    const body = tdxBody(options);
    const described = Buffer.alloc(version === 5 ? 6 : 0);
    if (version === 5) {
      described.writeUInt16LE(td15 ? 3 : 2, 0);
      described.writeUInt32LE(body.length, 2);
    }
    const signed = Buffer.concat([header, described, body]);
    options.mutateSigned?.(signed);
    const data = this.#signatureData(signed, options.qeIsvSvn ?? 4);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(data.length, 0);
    return Buffer.concat([signed, length, data]);
  }

  #signatureData(signed: Buffer, qeIsvSvn: number): Buffer {
    const point = createPublicKey(this.#attestationKey).export({ type: 'spki', format: 'der' }).subarray(-64);
    const auth = Buffer.alloc(32, 9);
    const report = Buffer.alloc(384);
    report.writeUInt8(0x15, 48);
    QE_SIGNER.copy(report, 128);
    report.writeUInt16LE(2, 256);
    report.writeUInt16LE(qeIsvSvn, 258);
    createHash('sha256').update(point).update(auth).digest().copy(report, 320);
    const chain = Buffer.from(this.pck.pem + this.authority.pem + this.root.pem);
    const inner = Buffer.concat([
      report,
      Buffer.from(ecdsaHex(report, this.pck.key), 'hex'),
      u16(auth.length),
      auth,
      u16(5),
      u32(chain.length),
      chain,
    ]);
    const signature = Buffer.from(ecdsaHex(signed, this.#attestationKey), 'hex');
    return Buffer.concat([signature, point, u16(6), u32(inner.length), inner]);
  }

  collateral(options: CollateralOptions = {}): Collateral {
    const signer = options.signer ?? this.tcbSigner;
    const tcbInfo = JSON.stringify({ ...tcbInfoOf(options), ...options.tcbInfo });
    const qeIdentity = JSON.stringify({ ...qeIdentityOf(options), ...options.qeIdentity });
    return {
      root_ca_crl: revocationListHex(this.root, { ...MONTH, ...options.rootList }),
      pck_crl: revocationListHex(this.authority, { ...MONTH, ...options.pckList }),
      tcb_info_issuer_chain: signer.pem + this.root.pem,
      tcb_info: tcbInfo,
      tcb_info_signature: ecdsaHex(Buffer.from(tcbInfo), signer.key),
      qe_identity_issuer_chain: signer.pem + this.root.pem,
      qe_identity: qeIdentity,
      qe_identity_signature: ecdsaHex(Buffer.from(qeIdentity), signer.key),
    };
  }
}

function tdxBody(options: QuoteOptions): Buffer {
  const rtmr = options.rtmr ?? [1, 2, 3, 4].map((n) => Buffer.alloc(48, 0x10 + n));
  const attributes = options.tdAttributes ?? Buffer.from('0000001000000000', 'hex');
  const td10 = [
    Buffer.from(options.teeTcbSvn ?? [5, 1, 4, ...new Array(13).fill(0)]),
    Buffer.alloc(48, 0x5e),
    options.mrSignerSeam ?? Buffer.alloc(48),
    options.seamAttributes ?? Buffer.alloc(8),
    attributes,
    Buffer.from('e702060000000000', 'hex'),
    options.mrTd ?? Buffer.alloc(48, 0x0d),
    Buffer.alloc(144),
    ...rtmr,
    options.reportData ?? Buffer.alloc(64, 0xaa),
  ];
  return Buffer.concat(options.td15 ? [...td10, Buffer.alloc(16, 1), options.mrServiceTd ?? Buffer.alloc(48)] : td10);
}

function tcbInfoOf({ platformStatus = 'UpToDate', moduleStatus = 'UpToDate', advisories }: CollateralOptions): object {
  const module = { mrsigner: '0'.repeat(96), attributes: '0'.repeat(16), attributesMask: 'F'.repeat(16) };
  const level = (
    cpu: number[],
    pcesvn: number,
    tdx: number[],
    tcbStatus: string,
    advisoryIDs: readonly string[] = [],
  ) => ({
    tcb: {
      sgxtcbcomponents: cpu.map((svn) => ({ svn })),
      pcesvn,
      tdxtcbcomponents: [...tdx, ...new Array(16 - tdx.length).fill(0)].map((svn) => ({ svn })),
    },
    tcbDate: '2025-08-13T00:00:00Z',
    tcbStatus,
    advisoryIDs,
  });
  const newer = CPU_SVN.map((svn, i) => (i === 0 ? svn + 1 : svn));
  return {
    id: 'TDX',
    version: 3,
    issueDate: new Date(MONTH.fromMs).toISOString(),
    nextUpdate: new Date(MONTH.untilMs).toISOString(),
    fmspc: FMSPC.toString('hex').toUpperCase(),
    pceId: '0000',
    tcbType: 0,
    tcbEvaluationDataNumber: 20,
    tdxModule: module,
    tdxModuleIdentities: [
      {
        id: 'TDX_01',
        ...module,
        tcbLevels: [
          { tcb: { isvsvn: 9 }, tcbStatus: 'UpToDate' },
          { tcb: { isvsvn: 5 }, tcbStatus: moduleStatus },
        ],
      },
    ],
    tcbLevels: [
      level(newer, PCE_SVN, [5, 0, 4], 'UpToDate'),
      level(CPU_SVN, PCE_SVN, [9, 0, 4], platformStatus, advisories),
      level(CPU_SVN, 5, [5, 0, 2], 'OutOfDate', ['INTEL-SA-00001']),
    ],
  };
}

function qeIdentityOf({ qeStatus = 'UpToDate' }: CollateralOptions): object {
  return {
    id: 'TD_QE',
    version: 2,
    issueDate: new Date(MONTH.fromMs).toISOString(),
    nextUpdate: new Date(MONTH.untilMs).toISOString(),
    tcbEvaluationDataNumber: 20,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: QE_SIGNER.toString('hex').toUpperCase(),
    isvprodid: 2,
    tcbLevels: [{ tcb: { isvsvn: 4 }, tcbStatus: qeStatus }],
  };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value, 0);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
