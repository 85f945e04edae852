import { Cell, loadTransaction, type Transaction } from '@ton/core';
import type { BlockRecord, TransactionRecord } from './records';

/** One transaction as kept in memory; decoded anew whenever somebody asks, because keeping all decoded would take 10 times the space. */
export class StoredTransaction {
  readonly record: TransactionRecord;
  readonly seqno: number;
  readonly lt: bigint;

  constructor(record: TransactionRecord, seqno: number) {
    this.record = record;
    this.seqno = seqno;
    this.lt = BigInt(record.lt);
  }

  decode(): Transaction {
    return loadTransaction(Cell.fromBase64(this.record.boc).beginParse());
  }
}

/** A block without its contents. */
export interface BlockHead {
  seqno: number;
  time: number;
  startLt: bigint;
  endLt: bigint;
  rootHash: string;
}

/** Blocks are cheap, and an idle chain that is being polled makes empty ones: many more of them than transactions. */
const MAX_BLOCKS = 200_000;

const sourceKey = (source: string, lt: string): string => `${source} ${lt}`;

/**
 * Finds transactions by account and lt, by hash, by block and by message. Holds the newest `limit` transactions; older
 * ones are forgotten as whole blocks, so an account's list never has a hole.
 */
export class TransactionIndex {
  readonly #limit: number;
  readonly #blocks: BlockHead[] = [];
  readonly #byBlock = new Map<number, StoredTransaction[]>();
  readonly #byAccount = new Map<string, StoredTransaction[]>();
  readonly #byHash = new Map<string, StoredTransaction>();
  readonly #byInMessage = new Map<string, StoredTransaction>();
  readonly #byOutMessage = new Map<string, StoredTransaction>();
  readonly #bySource = new Map<string, StoredTransaction>();
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get last(): BlockHead | undefined {
    return this.#blocks.at(-1);
  }

  get firstSeqno(): number | undefined {
    return this.#blocks[0]?.seqno;
  }

  add(block: BlockRecord): void {
    this.#blocks.push({
      seqno: block.seqno,
      time: block.time,
      startLt: BigInt(block.startLt),
      endLt: BigInt(block.endLt),
      rootHash: block.rootHash,
    });
    if (block.transactions.length > 0) {
      const stored = block.transactions.map((record) => new StoredTransaction(record, block.seqno));
      this.#byBlock.set(block.seqno, stored);
      for (const transaction of stored) {
        this.#insert(transaction);
      }
    }
    while (this.#blocks.length > 1 && (this.#count > this.#limit || this.#blocks.length > MAX_BLOCKS)) {
      this.#forgetOldestBlock();
    }
  }

  #insert(transaction: StoredTransaction): void {
    const { record } = transaction;
    const list = this.#byAccount.get(record.account);
    if (list === undefined) {
      this.#byAccount.set(record.account, [transaction]);
    } else {
      list.push(transaction);
    }
    this.#byHash.set(record.hash, transaction);
    if (record.inHash !== undefined) {
      this.#byInMessage.set(record.inHash, transaction);
    }
    if (record.inNormalHash !== undefined) {
      this.#byInMessage.set(record.inNormalHash, transaction);
    }
    for (const hash of record.outHashes) {
      this.#byOutMessage.set(hash, transaction);
    }
    if (record.from !== undefined) {
      this.#bySource.set(sourceKey(record.from.source, record.from.lt), transaction);
    }
    this.#count += 1;
  }

  #forgetOldestBlock(): void {
    const block = this.#blocks.shift();
    if (block === undefined) {
      return;
    }
    for (const transaction of this.#byBlock.get(block.seqno) ?? []) {
      const { record } = transaction;
      const list = this.#byAccount.get(record.account);
      // Blocks are forgotten in order, so the transaction is the oldest of its account.
      list?.shift();
      if (list?.length === 0) {
        this.#byAccount.delete(record.account);
      }
      const drop = (map: Map<string, StoredTransaction>, key: string): void => {
        if (map.get(key) === transaction) {
          map.delete(key);
        }
      };
      drop(this.#byHash, record.hash);
      if (record.inHash !== undefined) {
        drop(this.#byInMessage, record.inHash);
      }
      if (record.inNormalHash !== undefined) {
        drop(this.#byInMessage, record.inNormalHash);
      }
      for (const hash of record.outHashes) {
        drop(this.#byOutMessage, hash);
      }
      if (record.from !== undefined) {
        drop(this.#bySource, sourceKey(record.from.source, record.from.lt));
      }
      this.#count -= 1;
    }
    this.#byBlock.delete(block.seqno);
  }

  block(seqno: number): BlockHead | undefined {
    const first = this.#blocks[0];
    return first === undefined ? undefined : this.#blocks[seqno - first.seqno];
  }

  blocks(): readonly BlockHead[] {
    return this.#blocks;
  }

  inBlock(seqno: number): readonly StoredTransaction[] {
    return this.#byBlock.get(seqno) ?? [];
  }

  byHash(hash: string): StoredTransaction | undefined {
    return this.#byHash.get(hash);
  }

  byInMessage(hash: string): StoredTransaction | undefined {
    return this.#byInMessage.get(hash);
  }

  byOutMessage(hash: string): StoredTransaction | undefined {
    return this.#byOutMessage.get(hash);
  }

  /** The transaction that an internal message of `source`, created at `lt`, started. */
  bySource(source: string, lt: bigint): StoredTransaction | undefined {
    return this.#bySource.get(sourceKey(source, lt.toString()));
  }

  /** The newest block at or before `time` (unix s). */
  blockAt(time: number): BlockHead | undefined {
    return this.#blocks[this.#firstBlockWhere((block) => block.time > time) - 1];
  }

  /** The first block that holds `lt` or anything later. */
  blockOfLt(lt: bigint): BlockHead | undefined {
    return this.#blocks[this.#firstBlockWhere((block) => block.endLt >= lt)];
  }

  #firstBlockWhere(test: (block: BlockHead) => boolean): number {
    return lowerBound(this.#blocks, test);
  }

  /** Oldest first. */
  ofAccount(account: string): readonly StoredTransaction[] {
    return this.#byAccount.get(account) ?? [];
  }

  /** Newest first: at most `limit` of the account's transactions with lt ≤ `from` (all when absent). */
  newest(account: string, limit: number, from?: bigint): StoredTransaction[] {
    const list = this.ofAccount(account);
    const end = from === undefined ? list.length : lowerBound(list, (transaction) => transaction.lt > from);
    return list.slice(Math.max(0, end - limit), end).reverse();
  }

  /** Newest first over the whole chain, from the newest block backwards. */
  *all(): Generator<StoredTransaction> {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i];
      if (block !== undefined) {
        yield* [...this.inBlock(block.seqno)].reverse();
      }
    }
  }
}

/** Index of the first item for which `test` holds; it must hold for all that follow. */
function lowerBound<T>(list: readonly T[], test: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = list[middle];
    if (item !== undefined && test(item)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
