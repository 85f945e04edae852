import { createHash } from 'node:crypto';
import { Address, type Cell, loadMessage } from '@ton/core';
import type { Logger } from 'pino';
import type { Accounts } from './accounts';
import { messageCells, transactionRecord } from './cells';
import type { Emulator } from './emulator';
import { LocalnetError } from './errors';
import type { BlockHead } from './index-of-transactions';
import type { BlockRecord, TransactionRecord } from './records';

/** Every transaction gets the next multiple, as in the sandbox; messages it creates take the values in between. */
export const LT_STEP = 1_000_000n;
/** A message that goes round for ever must not keep the others out: the rest of a long cascade goes to the next block. */
export const MAX_BLOCK_TRANSACTIONS = 256;
export const GENESIS_HASH = '0'.repeat(64);

export interface BlockPlan {
  /** Whether messages left over from earlier blocks are run, or stay where they are. */
  leftover: 'run' | 'keep';
  externals: readonly Cell[];
  /** `reject` makes the whole block fail with the first message that is refused; `drop` leaves such messages out. */
  refused: 'reject' | 'drop';
  /** Where messages created in the block go. */
  outgoing: 'this-block' | 'next-block';
}

/** A block that only moves the clock on. */
export const EMPTY_BLOCK: BlockPlan = { leftover: 'keep', externals: [], refused: 'drop', outgoing: 'next-block' };

/** What a block is built on; nothing of it is changed. */
export interface BlockContext {
  accounts: Accounts;
  emulator: Emulator;
  logger: Logger;
  last: BlockHead;
  /** Unix seconds. */
  time: number;
  /** Internal messages left over from earlier blocks. */
  queue: readonly Cell[];
}

/** A block as a record, and the messages it leaves for the next one. */
export interface BuiltBlock {
  record: BlockRecord;
  queue: Cell[];
}

/** Works out a block. @throws LocalnetError; the chain is then as before */
export async function buildBlock(context: BlockContext, plan: BlockPlan): Promise<BuiltBlock> {
  const { accounts, emulator, logger, last, time } = context;
  const changed = new Map<string, string>();
  const transactions: TransactionRecord[] = [];
  const created: Cell[] = [];
  let lt = last.endLt;
  const run = async (message: Cell, kind: 'external' | 'internal'): Promise<void> => {
    const address = destination(message).toRawString();
    const result = await emulator.runMessage({
      account: changed.get(address) ?? accounts.boc(address),
      message,
      now: time,
      lt: lt + LT_STEP,
      seed: seedAfter(last, transactions.length),
    });
    if (!result.accepted) {
      if (plan.refused === 'reject' && kind === 'external') {
        throw refusal(result);
      }
      logger.warn(
        {
          destination: address,
          hash: message.hash().toString('hex'),
          reason: result.reason,
          exitCode: result.exitCode,
        },
        'a message was not accepted and is dropped',
      );
      return;
    }
    lt += LT_STEP;
    changed.set(address, result.account);
    transactions.push(transactionRecord(result.transaction, address));
    created.push(...internalsOf(result.transaction));
  };

  // External messages first: one that is refused then costs nothing.
  for (const message of plan.externals) {
    await run(message, 'external');
  }
  const todo = plan.leftover === 'run' ? [...context.queue] : [];
  if (plan.outgoing === 'this-block') {
    todo.push(...created.splice(0));
  }
  let position = 0;
  while (position < todo.length && transactions.length < MAX_BLOCK_TRANSACTIONS) {
    const message = todo[position];
    position += 1;
    if (message === undefined) {
      break;
    }
    await run(message, 'internal');
    if (plan.outgoing === 'this-block') {
      todo.push(...created.splice(0));
    }
  }
  const queue = [...(plan.leftover === 'keep' ? context.queue : []), ...todo.slice(position), ...created];
  const seqno = last.seqno + 1;
  const record: BlockRecord = {
    t: 'block',
    seqno,
    time,
    startLt: (transactions.length === 0 ? last.endLt : last.endLt + LT_STEP).toString(),
    endLt: lt.toString(),
    rootHash: blockHash(last.rootHash, seqno, time, transactions),
    transactions,
    accounts: [...changed].map(([address, boc]) => ({ address, boc })),
    taken: plan.refused === 'drop' ? plan.externals.length : 0,
    ...(queue.length > 0 ? { queue: queue.map((cell) => cell.toBoc().toString('base64')) } : {}),
  };
  return { record, queue };
}

export function destination(message: Cell): Address {
  const { dest } = loadMessage(message.beginParse()).info;
  if (!(dest instanceof Address)) {
    throw new LocalnetError('emulator', 'a message without a destination address cannot be executed');
  }
  return dest;
}

function internalsOf(transaction: Cell): Cell[] {
  return messageCells(transaction).outMessages.filter(
    (message) => loadMessage(message.beginParse()).info.type === 'internal',
  );
}

/** The wording is that of the live network's API, which clients are known to match against. */
export function refusal(result: { reason: string; exitCode: number | undefined }): LocalnetError {
  const exit = result.exitCode === undefined ? '' : `: exitcode=${result.exitCode}`;
  return new LocalnetError(
    'message-rejected',
    `LITE_SERVER_UNKNOWN: cannot apply external message to current state : ${result.reason}${exit}`,
    result.exitCode === undefined ? {} : { exitCode: result.exitCode },
  );
}

/** Random numbers of contracts depend on the block and the place in it only. */
export function seedAfter(block: BlockHead, position: number): Buffer {
  return createHash('sha256').update(`seed ${block.rootHash} ${position}`).digest();
}

export function blockHash(
  previous: string,
  seqno: number,
  time: number,
  transactions: readonly TransactionRecord[],
): string {
  const hash = createHash('sha256').update(`block ${previous} ${seqno} ${time}`);
  for (const transaction of transactions) {
    hash.update(transaction.hash);
  }
  return hash.digest('hex');
}
