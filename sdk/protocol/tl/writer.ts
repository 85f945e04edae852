import { TlError } from './tl-error';

/** Longest TL string that can be written; the format goes to 4 GiB, frames end at 16 MiB. */
const MAX_BYTES = 0x7fffff00;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;

/** What a value is written to: first a TlSizer, which checks it and counts, then a TlWriter, which trusts that check. */
export abstract class Sink {
  #owner = '';
  #field = '';

  /** Says what is being written, for the error message. */
  at(owner: string, field: string): void {
    this.#owner = owner;
    this.#field = field;
  }

  fail(problem: string): never {
    throw new TlError(`${this.#owner}.${this.#field}`, problem);
  }

  abstract uint32(value: number): void;
  abstract int(value: unknown): void;
  abstract long(value: unknown): void;
  abstract double(value: unknown): void;
  abstract int256(value: unknown): void;
  abstract string(value: unknown): void;
  abstract bytes(value: unknown): void;
}

/** Bytes that a TL string of this length takes, prefix and padding included. */
export function tlBytesSize(length: number): number {
  const prefix = length < 254 ? 1 : length < 1 << 24 ? 4 : 8;
  return (prefix + length + 3) & ~3;
}

export class TlSizer extends Sink {
  size = 0;

  uint32(): void {
    this.size += 4;
  }

  int(value: unknown): void {
    if (typeof value !== 'number' || (value | 0) !== value) this.fail('must be a signed 32-bit integer');
    this.size += 4;
  }

  long(value: unknown): void {
    if (typeof value !== 'bigint' || value < MIN_LONG || value > MAX_LONG) {
      this.fail('must be a signed 64-bit bigint (BigInt.asIntN(64, x) for an unsigned one)');
    }
    this.size += 8;
  }

  double(value: unknown): void {
    if (typeof value !== 'number') this.fail('must be a number');
    this.size += 8;
  }

  int256(value: unknown): void {
    if (!Buffer.isBuffer(value) || value.length !== 32) this.fail('must be a Buffer of 32 bytes');
    this.size += 32;
  }

  string(value: unknown): void {
    if (typeof value !== 'string') this.fail('must be a string');
    this.#add(Buffer.byteLength(value as string));
  }

  bytes(value: unknown): void {
    if (!Buffer.isBuffer(value)) this.fail('must be a Buffer');
    this.#add((value as Buffer).length);
  }

  #add(length: number): void {
    if (length > MAX_BYTES) this.fail('is longer than 2 GiB');
    this.size += tlBytesSize(length);
  }
}

export class TlWriter extends Sink {
  readonly buffer: Buffer;
  pos: number;
  /** Padding counts from here: a value inside another one's bytes need not start at a multiple of 4. */
  readonly #start: number;

  constructor(buffer: Buffer, pos: number) {
    super();
    this.buffer = buffer;
    this.pos = pos;
    this.#start = pos;
  }

  uint32(value: number): void {
    this.pos = this.buffer.writeUInt32LE(value >>> 0, this.pos);
  }

  int(value: unknown): void {
    this.pos = this.buffer.writeInt32LE(value as number, this.pos);
  }

  long(value: unknown): void {
    this.pos = this.buffer.writeBigInt64LE(value as bigint, this.pos);
  }

  double(value: unknown): void {
    this.pos = this.buffer.writeDoubleLE(value as number, this.pos);
  }

  int256(value: unknown): void {
    this.pos += (value as Buffer).copy(this.buffer, this.pos);
  }

  string(value: unknown): void {
    const text = value as string;
    const length = Buffer.byteLength(text);
    this.bytesHeader(length);
    this.pos += this.buffer.write(text, this.pos, length, 'utf8');
    this.pad();
  }

  bytes(value: unknown): void {
    const data = value as Buffer;
    this.bytesHeader(data.length);
    this.pos += data.copy(this.buffer, this.pos);
    this.pad();
  }

  bytesHeader(length: number): void {
    const { buffer } = this;
    if (length < 254) {
      buffer[this.pos++] = length;
    } else if (length < 1 << 24) {
      buffer[this.pos++] = 254;
      this.pos = buffer.writeUIntLE(length, this.pos, 3);
    } else {
      buffer[this.pos++] = 255;
      this.pos = buffer.writeUInt32LE(length, this.pos);
      this.pos = buffer.writeUIntLE(0, this.pos, 3);
    }
  }

  pad(): void {
    while (((this.pos - this.#start) & 3) !== 0) this.buffer[this.pos++] = 0;
  }
}
