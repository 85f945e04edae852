/**
 * The part of ASN.1 DER that certificates, revocation lists and Intel's extensions use. The reader is strict (one encoding
 * per value, definite and minimal lengths, nothing after the end) so that it never sees another certificate than
 * OpenSSL does; it never copies, and it never reads further than the element it was given.
 */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

/** The elements in `bytes`, which must hold nothing else. */
export function readAll(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const element = readAt(bytes, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** The one element in `bytes`. */
export function readOne(bytes: Buffer, tag: number): DerElement {
  const element = readAt(bytes, 0);
  if (element.whole.length !== bytes.length) throw new DerError('bytes after the end');
  return expectTag(element, tag);
}

export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined) throw new DerError('an element is missing');
  if (element.tag !== tag) throw new DerError(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`);
  return element;
}

function readAt(bytes: Buffer, offset: number): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('cut off inside an element');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of more than one byte');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count < 1 || count > 3 || start + count > bytes.length) throw new DerError('a length that is not DER');
    length = bytes.readUIntBE(start, count);
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('a length that is not minimal');
    start += count;
  }
  if (start + length > bytes.length) throw new DerError('cut off inside an element');
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(offset, start + length) };
}

export function oidText(element: DerElement): string {
  const { content } = expectTag(element, TAG.oid);
  if (content.length === 0 || content.length > 40) throw new DerError('an object identifier of this length');
  const arcs: number[] = [];
  let value = 0;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw new DerError('an object identifier that is not minimal');
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 256) throw new DerError('an object identifier this large');
    fresh = (byte & 0x80) === 0;
    if (fresh) {
      arcs.push(value);
      value = 0;
    }
  }
  if (!fresh) throw new DerError('an object identifier without an end');
  const [head = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - root * 40, ...rest].join('.');
}

/** The bytes of an integer without its sign byte; negative ones have no place in a certificate. */
export function unsignedInteger(element: DerElement): Buffer {
  const { content } = expectTag(element, TAG.integer);
  const [first, second] = content;
  if (first === undefined || first >= 0x80) throw new DerError('a negative or empty integer');
  if (first === 0 && second !== undefined && second < 0x80) throw new DerError('an integer that is not minimal');
  return first === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** A small number: INTEGER or ENUMERATED. */
export function smallNumber(element: DerElement, tag: number = TAG.integer): number {
  const bytes = unsignedInteger({ ...expectTag(element, tag), tag: TAG.integer });
  if (bytes.length > 4) throw new DerError('a number this large');
  return bytes.readUIntBE(0, bytes.length);
}

/** UTCTime or GeneralizedTime, in the one form that RFC 5280 allows each. */
export function timeMs(element: DerElement): number {
  const text = element.content.toString('latin1');
  const utc = element.tag === TAG.utcTime;
  if (!utc) expectTag(element, TAG.generalizedTime);
  const match = (
    utc ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/ : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
  ).exec(text);
  if (match === null) throw new DerError('a time that is not RFC 5280');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const full = utc ? year + (year >= 50 ? 1900 : 2000) : year;
  const ms = Date.UTC(full, month - 1, day, hour, minute, second);
  // Date.UTC accepts the 31st of February; a certificate may not have one.
  if (month < 1 || month > 12 || new Date(ms).getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw new DerError('a time that does not exist');
  }
  return ms;
}

export function write(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const count = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3;
  const head = Buffer.alloc(2 + count);
  head.writeUInt8(tag, 0);
  head.writeUInt8(0x80 | count, 1);
  head.writeUIntBE(length, 2, count);
  return Buffer.concat([head, content]);
}

export function writeOid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups: number[] = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80);
    bytes.push(...groups);
  }
  return write(TAG.oid, Buffer.from(bytes));
}

/** A non-negative integer from its big-endian bytes. */
export function writeInteger(value: Buffer): Buffer {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const trimmed = value.subarray(start);
  return write(TAG.integer, (trimmed[0] ?? 0) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), trimmed);
}

export function writeTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  const utc = text.startsWith('19') || (text.startsWith('20') && text.slice(2, 4) < '50');
  return write(utc ? TAG.utcTime : TAG.generalizedTime, Buffer.from(utc ? text.slice(2) : text, 'latin1'));
}
