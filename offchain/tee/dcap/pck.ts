import { type DerElement, DerError, expectTag, oidText, readAll, readOne, smallNumber, TAG } from '../der';
import type { Certificate } from '../x509';

const SGX = '1.2.840.113741.1.13.1';

/** Which processor a PCK certificate is for, and the patch level it was certified at. */
export interface PckPlatform {
  /** Family, model, stepping, platform type and custom SKU: 6 bytes. */
  readonly fmspc: Buffer;
  readonly pceId: Buffer;
  /** 16 component patch levels. */
  readonly cpuSvn: readonly number[];
  readonly pceSvn: number;
}

/** Intel's extension of a PCK certificate. @throws DerError */
export function pckPlatform(certificate: Certificate): PckPlatform {
  const extension = certificate.extensions.get(SGX);
  if (extension === undefined) throw new DerError('no SGX extension');
  const top = pairs(readOne(extension.value, TAG.sequence));
  const tcb = pairs(expectTag(top.get(`${SGX}.2`), TAG.sequence));
  const cpuSvn: number[] = [];
  for (let i = 1; i <= 16; i++) {
    const svn = smallNumber(expectTag(tcb.get(`${SGX}.2.${i}`), TAG.integer));
    if (svn > 255) throw new DerError('a component patch level this large');
    cpuSvn.push(svn);
  }
  return {
    fmspc: octets(top.get(`${SGX}.4`), 6),
    pceId: octets(top.get(`${SGX}.3`), 2),
    cpuSvn,
    pceSvn: smallNumber(expectTag(tcb.get(`${SGX}.2.17`), TAG.integer)),
  };
}

function pairs(sequence: DerElement): ReadonlyMap<string, DerElement> {
  const found = new Map<string, DerElement>();
  for (const item of readAll(sequence.content)) {
    const [oid, value, ...more] = readAll(expectTag(item, TAG.sequence).content);
    if (value === undefined || more.length > 0) throw new DerError('an SGX extension of this shape');
    const name = oidText(expectTag(oid, TAG.oid));
    if (found.has(name)) throw new DerError(`${name} twice`);
    found.set(name, value);
  }
  return found;
}

function octets(element: DerElement | undefined, length: number): Buffer {
  const { content } = expectTag(element, TAG.octetString);
  if (content.length !== length) throw new DerError(`${content.length} bytes instead of ${length}`);
  return content;
}
