import { request } from 'undici';
import { AttestationError } from '../errors';
import { type Collateral, MAX_COLLATERAL_BYTES, parseCollateral } from './collateral';
import type { CollateralKey } from './thread';

/** Intel's own service. What it says is signed; who asks tells it nothing but the kind of processor and this machine's address. */
export const INTEL_PCS_URL = 'https://api.trustedservices.intel.com';
/** Intel's service has no root list under its API; this is where its root certificate points. */
export const INTEL_ROOT_CRL_URL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der';

export interface CollateralSource {
  /** @throws AttestationError COLLATERAL_UNAVAILABLE or COLLATERAL_MALFORMED */
  fetch(key: CollateralKey): Promise<Collateral>;
}

export interface PccsOptions {
  /** Of the service, without `/sgx/…`. */
  readonly url?: string;
  readonly rootCrlUrl?: string;
  readonly timeoutMs?: number;
}

interface Reply {
  readonly body: Buffer;
  readonly header: (name: string) => string;
}

/** A provisioning certificate service: Intel's, a cloud's or one's own cache of it (API version 4). */
export class Pccs implements CollateralSource {
  readonly #url: string;
  readonly #rootCrlUrl: string;
  readonly #timeoutMs: number;

  constructor(options: PccsOptions = {}) {
    this.#url = (options.url ?? INTEL_PCS_URL).replace(/\/+$/, '');
    this.#rootCrlUrl = options.rootCrlUrl ?? INTEL_ROOT_CRL_URL;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  async fetch({ fmspc, authority }: CollateralKey): Promise<Collateral> {
    const [list, rootList, tcb, identity] = await Promise.all([
      this.#get(`${this.#url}/sgx/certification/v4/pckcrl?ca=${authority}&encoding=der`),
      this.#rootList(),
      this.#get(`${this.#url}/tdx/certification/v4/tcb?fmspc=${fmspc}`),
      this.#get(`${this.#url}/tdx/certification/v4/qe/identity`),
    ]);
    const tcbInfo = signedPart(tcb, 'tcbInfo');
    const qeIdentity = signedPart(identity, 'enclaveIdentity');
    return parseCollateral({
      pck_crl_issuer_chain: list.header('sgx-pck-crl-issuer-chain'),
      root_ca_crl: rootList,
      pck_crl: derHex(list.body),
      tcb_info_issuer_chain: tcb.header('tcb-info-issuer-chain'),
      tcb_info: tcbInfo.text,
      tcb_info_signature: tcbInfo.signature,
      qe_identity_issuer_chain: identity.header('sgx-enclave-identity-issuer-chain'),
      qe_identity: qeIdentity.text,
      qe_identity_signature: qeIdentity.signature,
    });
  }

  async #rootList(): Promise<string> {
    const ofService = await this.#request(`${this.#url}/sgx/certification/v4/rootcacrl`);
    if (ofService !== 404) return derHex(ofService.body);
    return derHex((await this.#get(this.#rootCrlUrl)).body);
  }

  async #get(url: string): Promise<Reply> {
    const reply = await this.#request(url);
    if (reply === 404) throw unavailable(url, 'it answered 404: it does not know this kind of processor');
    return reply;
  }

  async #request(url: string): Promise<Reply | 404> {
    try {
      const response = await request(url, {
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: { accept: '*/*', 'user-agent': 'cocoon' },
      });
      const body = await bounded(response.body);
      if (response.statusCode === 404) return 404;
      if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
      return {
        body,
        header: (name) => decoded(response.headers[name]),
      };
    } catch (error) {
      throw unavailable(url, (error as Error).message, error);
    }
  }
}

/** A chain that cannot be decoded is as good as none: it will not verify. */
function decoded(value: string | string[] | undefined): string {
  try {
    return typeof value === 'string' ? decodeURIComponent(value) : '';
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}

async function bounded(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_COLLATERAL_BYTES) throw new Error('it sends too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Intel answers in DER, caches answer in hex. */
function derHex(body: Buffer): string {
  const text = body.toString('latin1').trim();
  return /^[0-9a-fA-F]+$/.test(text) ? text : body.toString('hex');
}

/** The signature is over the document as it was written, so it is cut out of the answer, not written anew. */
function signedPart({ body }: Reply, name: string): { text: string; signature: unknown } {
  const answer = body.toString('utf8');
  const start = answer.indexOf(`"${name}":`);
  try {
    const parsed = JSON.parse(answer) as Record<string, unknown>;
    const compact = JSON.stringify(parsed[name]) ?? '';
    const at = start + name.length + 3;
    // Both services write it compactly; another form would not be what Intel signed.
    const text = answer.startsWith(compact, at) ? compact : '';
    return { text, signature: parsed.signature };
  } catch (error) {
    throw new AttestationError(
      'COLLATERAL_MALFORMED',
      `The provisioning service answers with something that is not JSON. Check pccs_url`,
      error,
    );
  }
}

function unavailable(url: string, why: string, cause?: unknown): AttestationError {
  return new AttestationError(
    'COLLATERAL_UNAVAILABLE',
    `${new URL(url).host} did not give Intel's collateral (${why}). Check that this machine reaches it, or set pccs_url`,
    cause,
  );
}
