import { Cell } from '@ton/core';
import { Accounts } from './accounts';
import { TransactionIndex } from './index-of-transactions';
import type { BlockRecord, StateRecord } from './records';

/** What the chain is at one moment, in memory: it changes by records only, the same ones that are on disk. */
export class ChainState {
  readonly accounts = new Accounts();
  readonly index: TransactionIndex;
  /** Seconds by which the chain's clock is ahead of the machine's. */
  shift = 0;
  /** Internal messages left for the next block. */
  queue: Cell[] = [];
  /** External messages that wait for the next block. */
  mempool: Cell[] = [];

  constructor(keepTransactions: number) {
    this.index = new TransactionIndex(keepTransactions);
  }

  /** How many messages, external and internal, wait for a block. */
  get waiting(): number {
    return this.queue.length + this.mempool.length;
  }

  apply(record: StateRecord): void {
    switch (record.t) {
      case 'account':
        this.accounts.set(record);
        return;
      case 'shift':
        this.shift = record.seconds;
        return;
      case 'external':
        this.mempool.push(Cell.fromBase64(record.boc));
        return;
      case 'block':
        this.applyBlock(
          record,
          (record.queue ?? []).map((boc) => Cell.fromBase64(boc)),
        );
    }
  }

  /** @param queue the record's messages, decoded */
  applyBlock(record: BlockRecord, queue: Cell[]): void {
    for (const account of record.accounts) {
      this.accounts.set(account);
    }
    this.mempool.splice(0, record.taken);
    this.queue = queue;
    this.index.add(record);
  }

  /** Records that make a new state equal to this one. */
  *records(): Generator<StateRecord> {
    yield { t: 'shift', seconds: this.shift };
    for (const account of this.accounts.records()) {
      yield { t: 'account', ...account };
    }
    const blocks = this.index.blocks();
    for (const block of blocks) {
      yield {
        t: 'block',
        seqno: block.seqno,
        time: block.time,
        startLt: block.startLt.toString(),
        endLt: block.endLt.toString(),
        rootHash: block.rootHash,
        transactions: this.index.inBlock(block.seqno).map((transaction) => transaction.record),
        accounts: [],
        taken: 0,
        ...(block === blocks.at(-1) && this.queue.length > 0 ? { queue: this.queue.map(encode) } : {}),
      };
    }
    for (const cell of this.mempool) {
      yield { t: 'external', boc: encode(cell) };
    }
  }
}

function encode(cell: Cell): string {
  return cell.toBoc().toString('base64');
}
