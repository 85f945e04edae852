import type { Cell } from '@ton/core';
import type { Logger } from 'pino';
import { uninitAccount } from './accounts';
import {
  type BlockPlan,
  blockHash,
  buildBlock,
  destination,
  GENESIS_HASH,
  LT_STEP,
  refusal,
  seedAfter,
} from './block-builder';
import type { Emulator } from './emulator';
import { LocalnetError } from './errors';
import type { BlockHead } from './index-of-transactions';
import type { BlockRecord } from './records';
import type { StateStore } from './state-store';
import { SUPPLY, treasuryAddress } from './treasury';

export interface BlockMakerOptions {
  store: StateStore;
  emulator: Emulator;
  logger: Logger;
  /** Unix milliseconds. */
  clock: () => number;
}

/** A block that has taken effect in memory; `written` resolves when it is on disk. */
export interface MadeBlock {
  record: BlockRecord;
  written: Promise<void>;
}

/**
 * Adds blocks to the chain. A block is worked out against a copy of what it touches and then takes effect at once, in memory
 * and in the journal; whatever fails before that leaves no trace. One call at a time: {@link LocalChain} holds its mutex.
 */
export class BlockMaker {
  readonly #store: StateStore;
  readonly #emulator: Emulator;
  readonly #logger: Logger;
  readonly #clock: () => number;

  constructor(options: BlockMakerOptions) {
    this.#store = options.store;
    this.#emulator = options.emulator;
    this.#logger = options.logger;
    this.#clock = options.clock;
  }

  /** Unix seconds: machine time plus shift, never before the last block. */
  now(): number {
    const { shift, index } = this.#store.state;
    return Math.max(Math.floor(this.#clock() / 1000) + shift, index.last?.time ?? 0);
  }

  /** @throws LocalnetError `closed` before the first block */
  get last(): BlockHead {
    const { last } = this.#store.state.index;
    if (last === undefined) {
      throw new LocalnetError('closed', 'the local chain has no block yet; it is still starting');
    }
    return last;
  }

  /** The first block: all coins are the treasury's. */
  async genesis(): Promise<void> {
    const time = this.now();
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
    this.#store.state.applyBlock(record, []);
    await this.#store.append(record);
  }

  /** @throws LocalnetError; then nothing has changed */
  async make(plan: BlockPlan): Promise<MadeBlock> {
    const { state } = this.#store;
    const { record, queue } = await buildBlock(
      {
        accounts: state.accounts,
        emulator: this.#emulator,
        logger: this.#logger,
        last: this.last,
        time: this.now(),
        queue: state.queue,
      },
      plan,
    );
    state.applyBlock(record, queue);
    return { record, written: this.#store.append(record) };
  }

  /** What would become of an external message now; nothing is kept. @throws LocalnetError `message-rejected`, `emulator` */
  async tryExternal(
    message: Cell,
    options: { ignoreSignature: boolean },
  ): Promise<{ transaction: Cell; account: string }> {
    const dest = destination(message);
    const { last } = this;
    const result = await this.#emulator.runMessage({
      account: this.#store.state.accounts.boc(dest.toRawString()),
      message,
      now: this.now(),
      lt: last.endLt + LT_STEP,
      seed: seedAfter(last, 0),
      ignoreSignature: options.ignoreSignature,
    });
    if (!result.accepted) {
      throw refusal(result);
    }
    return result;
  }
}
