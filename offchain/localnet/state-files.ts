import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalnetError, oneLine, systemCode } from './errors';
import { decodeFrames, encodeFrame, FrameError } from './frames';

/** Of the records and files; a state of another format is refused. */
export const FORMAT = 1;

export const snapshotName = (generation: number): string => `snapshot-${generation}.bin`;
export const journalName = (generation: number): string => `journal-${generation}.bin`;

/** The part of a file handle the journal writes through; tests give one whose disk fills up. */
export interface AppendFile {
  write(data: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export function isStateFile(name: string): boolean {
  return /^(snapshot|journal)-\d+\.bin(\.tmp)?$/.test(name);
}

export function damaged(dir: string, what: string, options: { cause?: unknown } = {}): LocalnetError {
  return new LocalnetError(
    'state-damaged',
    `the chain state in ${dir} cannot be used: ${what}; ` +
      'start cocoon chain with --reset, or remove the directory, to begin a new chain',
    options,
  );
}

export async function openForAppend(path: string): Promise<FileHandle> {
  // Not 'a': writes go to explicit positions, so that a failed one can be overwritten. Created when missing.
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return await open(path, 'w+', 0o600);
    }
    throw error;
  }
}

export async function writeAll(file: AppendFile, data: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    if (bytesWritten === 0) {
      throw new Error('the disk took no more bytes');
    }
    done += bytesWritten;
  }
}

export async function writeSnapshot(path: string, records: Iterable<unknown>): Promise<number> {
  const file = await open(path, 'w', 0o600);
  let size = 0;
  try {
    let number = 0;
    let parts: Buffer[] = [];
    let pending = 0;
    const write = async (value: unknown): Promise<void> => {
      const data = encodeFrame(number, value);
      number += 1;
      parts.push(data);
      pending += data.length;
      if (pending > 1 << 20) {
        await flush();
      }
    };
    const flush = async (): Promise<void> => {
      await writeAll(file, Buffer.concat(parts), size);
      size += pending;
      parts = [];
      pending = 0;
    };
    await write({ t: 'snapshot', format: FORMAT });
    for (const record of records) {
      await write(record);
    }
    await write({ t: 'end', records: number + 1 });
    await flush();
    await file.sync();
  } finally {
    await file.close();
  }
  return size;
}

export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isEnd(value: unknown, count: number): boolean {
  return isRecord(value) && value.t === 'end' && value.records === count;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export async function readRecords(
  dir: string,
  name: string,
): Promise<{ values: unknown[]; goodBytes: number; tornBytes: number }> {
  let data: Buffer;
  try {
    data = await readFile(join(dir, name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw damaged(dir, `${name} is missing`);
    }
    throw error;
  }
  try {
    const read = decodeFrames(data);
    const values = read.frames.map((frame): unknown => JSON.parse(frame.payload.toString('utf8')));
    const [header] = values;
    if (!isRecord(header)) {
      throw damaged(dir, `${name} has no header`);
    }
    if (header.format !== FORMAT) {
      throw damaged(
        dir,
        `${name} was written by another version (format ${String(header.format)}, this one reads ${FORMAT})`,
      );
    }
    return { values, goodBytes: read.goodBytes, tornBytes: read.tornBytes };
  } catch (error) {
    if (error instanceof FrameError || error instanceof SyntaxError) {
      throw damaged(dir, `${name}: ${oneLine(error)}`);
    }
    throw error;
  }
}
