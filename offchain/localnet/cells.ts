import {
  Address,
  beginCell,
  Cell,
  type CommonMessageInfoExternalIn,
  Dictionary,
  loadMessage,
  type Message,
  storeMessage,
} from '@ton/core';
import { oneLine } from './errors';
import type { TransactionRecord } from './records';

/** What the live network takes as an external message. */
const MAX_EXTERNAL_BYTES = 65_535;
const MAX_EXTERNAL_DEPTH = 512;

export type ExternalInMessage = Message & { info: CommonMessageInfoExternalIn };

export class MalformedMessageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedMessageError';
  }
}

/** An account that does not exist: ShardAccount with account_none. */
export const NO_ACCOUNT: string = beginCell()
  .storeRef(beginCell().storeBit(0).endCell())
  .storeUint(0, 256)
  .storeUint(0, 64)
  .endCell()
  .toBoc()
  .toString('base64');

/** The messages of a transaction exactly as they are in it (decoding and encoding again may lay them out differently). */
export function messageCells(transaction: Cell): { inMessage: Cell | null; outMessages: Cell[] } {
  const messages = transaction.refs[0];
  if (messages === undefined) {
    throw new MalformedMessageError('the transaction has no messages cell');
  }
  const slice = messages.beginParse();
  const inMessage = slice.loadMaybeRef();
  const out = slice.loadDict(Dictionary.Keys.Uint(15), Dictionary.Values.Cell());
  return { inMessage, outMessages: out.values() };
}

/** The hash that identifies an external message whatever state init or layout it was sent with (TEP-467). */
export function normalHash(message: ExternalInMessage): Buffer {
  return beginCell()
    .store(
      storeMessage(
        {
          info: { type: 'external-in', dest: message.info.dest, importFee: 0n, src: null },
          init: null,
          body: message.body,
        },
        { forceRef: true },
      ),
    )
    .endCell()
    .hash();
}

export function transactionRecord(transaction: Cell, account: string): TransactionRecord {
  const head = transaction.beginParse();
  head.skip(4 + 256);
  const lt = head.loadUintBig(64);
  head.skip(256 + 64);
  const now = head.loadUint(32);
  const { inMessage, outMessages } = messageCells(transaction);
  const info = inMessage === null ? undefined : loadMessage(inMessage.beginParse());
  const record: TransactionRecord = {
    boc: transaction.toBoc().toString('base64'),
    hash: transaction.hash().toString('hex'),
    account,
    lt: lt.toString(),
    now,
    outHashes: outMessages.map((message) => message.hash().toString('hex')),
  };
  if (inMessage !== null) {
    record.inHash = inMessage.hash().toString('hex');
  }
  if (info?.info.type === 'internal') {
    record.from = { source: info.info.src.toRawString(), lt: info.info.createdLt.toString() };
  } else if (info !== undefined && isExternalIn(info)) {
    record.inNormalHash = normalHash(info).toString('hex');
  }
  return record;
}

function isExternalIn(message: Message): message is ExternalInMessage {
  return message.info.type === 'external-in';
}

/** @throws MalformedMessageError saying what is wrong with it */
export function parseExternal(boc: Buffer): { cell: Cell; message: ExternalInMessage; dest: Address } {
  if (boc.length > MAX_EXTERNAL_BYTES) {
    throw new MalformedMessageError(
      `an external message of ${boc.length} bytes is over the limit of ${MAX_EXTERNAL_BYTES}`,
    );
  }
  let cell: Cell;
  let message: Message;
  try {
    const roots = Cell.fromBoc(boc);
    if (roots.length !== 1 || roots[0] === undefined) {
      throw new Error(`it has ${roots.length} root cells instead of one`);
    }
    cell = roots[0];
    const slice = cell.beginParse();
    message = loadMessage(slice);
  } catch (error) {
    throw new MalformedMessageError(`the bag of cells is not a message: ${oneLine(error)}`);
  }
  if (!isExternalIn(message)) {
    throw new MalformedMessageError(`only external messages can be sent in, and this one is ${message.info.type}`);
  }
  if (cell.depth() > MAX_EXTERNAL_DEPTH) {
    throw new MalformedMessageError(
      `the message is ${cell.depth()} cells deep, at most ${MAX_EXTERNAL_DEPTH} are allowed`,
    );
  }
  const { dest } = message.info;
  if (!(dest instanceof Address)) {
    throw new MalformedMessageError('the message has no destination address');
  }
  if (dest.workChain !== 0 && dest.workChain !== -1) {
    throw new MalformedMessageError(`there is no workchain ${dest.workChain}; use 0 or -1`);
  }
  return { cell, message, dest };
}
