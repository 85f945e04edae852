import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { LocalChain } from '../chain';
import type { LocalChainOptions } from '../chain-options';
import { LocalnetError } from '../errors';

/** Gets the coins in tests of the chain on disk; kill-child.ts pays the same address. */
export const payee = WalletContractV5R1.create({ publicKey: Buffer.alloc(32, 5) }).address;

const NOW_MS = 1_780_000_000_000;

export interface LogLine {
  level: number;
  msg: string;
}

/** A chain's state directory: the same one for every chain a test opens, gone with its chains after the test. */
export class StateDir {
  readonly path: string;
  readonly #chains: LocalChain[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<StateDir> {
    return new StateDir(await mkdtemp(join(tmpdir(), 'localnet-')));
  }

  async open(options: Partial<LocalChainOptions> = {}): Promise<{ chain: LocalChain; log: LogLine[] }> {
    const log: LogLine[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
    const chain = await LocalChain.open({
      prices: 'current',
      logger,
      stateDir: this.path,
      // A clock that stands still: an account pays for storage with every second.
      clock: () => NOW_MS,
      ...options,
    });
    this.#chains.push(chain);
    return { chain, log };
  }

  async file(kind: 'snapshot' | 'journal'): Promise<string> {
    const name = (await readdir(this.path)).find((file) => file.startsWith(kind));
    return join(this.path, name ?? 'none');
  }

  /** Why the directory cannot be opened; fails the test when it can. */
  async refusal(): Promise<LocalnetError> {
    try {
      await this.open();
    } catch (error) {
      if (error instanceof LocalnetError) {
        return error;
      }
      throw error;
    }
    throw new Error('the damaged state was accepted');
  }

  async remove(): Promise<void> {
    for (const chain of this.#chains.splice(0)) {
      await chain.close();
    }
    await rm(this.path, { recursive: true, force: true });
  }
}

/** What a chain holds, to compare before and after. */
export function everything(chain: LocalChain): unknown {
  return {
    balance: chain.account(payee).balance,
    transactions: chain.index.newest(payee.toRawString(), 1000).map(({ record, seqno }) => ({ ...record, seqno })),
    blocks: chain.index.blocks().map(({ seqno, rootHash }) => ({ seqno, rootHash })),
  };
}
