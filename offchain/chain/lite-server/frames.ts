import { createHash, randomBytes } from 'node:crypto';

/** size:uint32 nonce:int256 payload sha256(nonce, payload); the size does not count itself. */
const NONCE = 32;
const HASH = 32;
const SIZE = 4;

/** Longer than any proof or list of transactions that we ask for. */
export const MAX_FRAME = 16 << 20;

export class FrameError extends Error {
  override name = 'FrameError';
}

function digest(nonce: Buffer, payload: Buffer): Buffer {
  return createHash('sha256').update(nonce).update(payload).digest();
}

export function frame(payload: Buffer, nonce: Buffer = randomBytes(NONCE)): Buffer {
  const size = Buffer.alloc(SIZE);
  size.writeUInt32LE(NONCE + payload.length + HASH);
  return Buffer.concat([size, nonce, payload, digest(nonce, payload)]);
}

/** Cuts a decrypted stream into payloads. */
export class FrameReader {
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = SIZE;

  /** @throws FrameError: the stream cannot be used any longer */
  push(bytes: Buffer): Buffer[] {
    this.#parts.push(bytes);
    this.#held += bytes.length;
    const payloads: Buffer[] = [];
    // Bytes are put together once per frame, not once per packet that arrives.
    while (this.#held >= this.#wanted) {
      const all = Buffer.concat(this.#parts);
      const size = all.readUInt32LE(0);
      if (size < NONCE + HASH || size > MAX_FRAME) throw new FrameError(`a packet of ${size} bytes`);
      this.#wanted = SIZE + size;
      this.#parts = [all];
      if (this.#held < this.#wanted) break;
      const nonce = all.subarray(SIZE, SIZE + NONCE);
      const payload = all.subarray(SIZE + NONCE, this.#wanted - HASH);
      if (!digest(nonce, payload).equals(all.subarray(this.#wanted - HASH, this.#wanted)))
        throw new FrameError('a packet whose hash is wrong');
      payloads.push(payload);
      this.#parts = [all.subarray(this.#wanted)];
      this.#held -= this.#wanted;
      this.#wanted = SIZE;
    }
    return payloads;
  }
}
