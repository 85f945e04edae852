import { TlError } from './tl-error';

/** Byte strings up to this length are copied, so that a kept request id does not pin the socket buffer it came in. */
const COPY_BELOW = 1024;

/**
 * Reads TL primitives from a buffer. `at(constructor, field)` says what is being read, for the error message.
 * Longer byte strings are views into the input: do not change the input while they are in use.
 */
export class TlReader {
  readonly data: Buffer;
  pos = 0;
  #owner = '';
  #field = '';

  constructor(data: Buffer) {
    this.data = data;
  }

  get remaining(): number {
    return this.data.length - this.pos;
  }

  at(owner: string, field: string): void {
    this.#owner = owner;
    this.#field = field;
  }

  fail(problem: string): never {
    const name = this.#owner === '' ? 'message' : `${this.#owner}.${this.#field}`;
    throw new TlError(name, problem, this.pos);
  }

  /** Position before the next `size` bytes, which are consumed. */
  take(size: number): number {
    const start = this.pos;
    if (size > this.data.length - start) this.fail(`needs ${size} more bytes, ${this.data.length - start} are left`);
    this.pos = start + size;
    return start;
  }

  uint32(): number {
    return this.data.readUInt32LE(this.take(4));
  }

  int(): number {
    return this.data.readInt32LE(this.take(4));
  }

  long(): bigint {
    return this.data.readBigInt64LE(this.take(8));
  }

  double(): number {
    return this.data.readDoubleLE(this.take(8));
  }

  int256(): Buffer {
    const start = this.take(32);
    return Buffer.from(this.data.subarray(start, start + 32));
  }

  string(): string {
    const size = this.#length();
    const start = this.pos - size;
    const text = this.data.toString('utf8', start, this.pos);
    this.#padding();
    return text;
  }

  bytes(): Buffer {
    const size = this.#length();
    const view = this.data.subarray(this.pos - size, this.pos);
    this.#padding();
    return size < COPY_BELOW ? Buffer.from(view) : view;
  }

  /** Consumes length prefix and content; returns the content's length, `pos` stands behind the content. */
  #length(): number {
    const { data } = this;
    const first = data[this.take(1)]!;
    let size = first;
    if (first === 254) {
      size = data.readUIntLE(this.take(3), 3);
    } else if (first === 255) {
      const start = this.take(7);
      if (data.readUIntLE(start + 4, 3) !== 0) this.fail('claims 4 GiB or more');
      size = data.readUInt32LE(start);
    }
    this.take(size);
    return size;
  }

  /** Strings are padded to a multiple of 4, counted from the (aligned) start of the message. */
  #padding(): void {
    const rest = this.pos & 3;
    if (rest === 0) return;
    for (let i = this.take(4 - rest); i < this.pos; i++) {
      if (this.data[i] !== 0) this.fail('has padding that is not zero');
    }
  }
}
