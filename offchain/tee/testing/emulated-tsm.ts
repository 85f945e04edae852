import path from 'node:path';
import type { TsmFiles } from '../configfs';

/** What the kernel does when quotes are asked for: each entry has these files, and writing bumps the generation. */
export class EmulatedTsm implements TsmFiles {
  readonly entries = new Map<string, { generation: number; inblob: Buffer }>();
  readonly made: string[] = [];
  provider = 'tdx_guest';
  /** Errors to throw on the next reads of outblob, in order. */
  readonly errors: string[] = [];
  /** Runs when outblob is read: another process, perhaps. */
  interfere: (entry: { generation: number; inblob: Buffer }) => void = () => undefined;
  quoteOf: (reportData: Buffer) => Buffer = (reportData) => Buffer.concat([Buffer.from('quote:'), reportData]);
  removable = true;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async mkdir(directory: string): Promise<void> {
    if (path.dirname(directory) !== this.#root) throw failure('ENOENT');
    if (this.entries.has(directory)) throw failure('EEXIST');
    this.made.push(path.basename(directory));
    this.entries.set(directory, { generation: 0, inblob: Buffer.alloc(0) });
  }

  async readFile(file: string): Promise<Buffer> {
    const entry = this.#entry(file);
    const name = path.basename(file);
    if (name === 'provider') return Buffer.from(`${this.provider}\n`);
    if (name === 'generation') return Buffer.from(`${entry.generation}\n`);
    if (name !== 'outblob') throw failure('EACCES');
    const error = this.errors.shift();
    if (error !== undefined) throw failure(error);
    this.interfere(entry);
    return this.quoteOf(entry.inblob);
  }

  async writeFile(file: string, bytes: Buffer): Promise<void> {
    if (path.basename(file) !== 'inblob') throw failure('EACCES');
    const entry = this.#entry(file);
    entry.inblob = Buffer.from(bytes);
    entry.generation++;
  }

  async rmdir(directory: string): Promise<void> {
    if (!this.removable) throw failure('EBUSY');
    if (!this.entries.delete(directory)) throw failure('ENOENT');
  }

  #entry(file: string) {
    const entry = this.entries.get(path.dirname(file));
    if (entry === undefined) throw failure('ENOENT');
    return entry;
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
