import { crc32 } from 'node:zlib';

/**
 * The record format of both state files:
 *
 *   magic u32 | number u32 | length u32 | crc32 u32 (of number, length and payload) | payload (JSON, UTF-8)
 *
 * Integers are big-endian; numbers count from 0 in each file. The number makes a lost or doubled record visible, the magic
 * lets a reader find out whether valid records follow a bad one: if none does, the bad one is the torn end of an append that
 * was never acknowledged; if one does, the file is damaged.
 */
const MAGIC = 0x434c4e52;
const HEADER = 16;
export const MAX_RECORD = 64 * 1024 * 1024;

export interface Frame {
  number: number;
  payload: Buffer;
}

export interface FramesRead {
  frames: Frame[];
  /** Bytes of whole valid records from the start of the file. */
  goodBytes: number;
  /** Bytes after them: a torn end, to be cut off. */
  tornBytes: number;
}

export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

function checksum(number: number, payload: Buffer): number {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(number, 0);
  head.writeUInt32BE(payload.length, 4);
  return crc32(payload, crc32(head));
}

export function encodeFrame(number: number, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value), 'utf8');
  if (payload.length > MAX_RECORD) {
    throw new FrameError(`a record of ${payload.length} bytes is over the limit of ${MAX_RECORD}`);
  }
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(number, 4);
  header.writeUInt32BE(payload.length, 8);
  header.writeUInt32BE(checksum(number, payload), 12);
  return Buffer.concat([header, payload]);
}

function frameAt(data: Buffer, offset: number): Frame | undefined {
  if (data.length - offset < HEADER || data.readUInt32BE(offset) !== MAGIC) {
    return undefined;
  }
  const number = data.readUInt32BE(offset + 4);
  const length = data.readUInt32BE(offset + 8);
  const start = offset + HEADER;
  if (length > MAX_RECORD || start + length > data.length) {
    return undefined;
  }
  const payload = data.subarray(start, start + length);
  return checksum(number, payload) === data.readUInt32BE(offset + 12) ? { number, payload } : undefined;
}

function validFrameAfter(data: Buffer, offset: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC, 0);
  for (let at = data.indexOf(magic, offset); at !== -1; at = data.indexOf(magic, at + 1)) {
    if (frameAt(data, at) !== undefined) {
      return at;
    }
  }
  return undefined;
}

/** @throws FrameError when something other than the very end of the file is bad */
export function decodeFrames(data: Buffer): FramesRead {
  const frames: Frame[] = [];
  let offset = 0;
  while (offset < data.length) {
    const frame = frameAt(data, offset);
    if (frame === undefined) {
      if (validFrameAfter(data, offset + 1) !== undefined) {
        throw new FrameError(`record ${frames.length} at byte ${offset} fails its checksum`);
      }
      break;
    }
    if (frame.number !== frames.length) {
      throw new FrameError(`record ${frames.length} at byte ${offset} carries the number ${frame.number}`);
    }
    frames.push(frame);
    offset += HEADER + frame.payload.length;
  }
  return { frames, goodBytes: offset, tornBytes: data.length - offset };
}
