import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { replaceFile, replaceFileSync } from '../node/durable-file';
import { parseSecretJson } from '../node/json';

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
    value = parseSecretJson(readFileSync(file, 'utf8'));
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
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  replaceFileSync(file, serialise(value));
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
        await replaceFile(this.#file, serialise(value));
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
