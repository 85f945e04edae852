import { type Address, Cell, type TupleItem } from '@ton/core';
import type { Logger } from 'pino';
import type { AccountView } from './accounts';
import { EMPTY_BLOCK, MAX_BLOCK_TRANSACTIONS } from './block-builder';
import { BlockMaker } from './block-maker';
import { BlockTimer } from './block-timer';
import { normalHash, parseExternal } from './cells';
import type { ChainStatus, LocalChainOptions, SentExternal } from './chain-options';
import type { ChainState } from './chain-state';
import { chainConfig } from './config';
import { Emulator, type GetMethodAnswer } from './emulator';
import { LocalnetError, oneLine } from './errors';
import type { BlockHead, TransactionIndex } from './index-of-transactions';
import { Mutex } from './mutex';
import type { TransactionRecord } from './records';
import { StateStore } from './state-store';
import { faucetMessage, TREASURY_RESERVE, treasuryAddress } from './treasury';

/** An idle chain gets an empty block when somebody looks and the last one is older than this many seconds. */
const EMPTY_BLOCK_AFTER = 5;
const MAX_WAITING = 4096;
/** Ten years; beyond that 32-bit times run out within reach. */
export const MAX_ADVANCE = 10 * 365 * 86_400;

/** The chain as its API sees it: what reads and what changes accounts, blocks, waiting messages and the clock, one at a time. */
export class LocalChain {
  readonly #options: LocalChainOptions;
  readonly #logger: Logger;
  readonly #blockIntervalMs: number;
  readonly #config: Cell;
  readonly #emulator: Emulator;
  readonly #mutex = new Mutex();
  readonly #store: StateStore;
  readonly #state: ChainState;
  readonly #blocks: BlockMaker;
  readonly #timer: BlockTimer;
  #closed = false;

  private constructor(options: LocalChainOptions, config: Cell, emulator: Emulator) {
    const { logger, clock = Date.now, blockIntervalMs = 0 } = options;
    this.#options = options;
    this.#logger = logger;
    this.#blockIntervalMs = blockIntervalMs;
    this.#config = config;
    this.#emulator = emulator;
    this.#store = new StateStore(options, () => this.snapshot());
    this.#state = this.#store.state;
    this.#blocks = new BlockMaker({ store: this.#store, emulator, logger, clock });
    this.#timer = new BlockTimer({
      intervalMs: blockIntervalMs,
      waiting: () => this.#state.waiting,
      makeBlock: () => this.#makeDueBlock(),
      logger,
    });
  }

  /** @throws LocalnetError about the state directory */
  static async open(options: LocalChainOptions): Promise<LocalChain> {
    const config = chainConfig(options.prices);
    const chain = new LocalChain(options, config, await Emulator.create(config));
    await chain.#store.restore();
    if (chain.#state.index.last === undefined) {
      await chain.#blocks.genesis();
    }
    chain.#timer.schedule();
    return chain;
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
      const last = this.#blocks.last;
      if (this.#blocks.now() - last.time >= EMPTY_BLOCK_AFTER && !this.#closed && this.#store.failure === undefined) {
        const { written } = await this.#blocks.make(EMPTY_BLOCK);
        // An empty block moves nothing: losing the newest ones in a crash harms nobody, so nobody waits for the disk.
        written.catch((error: unknown) =>
          this.#logger.warn({ error: oneLine(error) }, 'an empty block was not written'),
        );
      }
      return this.#blocks.last;
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
        now: this.#blocks.now(),
        method,
        stack,
      });
    });
  }

  /** Executes an external message without keeping the result: for fee estimates. @throws LocalnetError */
  dryRun(message: Cell, options: { ignoreSignature: boolean }): Promise<Cell> {
    return this.#mutex.run(async () => (await this.#blocks.tryExternal(message, options)).transaction);
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
    const block = await this.#blocks.make({
      leftover: 'run',
      externals: [cell],
      refused: 'reject',
      outgoing: 'this-block',
    });
    this.#timer.schedule();
    return { promise: block.written };
  }

  async #enqueue(cell: Cell): Promise<{ promise: Promise<void> }> {
    if (this.#state.mempool.length >= MAX_WAITING) {
      throw new LocalnetError('busy', `${MAX_WAITING} messages already wait for a block; send again later`);
    }
    if (this.#state.mempool.some((waiting) => waiting.equals(cell))) {
      return { promise: Promise.resolve() };
    }
    await this.#blocks.tryExternal(cell, { ignoreSignature: false });
    this.#state.mempool.push(cell);
    this.#timer.schedule();
    return { promise: this.#store.append({ t: 'external', boc: cell.toBoc().toString('base64') }) };
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
      return await this.#blocks.make({
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
      if (this.#blocks.now() + seconds > 0xffff_ffff - 86_400 * 365) {
        throw new LocalnetError(
          'message-rejected',
          `the chain's clock cannot go ${seconds} s further: times are 32-bit`,
        );
      }
      this.#state.shift += seconds;
      const block = await this.#blocks.make(EMPTY_BLOCK);
      return { promise: Promise.all([block.written, this.#store.append({ t: 'shift', seconds: this.#state.shift })]) };
    });
    await written.promise;
    return this.#blocks.last;
  }

  #assertWritable(): void {
    if (this.#closed) {
      throw new LocalnetError('closed', 'the local chain is shutting down; start it again');
    }
    const failure = this.#store.failure;
    if (failure !== undefined) {
      throw failure;
    }
  }

  /** Runs everything that waits, for the timer. */
  async #makeDueBlock(): Promise<void> {
    await this.#mutex.run(async () => {
      if (this.#closed || this.#store.failure !== undefined) {
        return;
      }
      const { written } = await this.#blocks.make({
        leftover: 'run',
        externals: this.#state.mempool.slice(0, MAX_BLOCK_TRANSACTIONS),
        refused: 'drop',
        outgoing: this.#blockIntervalMs === 0 ? 'this-block' : 'next-block',
      });
      await written;
    });
  }

  /** Writes all of the chain to a new snapshot and empties the journal. Also takes up work again after a full disk. */
  snapshot(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#store.rotate();
      this.#timer.schedule();
    });
  }

  async status(): Promise<ChainStatus> {
    const head = await this.head();
    const { sizes } = this.#store;
    return {
      seqno: head.seqno,
      time: head.time,
      shift: this.#state.shift,
      prices: this.#options.prices,
      blockIntervalMs: this.#blockIntervalMs,
      accounts: this.#state.accounts.size,
      transactions: this.#state.index.count,
      waiting: this.#state.waiting,
      treasury: treasuryAddress.toString(),
      stateDir: this.#options.stateDir ?? null,
      journalBytes: sizes.journal,
      snapshotBytes: sizes.snapshot,
      failure: this.#store.failure?.message ?? null,
    };
  }

  /** Ends what is under way and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#timer.stop();
    await this.#mutex.run(() => this.#store.close());
  }
}
