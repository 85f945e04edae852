import { FrameError } from './errors';

/**
 * Frames: u32 length (payload only) | i32 number | payload, little endian. The number counts from 0 in each direction.
 */
export const FRAME_HEADER_BYTES = 8;
export const MIN_PAYLOAD_BYTES = 4;
export const MAX_PAYLOAD_BYTES = 1 << 24;

/** First allocation for a payload that comes in pieces. It grows with what arrives, never with what a header claims. */
const FIRST_PIECE_BYTES = 64 * 1024;

/** Writes the header of the frame that starts at the buffer's beginning. */
export function writeFrameHeader(frame: Buffer, seqno: number): void {
  frame.writeUInt32LE(frame.length - FRAME_HEADER_BYTES, 0);
  frame.writeInt32LE(seqno | 0, 4);
}

/**
 * Cuts a byte stream, in whatever chunks it comes, into payloads. A payload inside one chunk is a view of that chunk;
 * one that spans chunks is copied once into a buffer of its own.
 */
export class FrameParser {
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #length = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #seqno = 0;

  /** Whether the stream stands inside a frame. */
  get partial(): boolean {
    return this.#headerBytes > 0;
  }

  /**
   * Takes a chunk and hands every payload it completes to `onPayload`, in order; a `false` from it stops (the rest of
   * the chunk is dropped). The chunk must not be changed afterwards. Throws FrameError; the parser is then of no use.
   */
  push(chunk: Buffer, onPayload: (payload: Buffer) => boolean): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        at = this.#readHeader(chunk, at);
        if (this.#headerBytes < FRAME_HEADER_BYTES) return;
        continue;
      }
      const missing = this.#length - this.#bodyBytes;
      const available = chunk.length - at;
      if (available < missing) {
        this.#append(chunk, at, chunk.length);
        return;
      }
      let payload: Buffer;
      if (this.#body) {
        this.#append(chunk, at, at + missing);
        payload = this.#body.subarray(0, this.#length);
      } else {
        payload = chunk.subarray(at, at + missing);
      }
      at += missing;
      this.#headerBytes = 0;
      this.#body = undefined;
      this.#bodyBytes = 0;
      if (!onPayload(payload)) return;
    }
  }

  #readHeader(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + FRAME_HEADER_BYTES - this.#headerBytes);
    chunk.copy(this.#header, this.#headerBytes, start, end);
    this.#headerBytes += end - start;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return end;
    const length = this.#header.readUInt32LE(0);
    const seqno = this.#header.readInt32LE(4);
    if (length < MIN_PAYLOAD_BYTES || length > MAX_PAYLOAD_BYTES) {
      throw new FrameError(`a frame claims ${length} bytes; ${MIN_PAYLOAD_BYTES} to ${MAX_PAYLOAD_BYTES} are allowed`);
    }
    if (seqno !== this.#seqno) throw new FrameError(`frame number ${seqno} came where ${this.#seqno} was expected`);
    this.#seqno = (seqno + 1) | 0;
    this.#length = length;
    return end;
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const total = this.#bodyBytes + end - start;
    if (!this.#body || this.#body.length < total) {
      const size = Math.min(this.#length, Math.max(FIRST_PIECE_BYTES, total, (this.#body?.length ?? 0) * 2));
      const grown = Buffer.allocUnsafeSlow(size);
      this.#body?.copy(grown, 0, 0, this.#bodyBytes);
      this.#body = grown;
    }
    chunk.copy(this.#body, this.#bodyBytes, start, end);
    this.#bodyBytes = total;
  }
}
