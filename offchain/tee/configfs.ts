import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_QUOTE_BYTES } from './certificate-form';
import { AttestationError } from './errors';
import type { Attester } from './types';

/** Where Linux (6.7 and later) hands out reports of confidential machines. */
export const TSM_REPORTS = '/sys/kernel/config/tsm/report';
const PROVIDER = 'tdx_guest';
const TRIES = 5;
const PAUSE_MS = 200;

/** What of the file system is used; tests put a kernel of their own behind it. */
export interface TsmFiles {
  mkdir(directory: string): Promise<unknown>;
  readFile(file: string): Promise<Buffer>;
  writeFile(file: string, bytes: Buffer): Promise<void>;
  rmdir(directory: string): Promise<void>;
}

export interface ConfigfsOptions {
  readonly root?: string;
  readonly files?: TsmFiles;
  readonly pause?: (ms: number) => Promise<unknown>;
  /** An entry that could not be removed; the quote is good all the same. */
  readonly onProblem?: (error: Error) => void;
}

/**
 * Quotes by the kernel's configfs interface: an entry is made, takes the report data as `inblob`, and gives the quote as
 * `outblob`. `generation` counts writes, so that a quote which another process asked for is not taken for ours.
 */
export class ConfigfsAttester implements Attester {
  readonly kind = 'tdx';
  readonly #root: string;
  readonly #files: TsmFiles;
  readonly #pause: (ms: number) => Promise<unknown>;
  readonly #onProblem: (error: Error) => void;

  constructor(options: ConfigfsOptions = {}) {
    this.#root = options.root ?? TSM_REPORTS;
    this.#files = options.files ?? { mkdir, readFile, writeFile, rmdir };
    this.#pause = options.pause ?? sleep;
    this.#onProblem = options.onProblem ?? (() => undefined);
  }

  async quote(reportData: Buffer): Promise<Buffer> {
    if (reportData.length !== 64) throw new Error(`report data has 64 bytes, not ${reportData.length}`);
    const entry = path.join(this.#root, `cocoon-${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      // In configfs this makes the files of the entry too.
      await this.#files.mkdir(entry);
    } catch (error) {
      throw unavailable(`${this.#root} cannot be used (${reason(error)})`, error);
    }
    try {
      return await this.#fromEntry(entry, reportData);
    } catch (error) {
      throw error instanceof AttestationError ? error : unavailable(`no quote was made (${reason(error)})`, error);
    } finally {
      await this.#files.rmdir(entry).catch((error: unknown) => {
        this.#onProblem(new Error(`the report entry ${entry} stays behind (${reason(error)})`, { cause: error }));
      });
    }
  }

  async #fromEntry(entry: string, reportData: Buffer): Promise<Buffer> {
    const provider = (await this.#read(entry, 'provider')).toString('latin1').trim();
    if (provider !== PROVIDER) {
      throw unavailable(
        `this machine's attestation is "${provider}", not ${PROVIDER}: it is another kind of confidential machine`,
      );
    }
    let last: unknown;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await this.#pause(PAUSE_MS * attempt);
      try {
        const quote = await this.#once(entry, reportData);
        if (quote !== undefined) return quote;
        last = new Error('another process changed the entry');
      } catch (error) {
        // EBUSY: a quote is being made; EWOULDBLOCK: inblob was written meanwhile.
        if (!['EBUSY', 'EAGAIN', 'EINTR'].includes(codeOf(error))) throw error;
        last = error;
      }
    }
    throw unavailable(`no quote was made in ${TRIES} tries (${reason(last)})`, last);
  }

  /** undefined when the quote is not, for sure, of this report data. */
  async #once(entry: string, reportData: Buffer): Promise<Buffer | undefined> {
    const before = Number(await this.#read(entry, 'generation'));
    await this.#files.writeFile(path.join(entry, 'inblob'), reportData);
    const quote = await this.#read(entry, 'outblob');
    const after = Number(await this.#read(entry, 'generation'));
    if (after !== before + 1) return undefined;
    if (quote.length === 0 || quote.length > MAX_QUOTE_BYTES) throw new Error(`a quote of ${quote.length} bytes`);
    return quote;
  }

  #read(entry: string, file: string): Promise<Buffer> {
    return this.#files.readFile(path.join(entry, file));
  }
}

function unavailable(why: string, cause?: unknown): AttestationError {
  return new AttestationError(
    'QUOTE_UNAVAILABLE',
    `This machine cannot attest itself: ${why}. It must be a TDX guest with Linux 6.7 or later, configfs mounted, and the host's quoting service running`,
    cause,
  );
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function reason(error: unknown): string {
  const code = codeOf(error);
  return code === '' ? (error as Error).message : code;
}
