import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, systemClock } from '../node/clock';
import { MAX_QUOTE_BYTES } from './certificate-form';
import { AttestationError } from './errors';
import type { Attester } from './types';

/** Where Linux (6.7 and later) hands out reports of confidential machines. */
export const TSM_REPORTS = '/sys/kernel/config/tsm/report';
const PROVIDER = 'tdx_guest';
const TRIES = 5;
const PAUSE_MS = 200;

export interface ConfigfsOptions {
  readonly root?: string;
  readonly clock?: Clock;
}

/**
 * Quotes by the kernel's configfs interface: an entry is made, takes the report data as `inblob`, and gives the quote as
 * `outblob`. `generation` counts writes, so that a quote which another process asked for is not taken for ours.
 */
export class ConfigfsAttester implements Attester {
  readonly kind = 'tdx';
  readonly #root: string;
  readonly #clock: Clock;

  constructor(options: ConfigfsOptions = {}) {
    this.#root = options.root ?? TSM_REPORTS;
    this.#clock = options.clock ?? systemClock;
  }

  async quote(reportData: Buffer): Promise<Buffer> {
    if (reportData.length !== 64) throw new Error(`report data has 64 bytes, not ${reportData.length}`);
    const entry = path.join(this.#root, `cocoon-${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      // In configfs this makes the files of the entry too.
      await mkdir(entry);
    } catch (error) {
      throw unavailable(`${this.#root} cannot be used (${reason(error)})`, error);
    }
    try {
      return await this.#fromEntry(entry, reportData);
    } finally {
      // The kernel limits how many entries there are. What is left behind is removed at the next boot.
      await rmdir(entry).catch((error: unknown) => this.#leftBehind(entry, error));
    }
  }

  async #fromEntry(entry: string, reportData: Buffer): Promise<Buffer> {
    const provider = (await read(entry, 'provider')).toString('latin1').trim();
    if (provider !== PROVIDER) {
      throw unavailable(
        `this machine's attestation is "${provider}", not ${PROVIDER}: it is another kind of confidential machine`,
      );
    }
    let last: unknown;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await new Promise<void>((resolve) => this.#clock.after(PAUSE_MS * attempt, resolve));
      try {
        const quote = await once(entry, reportData);
        if (quote !== undefined) return quote;
        last = new Error('another process changed the entry');
      } catch (error) {
        // EBUSY: a quote is being made; EWOULDBLOCK: inblob was written meanwhile.
        if (!['EBUSY', 'EAGAIN', 'EINTR'].includes(codeOf(error)))
          throw unavailable(`no quote was made (${reason(error)})`, error);
        last = error;
      }
    }
    throw unavailable(`no quote was made in ${TRIES} tries (${reason(last)})`, last);
  }

  #leftBehind(entry: string, cause: unknown): never {
    throw unavailable(`the report entry ${entry} cannot be removed (${reason(cause)})`, cause);
  }
}

/** undefined when the quote is not, for sure, of this report data. */
async function once(entry: string, reportData: Buffer): Promise<Buffer | undefined> {
  const before = Number(await read(entry, 'generation'));
  await writeFile(path.join(entry, 'inblob'), reportData);
  const quote = await read(entry, 'outblob');
  const after = Number(await read(entry, 'generation'));
  if (after !== before + 1) return undefined;
  if (quote.length === 0 || quote.length > MAX_QUOTE_BYTES) throw new Error(`a quote of ${quote.length} bytes`);
  return quote;
}

function read(entry: string, file: string): Promise<Buffer> {
  return readFile(path.join(entry, file));
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
