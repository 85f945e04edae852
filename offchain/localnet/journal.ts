import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { LocalnetError, oneLine } from './errors';
import { encodeFrame } from './frames';
import {
  type AppendFile,
  damaged,
  FORMAT,
  isEnd,
  isStateFile,
  journalName,
  openForAppend,
  readRecords,
  snapshotName,
  syncDirectory,
  writeAll,
  writeSnapshot,
} from './state-files';
import { StateLock } from './state-lock';

export type { AppendFile } from './state-files';

export interface JournalOptions {
  dir: string;
  logger: Logger;
  /** Forget what is there and start afresh. */
  reset?: boolean;
  openForAppend?: (path: string) => Promise<AppendFile>;
}

export interface Recovered {
  journal: Journal;
  /** What the snapshot holds, then what was appended after it, in order. */
  snapshot: unknown[];
  appended: unknown[];
}

interface Waiting {
  data: Buffer;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * The chain on disk: `snapshot-N.bin` (everything up to some moment) and `journal-N.bin` (everything since), both made of
 * the records of frames.ts, the first one naming the format. {@link append} answers once the record would survive a power
 * cut; records that arrive while the disk is busy share the next sync. {@link rotate} starts generation N+1 with a new
 * snapshot: the rename of its file is the moment it counts.
 *
 * When the disk refuses an append, the half-written rest is cut off and every later append is refused too: the memory of
 * the chain is then ahead of the disk, and accepting more would lose it silently. A successful {@link rotate} heals that.
 */
export class Journal {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #lock: StateLock;
  readonly #openForAppend: (path: string) => Promise<AppendFile>;
  /** Absent only until the first snapshot of a new directory is written. */
  #file: AppendFile | undefined;
  #generation: number;
  #next: number;
  #size: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #failed: LocalnetError | undefined;
  #snapshotBytes = 0;

  private constructor(
    options: JournalOptions,
    lock: StateLock,
    open: { file?: AppendFile; generation: number; next: number; size: number },
  ) {
    this.#dir = options.dir;
    this.#logger = options.logger;
    this.#lock = lock;
    this.#openForAppend = options.openForAppend ?? openForAppend;
    this.#file = open.file;
    this.#generation = open.generation;
    this.#next = open.next;
    this.#size = open.size;
  }

  /** @throws LocalnetError `state-damaged`, `state-in-use` or `disk`, each naming the directory and the next step */
  static async open(options: JournalOptions): Promise<Recovered> {
    const { dir } = options;
    let lock: StateLock | undefined;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      lock = await StateLock.acquire(dir);
      return await Journal.#recover(options, lock);
    } catch (error) {
      await lock?.release();
      if (error instanceof LocalnetError) {
        throw error;
      }
      throw new LocalnetError(
        'disk',
        `the state directory ${dir} cannot be used (${oneLine(error)}); check its permissions or choose another one`,
        { cause: error },
      );
    }
  }

