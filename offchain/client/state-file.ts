import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';

/** A state file that cannot be used. The message names the file and the next step. */
export class StateFileError extends Error {
  readonly code = 'STATE_FILE';

  constructor(file: string, detail: string, cause?: unknown) {
    super(
      `The state file ${file} cannot be used (${detail}). Restore it from a backup, or move it away: counters and vouchers are learned again from the proxy, a lost secret costs one on-chain registration.`,
      { cause },
    );
    this.name = 'StateFileError';
  }
}

/** @returns undefined when the file does not exist @throws StateFileError when it is damaged or unreadable */
export function readState<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StateFileError(file, (error as Error).message, error);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new StateFileError(file, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  return parsed.data;
}

/** Writes the whole file or nothing, and returns when it would survive a power cut. */
export function writeStateSync(file: string, value: unknown): void {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = `${file}.tmp`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeSync(fd, serialise(value));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  // The rename itself is durable only once the directory is.
  const dirFd = openSync(directory, 'r');
  try {
    fsyncSync(dirFd);
  } finally {
    closeSync(dirFd);
  }
}

async function writeState(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(serialise(value));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const directory = await open(dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function serialise(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`;
}

/** Least time between two writes of one file, so that a busy channel does not keep the disk busy. */
const WRITE_GAP_MS = 50;

/**
 * Keeps one file equal to the newest value put in. One write runs at a time and takes the newest value, so a hundred updates during
 * an fsync cost one more fsync; a crash loses at most what came in since the write under way began.
 */
export class StateWriter<T> {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  #next: { value: T } | undefined;
  #writing: Promise<void> | undefined;
  #endGap: (() => void) | undefined;

  /** @param onError called for a write that failed; the value is written again with the next one */
  constructor(file: string, onError: (error: unknown) => void) {
    this.#file = file;
    this.#onError = onError;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  }

  put(value: T): void {
    this.#next = { value };
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything put in so far is on disk (or has failed, see onError). */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) {
      this.#endGap?.();
      await this.#writing;
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      const { value } = this.#next;
      this.#next = undefined;
      try {
        await writeState(this.#file, value);
      } catch (error) {
        this.#onError(error);
      }
      await this.#gap();
    }
    this.#writing = undefined;
  }

  #gap(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#endGap = undefined;
        resolve();
      };
      const timer = setTimeout(end, WRITE_GAP_MS);
      this.#endGap = end;
    });
  }
}
