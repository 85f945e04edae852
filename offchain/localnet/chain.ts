import { type Address, Cell, type TupleItem } from '@ton/core';
import type { Logger } from 'pino';
import { type AccountView, uninitAccount } from './accounts';
import {
  type BlockPlan,
  blockHash,
  buildBlock,
  destination,
  GENESIS_HASH,
  LT_STEP,
  MAX_BLOCK_TRANSACTIONS,
  refusal,
  seedAfter,
} from './block-builder';
import { normalHash, parseExternal } from './cells';
import type { ChainStatus, LocalChainOptions, SentExternal } from './chain-options';
import { ChainState } from './chain-state';
import { chainConfig } from './config';
import { Emulator, type GetMethodAnswer } from './emulator';
import { LocalnetError, oneLine } from './errors';
import type { BlockHead, TransactionIndex } from './index-of-transactions';
import { Journal } from './journal';
import { Mutex } from './mutex';
import { type BlockRecord, type StateRecord, stateRecord, type TransactionRecord } from './records';
import { faucetMessage, SUPPLY, TREASURY_RESERVE, treasuryAddress } from './treasury';

/** An idle chain gets an empty block when somebody looks and the last one is older than this many seconds. */
const EMPTY_BLOCK_AFTER = 5;
const MAX_WAITING = 4096;
const ROTATE_BYTES = 16 * 1024 * 1024;
/** Ten years; beyond that 32-bit times run out within reach. */
export const MAX_ADVANCE = 10 * 365 * 86_400;

/**
 * The chain itself: accounts, blocks, waiting messages and the clock. A block is worked out against a copy of what it
 * touches and then takes effect at once, in memory and in the journal; whatever fails before that leaves no trace.
 */
export class LocalChain {
  readonly #options: LocalChainOptions;
  readonly #logger: Logger;
  readonly #clock: () => number;
  readonly #blockIntervalMs: number;
  readonly #emulator: Emulator;
  readonly #mutex = new Mutex();
  readonly #state: ChainState;
  #journal: Journal | undefined;
  #config: Cell;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #rotating = false;

  private constructor(options: LocalChainOptions, config: Cell, emulator: Emulator) {
    this.#options = options;
    this.#logger = options.logger;
    this.#clock = options.clock ?? Date.now;
    this.#blockIntervalMs = options.blockIntervalMs ?? 0;
    this.#emulator = emulator;
    this.#config = config;
    this.#state = new ChainState(options.keepTransactions ?? 20_000);
  }

  /** @throws LocalnetError about the state directory */
  static async open(options: LocalChainOptions): Promise<LocalChain> {
    const config = chainConfig(options.prices);
    const chain = new LocalChain(options, config, await Emulator.create(config));
    if (options.stateDir !== undefined) {
      await chain.#restore(options.stateDir);
    }
    if (chain.#state.index.last === undefined) {
      await chain.#genesis();
    }
    chain.#schedule();
    return chain;
  }