  static async #recover(options: JournalOptions, lock: StateLock): Promise<Recovered> {
    const { dir, logger } = options;
    const names = await readdir(dir);
    if (options.reset === true) {
      for (const name of names.filter(isStateFile)) {
        await rm(join(dir, name), { force: true });
      }
      names.length = 0;
    }
    const generations = names
      .map((name) => /^snapshot-(\d+)\.bin$/.exec(name)?.[1])
      .filter((text) => text !== undefined)
      .map(Number);
    if (generations.length === 0) {
      if (names.some((name) => /^journal-\d+\.bin$/.test(name) && name !== journalName(1))) {
        throw damaged(dir, 'its snapshot is missing');
      }
      const journal = new Journal(options, lock, { generation: 0, next: 0, size: 0 });
      await journal.rotate([]);
      return { journal, snapshot: [], appended: [] };
    }
    const generation = Math.max(...generations);
    const snapshot = await readRecords(dir, snapshotName(generation));
    if (snapshot.tornBytes > 0 || !isEnd(snapshot.values.at(-1), snapshot.values.length)) {
      throw damaged(dir, `${snapshotName(generation)} is incomplete`);
    }
    const appended = await readRecords(dir, journalName(generation));
    const file = await (options.openForAppend ?? openForAppend)(join(dir, journalName(generation)));
    if (appended.tornBytes > 0) {
      logger.warn(
        { dir, file: journalName(generation), bytes: appended.tornBytes },
        'the last record was being written when the process ended; it was never acknowledged and is dropped',
      );
      await file.truncate(appended.goodBytes);
      await file.datasync();
    }
    const journal = new Journal(options, lock, {
      file,
      generation,
      next: appended.values.length,
      size: appended.goodBytes,
    });
    journal.#snapshotBytes = snapshot.goodBytes;
    await journal.#removeOthers();
    return { journal, snapshot: snapshot.values.slice(1, -1), appended: appended.values.slice(1) };
  }

  /** Bytes appended since the last snapshot, and the size of that. */
  get sizes(): { journal: number; snapshot: number } {
    return { journal: this.#size, snapshot: this.#snapshotBytes };
  }

  /** The reason why nothing is written any more, if so. */
  get failure(): LocalnetError | undefined {
    return this.#failed;
  }

  /** Resolves once the record is on disk. @throws LocalnetError `disk` */
  append(record: unknown): Promise<void> {
    if (this.#failed !== undefined) {
      return Promise.reject(this.#failed);
    }
    const data = encodeFrame(this.#next, record);
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ data, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // Records of one burst are appended in the same turn of the event loop: let them all queue up before the first sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const data = Buffer.concat(batch.map((waiting) => waiting.data));
      try {
        const file = this.#openFile();
        await writeAll(file, data, this.#size);
        await file.datasync();
      } catch (error) {
        await this.#fail(error, batch);
        break;
      }
      this.#size += data.length;
      for (const waiting of batch) {
        waiting.resolve();
      }
    }
    this.#flushing = undefined;
  }

  async #fail(error: unknown, batch: Waiting[]): Promise<void> {
    const failure = new LocalnetError(
      'disk',
      `the state directory ${this.#dir} cannot be written (${oneLine(error)}); free some space, then POST /localnet/snapshot or restart`,
      { cause: error },
    );
    this.#failed = failure;
    this.#logger.error(
      { dir: this.#dir, error: oneLine(error) },
      'the journal cannot be written; refusing further changes',
    );
    try {
      await this.#file?.truncate(this.#size);
    } catch (truncateError) {
      // What is left is a torn end, which the next start cuts off.
      this.#logger.warn({ error: oneLine(truncateError) }, 'the half-written record could not be cut off');
    }
    const rest = this.#waiting;
    this.#waiting = [];
    for (const waiting of [...batch, ...rest]) {
      waiting.reject(failure);
    }
  }

  /** Writes a new snapshot holding `records` and starts an empty journal. @throws LocalnetError `disk` */
  async rotate(records: Iterable<unknown>): Promise<void> {
    await this.#flushing;
    const generation = this.#generation + 1;
    const temporary = join(this.#dir, `${snapshotName(generation)}.tmp`);
    let file: AppendFile | undefined;
    try {
      const snapshotBytes = await writeSnapshot(temporary, records);
      const header = encodeFrame(0, { t: 'journal', format: FORMAT });
      await rm(join(this.#dir, journalName(generation)), { force: true });
      file = await this.#openForAppend(join(this.#dir, journalName(generation)));
      await writeAll(file, header, 0);
      await file.datasync();
      await rename(temporary, join(this.#dir, snapshotName(generation)));
      await syncDirectory(this.#dir);
      const old = this.#file;
      this.#file = file;
      this.#generation = generation;
      this.#next = 1;
      this.#size = header.length;
      this.#snapshotBytes = snapshotBytes;
      this.#failed = undefined;
      file = undefined;
      await old?.close();
      await this.#removeOthers();
    } catch (error) {
      await file?.close();
      throw new LocalnetError(
        'disk',
        `no snapshot could be written to ${this.#dir} (${oneLine(error)}); free some space and try again`,
        { cause: error },
      );
    }
  }

  #openFile(): AppendFile {
    if (this.#file === undefined) {
      throw new Error('no journal file is open');
    }
    return this.#file;
  }

  async #removeOthers(): Promise<void> {
    const keep = new Set([snapshotName(this.#generation), journalName(this.#generation)]);
    for (const name of await readdir(this.#dir)) {
      if (isStateFile(name) && !keep.has(name)) {
        await rm(join(this.#dir, name), { force: true });
      }
    }
  }

  async close(): Promise<void> {
    await this.#flushing;
    this.#failed ??= new LocalnetError('closed', 'the local chain is shutting down; start it again');
    await this.#file?.close();
    await this.#lock.release();
  }
}
