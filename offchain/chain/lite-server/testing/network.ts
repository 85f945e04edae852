import { createHash } from 'node:crypto';
import {
  type AccountState as AccountStateCell,
  type Address,
  beginCell,
  Cell,
  Dictionary,
  serializeTuple,
  storeAccount,
  storeTransaction,
  type Transaction,
  type TupleItem,
} from '@ton/core';
import type { BlockId } from '../tl';
import {
  blockTo,
  bocOf,
  masterchainExtra,
  type ShardAccountCells,
  shardAccounts,
  shardState,
  stateProof,
  towards,
} from './cells';

const SHARDS = [1n << 62n, (1n << 62n) - (1n << 63n)];
const ROOT_SHARD = -(1n << 63n);

interface FakeAccount {
  address: Address;
  balance: bigint;
  state: AccountStateCell;
  /** Oldest first. */
  history: { lt: bigint; cell: Cell; hash: Buffer }[];
}

interface MadeBlock {
  shards: { shard: bigint; inside: ShardAccountCells[]; accounts: Cell; state: Cell; block: Cell }[];
  extra: Cell;
  masterState: Cell;
  masterBlock: Cell;
  last: BlockId;
}

/** A network of one workchain with two shards, whose lite server would answer like this. Time goes on when the test says so. */
export class FakeNetwork {
  readonly zeroState = createHash('sha256').update('zero state').digest();
  readonly #accounts = new Map<string, FakeAccount>();
  readonly #sent: Buffer[] = [];
  #made: MadeBlock | undefined;
  seqno = 100;
  time = 1_780_000_000;
  /** Transactions with a smaller lt have been forgotten. */
  oldestLt = 0n;
  /** What get methods answer, by their number. */
  readonly methods = new Map<number, { exitCode: number; stack?: TupleItem[] }>();

  get sent(): readonly Buffer[] {
    return this.#sent;
  }

  send(message: Buffer): void {
    this.#sent.push(message);
  }

  /** One more transaction of the account, which is in the next block. */
  touch(address: Address, balance: bigint, state: AccountStateCell = { type: 'uninit' }): void {
    this.seqno += 1;
    this.time += 3;
    const name = address.toRawString();
    const account = this.#accounts.get(name) ?? { address, balance, state, history: [] };
    this.#accounts.set(name, { ...account, balance, state });
    const previous = account.history.at(-1);
    const lt = BigInt(this.seqno) * 1000n;
    const cell = transaction(address, lt, this.time, previous);
    account.history.push({ lt, cell, hash: cell.hash() });
  }

  historyOf(address: Address): readonly FakeAccount['history'][number][] {
    return this.#accounts.get(address.toRawString())?.history ?? [];
  }

  /** At most `count` from that transaction on, newest first; undefined when the server does not have it. */
  transactions(address: Address, from: { lt: bigint; hash: Buffer }, count: number): Cell[] | undefined {
    const known = this.historyOf(address).filter(({ lt }) => lt <= from.lt && lt >= this.oldestLt);
    const first = known.at(-1);
    if (first === undefined || first.lt !== from.lt || !first.hash.equals(from.hash)) return undefined;
    return [...known]
      .reverse()
      .slice(0, count)
      .map(({ cell }) => cell);
  }

  /** Everything about the present block, made once. */
  #chain(): MadeBlock {
    this.#made ??= this.#make();
    if (this.#made.last.seqno !== this.seqno) this.#made = this.#make();
    return this.#made;
  }

  #make(): MadeBlock {
    const cells = [...this.#accounts.values()].map((account) => ({ account, cells: accountCells(account) }));
    const shards = SHARDS.map((shard, side) => {
      const inside = cells.filter(({ account }) => account.address.hash[0]! >> 7 === side).map((entry) => entry.cells);
      const accounts = shardAccounts(inside);
      const state = shardState(0, this.seqno, accounts);
      return { shard, inside, accounts, state, block: blockTo(state) };
    });
    const extra = masterchainExtra(
      0,
      shards.map(({ block }) => block.hash()),
    );
    const masterState = shardState(-1, this.seqno, beginCell().storeBit(false).endCell(), extra);
    const masterBlock = blockTo(masterState);
    const last = blockIdOf(-1, ROOT_SHARD, this.seqno, masterBlock);
    return { shards, extra, masterState, masterBlock, last };
  }

  /** The present block and, for an account of workchain 0, everything that shows its state. */
  show(address?: Address): { last: BlockId; shard: BlockId; shardProof: Buffer; proof: Buffer; state: Buffer } {
    const { shards, extra, masterState, masterBlock, last } = this.#chain();
    const mine = shards[(address?.hash[0] ?? 0) >> 7]!;
    const shardId = blockIdOf(0, mine.shard, this.seqno, mine.block);
    const found = mine.inside.find((entry) => address?.equals(entry.address));
    const shown = found === undefined ? mine.inside : [found];
    const path = shown.flatMap(({ account }) => towards(mine.accounts, account));
    const shardCells = everyCell(extra.refs[0]!);
    return {
      last,
      shard: shardId,
      shardProof: stateProof(masterBlock, masterState, [extra, ...shardCells]),
      proof: stateProof(mine.block, mine.state, [mine.accounts, ...path]),
      state: found === undefined ? Buffer.alloc(0) : bocOf([found.account]),
    };
  }
}

function everyCell(cell: Cell): Cell[] {
  return [cell, ...cell.refs.flatMap(everyCell)];
}

function blockIdOf(workchain: number, shard: bigint, seqno: number, block: Cell): BlockId {
  const fileHash = createHash('sha256').update(block.hash()).digest();
  return { workchain, shard, seqno, rootHash: block.hash(), fileHash };
}

function accountCells({ address, balance, state, history }: FakeAccount): ShardAccountCells {
  const { lt, hash } = history.at(-1)!;
  const used = { cells: 1n, bits: 1n };
  const account = beginCell().storeBit(true);
  account.store(
    storeAccount({
      addr: address,
      storageStats: { used, storageExtra: null, lastPaid: 0, duePayment: null },
      storage: { lastTransLt: lt, balance: { coins: balance }, state },
    }),
  );
  return { address, account: account.endCell(), last: { lt, hash } };
}

function transaction(address: Address, lt: bigint, now: number, previous?: { lt: bigint; hash: Buffer }): Cell {
  const value: Transaction = {
    address: BigInt(`0x${address.hash.toString('hex')}`),
    lt,
    prevTransactionHash: previous === undefined ? 0n : BigInt(`0x${previous.hash.toString('hex')}`),
    prevTransactionLt: previous?.lt ?? 0n,
    now,
    outMessagesCount: 0,
    oldStatus: 'active',
    endStatus: 'active',
    outMessages: Dictionary.empty(),
    totalFees: { coins: 0n },
    stateUpdate: { oldHash: Buffer.alloc(32), newHash: Buffer.alloc(32) },
    description: {
      type: 'storage',
      storagePhase: { storageFeesCollected: 0n, storageFeesDue: null, statusChange: 'unchanged' },
    },
    raw: Cell.EMPTY,
    hash: () => Buffer.alloc(32),
  };
  return beginCell().store(storeTransaction(value)).endCell();
}

export function stackBoc(items: TupleItem[]): Buffer {
  return serializeTuple(items).toBoc();
}