  async #restore(dir: string): Promise<void> {
    const { stateDir: _, ...rest } = this.#options;
    const { journal, snapshot, appended } = await Journal.open({ dir, ...rest });
    this.#journal = journal;
    try {
      for (const value of [...snapshot, ...appended]) {
        this.#state.apply(stateRecord.parse(value));
      }
    } catch (error) {
      await journal.close();
      throw new LocalnetError(
        'state-damaged',
        `the chain state in ${dir} cannot be used: a record is not understood (${oneLine(error)}); remove the directory to begin a new chain`,
        { cause: error },
      );
    }
    const last = this.#state.index.last;
    if (last !== undefined) {
      this.#logger.info({ dir, seqno: last.seqno, transactions: this.#state.index.count }, 'chain state restored');
    }
  }

  async #genesis(): Promise<void> {
    const time = this.#now();
    const record: BlockRecord = {
      t: 'block',
      seqno: 1,
      time,
      startLt: '0',
      endLt: '0',
      rootHash: blockHash(GENESIS_HASH, 1, time, []),
      transactions: [],
      accounts: [{ address: treasuryAddress.toRawString(), boc: uninitAccount(treasuryAddress, SUPPLY, time) }],
      taken: 0,
    };
    this.#state.applyBlock(record, []);
    await this.#journal?.append(record);
  }

  /** Machine time plus shift, never before the last block. */
  #now(): number {
    return Math.max(Math.floor(this.#clock() / 1000) + this.#state.shift, this.#state.index.last?.time ?? 0);
  }

  #lastBlock(): BlockHead {
    const last = this.#state.index.last;
    if (last === undefined) {
      throw new LocalnetError('closed', 'the local chain has no block yet; it is still starting');
    }
    return last;
  }

  get index(): TransactionIndex {
    return this.#state.index;
  }

  get config(): Cell {
    return this.#config;
  }

  account(address: Address): AccountView {
    return this.#state.accounts.view(address);
  }

  /** The newest block, no older than a few seconds of chain time. */
  head(): Promise<BlockHead> {
    return this.#mutex.run(async () => {
      const last = this.#lastBlock();
      if (this.#now() - last.time >= EMPTY_BLOCK_AFTER && !this.#closed && this.#journal?.failure === undefined) {
        const { written } = await this.#makeBlock({
          leftover: 'keep',
          externals: [],
          refused: 'drop',
          outgoing: 'next-block',
        });
        // An empty block moves nothing: losing the newest ones in a crash harms nobody, so nobody waits for the disk.
        written.catch((error: unknown) =>
          this.#logger.warn({ error: oneLine(error) }, 'an empty block was not written'),
        );
      }
      return this.#lastBlock();
    });
  }

  runGetMethod(address: Address, method: string | number, stack: TupleItem[]): Promise<GetMethodAnswer> {
    return this.#mutex.run(async () => {
      const account = this.#state.accounts.view(address);
      if (account.status !== 'active' || account.code === null) {
        // What the live network answers for an account without code.
        return { exitCode: -13, gasUsed: 0, stack: [] };
      }
      return await this.#emulator.runGetMethod({
        code: account.code,
        data: account.data ?? Cell.EMPTY,
        address,
        balance: account.balance,
        now: this.#now(),
        method,
        stack,
      });
    });
  }

  /** Executes an external message without keeping the result: for fee estimates. @throws LocalnetError */
  dryRun(message: Cell, options: { ignoreSignature: boolean }): Promise<Cell> {
    return this.#mutex.run(async () => (await this.#tryExternal(message, options.ignoreSignature)).transaction);
  }

  async #tryExternal(message: Cell, ignoreSignature: boolean): Promise<{ transaction: Cell; account: string }> {
    const dest = destination(message);
    const last = this.#lastBlock();
    const result = await this.#emulator.runMessage({
      account: this.#state.accounts.boc(dest.toRawString()),
      message,
      now: this.#now(),
      lt: last.endLt + LT_STEP,
      seed: seedAfter(last, 0),
      ignoreSignature,
    });
    if (!result.accepted) {
      throw refusal(result);
    }
    return result;
  }

  /**
   * Takes an external message. Without a block interval it resolves when everything that follows from it is on disk,
   * otherwise when the message itself is.
   * @throws LocalnetError `message-rejected`, `disk`, `emulator`, `busy`, `closed`; MalformedMessageError
   */
  async sendExternal(boc: Buffer): Promise<SentExternal> {
    const { cell, message } = parseExternal(boc);
    const sent = { hash: cell.hash(), normalHash: normalHash(message) };
    const written = await this.#mutex.run(async () => {
      this.#assertWritable();
      if (this.#blockIntervalMs === 0) {
        return await this.#executeNow(cell);
      }
      return await this.#enqueue(cell);
    });
    await written.promise;
    return sent;
  }

  // A promise inside an object: the mutex is left as soon as the change is in memory and handed to the journal, so that the
  // next message can join the same disk sync.
  async #executeNow(cell: Cell): Promise<{ promise: Promise<void> }> {
    const block = await this.#makeBlock({
      leftover: 'run',
      externals: [cell],
      refused: 'reject',
      outgoing: 'this-block',
    });
    this.#schedule();
    return { promise: block.written };
  }

  async #enqueue(cell: Cell): Promise<{ promise: Promise<void> }> {
    if (this.#state.mempool.length >= MAX_WAITING) {
      throw new LocalnetError('busy', `${MAX_WAITING} messages already wait for a block; send again later`);
    }
    if (this.#state.mempool.some((waiting) => waiting.equals(cell))) {
      return { promise: Promise.resolve() };
    }
    await this.#tryExternal(cell, false);
    this.#state.mempool.push(cell);
    this.#schedule();
    return { promise: this.#write({ t: 'external', boc: cell.toBoc().toString('base64') }) };
  }

  /** Pays out of the treasury; resolves when the coins have arrived and are on disk. */
  async faucet(to: Address, amount: bigint): Promise<{ transaction: TransactionRecord }> {
    const block = await this.#mutex.run(async () => {
      this.#assertWritable();
      const treasury = this.#state.accounts.view(treasuryAddress);
      if (amount + TREASURY_RESERVE > treasury.balance) {
        throw new LocalnetError(
          'message-rejected',
          `the treasury holds ${treasury.balance} nanoTON and cannot pay ${amount}; ask for less, or begin a new chain`,
        );
      }
      const message = faucetMessage({ to, amount, deployed: treasury.status === 'active' });
      return await this.#makeBlock({
        leftover: 'keep',
        externals: [message],
        refused: 'reject',
        outgoing: 'this-block',
      });
    });
    await block.written;
    const arrived = block.record.transactions.find((transaction) => transaction.account === to.toRawString());
    if (arrived === undefined) {
      throw new LocalnetError(
        'emulator',
        `the treasury's payment did not arrive at ${to.toString()}; report this as a bug`,
      );
    }
    return { transaction: arrived };
  }

  /** Moves the chain's clock forward by whole seconds. */
  async advance(seconds: number): Promise<BlockHead> {
    const written = await this.#mutex.run(async () => {
      this.#assertWritable();
      if (this.#now() + seconds > 0xffff_ffff - 86_400 * 365) {
        throw new LocalnetError(
          'message-rejected',
          `the chain's clock cannot go ${seconds} s further: times are 32-bit`,
        );
      }
      this.#state.shift += seconds;
      const block = await this.#makeBlock({ leftover: 'keep', externals: [], refused: 'drop', outgoing: 'next-block' });
      return { promise: Promise.all([block.written, this.#write({ t: 'shift', seconds: this.#state.shift })]) };
    });
    await written.promise;
    return this.#lastBlock();
  }

  #assertWritable(): void {
    if (this.#closed) {
      throw new LocalnetError('closed', 'the local chain is shutting down; start it again');
    }
    const failure = this.#journal?.failure;
    if (failure !== undefined) {
      throw failure;
    }
  }

  /** Must run inside the mutex. @throws LocalnetError; then nothing has changed */
  async #makeBlock(plan: BlockPlan): Promise<{ record: BlockRecord; written: Promise<void> }> {
    const { record, queue } = await buildBlock(
      {
        accounts: this.#state.accounts,
        emulator: this.#emulator,
        logger: this.#logger,
        last: this.#lastBlock(),
        time: this.#now(),
        queue: this.#state.queue,
      },
      plan,
    );
    this.#state.applyBlock(record, queue);
    return { record, written: this.#write(record) };
  }

  async #write(record: StateRecord): Promise<void> {
    if (this.#journal === undefined) {
      return;
    }
    const written = this.#journal.append(record);
    const { journal, snapshot } = this.#journal.sizes;
    if (journal > Math.max(this.#options.rotateBytes ?? ROTATE_BYTES, snapshot) && !this.#rotating) {
      this.#rotating = true;
      this.snapshot()
        .catch((error: unknown) => this.#logger.error({ error: oneLine(error) }, 'no snapshot was made'))
        .finally(() => {
          this.#rotating = false;
        });
    }
    await written;
  }

  #schedule(): void {
    const waiting = this.#state.queue.length + this.#state.mempool.length;
    if (this.#closed || waiting === 0 || this.#timer !== undefined) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tick().catch((error: unknown) =>
        this.#logger.error({ error: oneLine(error) }, 'a block could not be made'),
      );
    }, this.#blockIntervalMs);
  }

  async #tick(): Promise<void> {
    try {
      await this.#mutex.run(async () => {
        if (this.#closed || this.#journal?.failure !== undefined) {
          return;
        }
        const { written } = await this.#makeBlock({
          leftover: 'run',
          externals: this.#state.mempool.slice(0, MAX_BLOCK_TRANSACTIONS),
          refused: 'drop',
          outgoing: this.#blockIntervalMs === 0 ? 'this-block' : 'next-block',
        });
        await written;
      });
    } finally {
      this.#schedule();
    }
  }

  /** Writes all of the chain to a new snapshot and empties the journal. Also takes up work again after a full disk. */
  snapshot(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#journal?.rotate(this.#state.records());
      this.#schedule();
    });
  }

  async status(): Promise<ChainStatus> {
    const head = await this.head();
    return {
      seqno: head.seqno,
      time: head.time,
      shift: this.#state.shift,
      prices: this.#options.prices,
      blockIntervalMs: this.#blockIntervalMs,
      accounts: this.#state.accounts.size,
      transactions: this.#state.index.count,
      waiting: this.#state.queue.length + this.#state.mempool.length,
      treasury: treasuryAddress.toString(),
      stateDir: this.#options.stateDir ?? null,
      journalBytes: this.#journal?.sizes.journal ?? 0,
      snapshotBytes: this.#journal?.sizes.snapshot ?? 0,
      failure: this.#journal?.failure?.message ?? null,
    };
  }

  /** Ends what is under way and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#mutex.run(async () => await this.#journal?.close());
  }
}
