import { BodyTooLargeError, MAX_VALUE_BYTES, parseObject, type Sink, type Splitter } from './splitter';

/**
 * A body of one JSON value, or of many one after another (newline-delimited or not). Every byte is looked at once, however the body
 * is cut into chunks.
 */
export class JsonSplitter implements Splitter {
  readonly #sink: Sink;
  /** Chunks of a value that has not ended. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let start = 0; // of what has not been given to the sink yet
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === 0x5c) this.#escaped = true;
        else if (byte === 0x22) this.#inString = false;
      } else if (byte === 0x7b || byte === 0x5b) {
        if (this.#depth++ === 0) {
          this.#sink.raw(chunk.subarray(start, at));
          start = at;
        }
      } else if (this.#depth === 0) {
        // Between values: white space, or bare words and numbers, which carry no usage.
      } else if (byte === 0x22) this.#inString = true;
      else if ((byte === 0x7d || byte === 0x5d) && --this.#depth === 0) {
        this.#value(chunk.subarray(start, at + 1));
        start = at + 1;
      }
    }
    const rest = chunk.subarray(start);
    if (this.#depth === 0) this.#sink.raw(rest);
    else this.#hold(rest);
  }

  end(): void {
    for (const chunk of this.#held) this.#sink.raw(chunk);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #value(tail: Buffer): void {
    const bytes = this.#held.length === 0 ? tail : Buffer.concat([...this.#held, tail]);
    this.#held = [];
    this.#heldBytes = 0;
    const span = { start: 0, end: bytes.length };
    const value = bytes[0] === 0x7b ? parseObject(bytes, span) : undefined;
    if (value === undefined) this.#sink.raw(bytes);
    else this.#sink.object({ value, bytes, span });
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_VALUE_BYTES) throw new BodyTooLargeError(MAX_VALUE_BYTES);
    this.#held.push(bytes);
  }
}
