import { crc32 } from 'node:zlib';
import { TlReader } from '@cocoon/sdk';
import type { Address } from '@ton/core';

/**
 * The few declarations of TON's lite server API that this adapter uses. A constructor's id is the CRC32 of its declaration,
 * so every character counts. `#` is an int whose bits say which of the `mode.N?` fields are there.
 */
const DECLARATIONS = [
  'adnl.message.query query_id:int256 query:bytes = adnl.Message',
  'adnl.message.answer query_id:int256 answer:bytes = adnl.Message',
  'pub.ed25519 key:int256 = PublicKey',
  'liteServer.query data:bytes = Object',
  'liteServer.error code:int message:string = liteServer.Error',
  'liteServer.getMasterchainInfoExt mode:# = liteServer.MasterchainInfoExt',
  'liteServer.masterchainInfoExt mode:# version:int capabilities:long last:tonNode.blockIdExt last_utime:int now:int state_root_hash:int256 init:tonNode.zeroStateIdExt = liteServer.MasterchainInfoExt',
  'liteServer.getAccountState id:tonNode.blockIdExt account:liteServer.accountId = liteServer.AccountState',
  'liteServer.accountState id:tonNode.blockIdExt shardblk:tonNode.blockIdExt shard_proof:bytes proof:bytes state:bytes = liteServer.AccountState',
  'liteServer.getTransactions count:# account:liteServer.accountId lt:long hash:int256 = liteServer.TransactionList',
  'liteServer.transactionList ids:vector tonNode.blockIdExt transactions:bytes = liteServer.TransactionList',
  'liteServer.runSmcMethod mode:# id:tonNode.blockIdExt account:liteServer.accountId method_id:long params:bytes = liteServer.RunMethodResult',
  'liteServer.runMethodResult mode:# id:tonNode.blockIdExt shardblk:tonNode.blockIdExt shard_proof:mode.0?bytes proof:mode.0?bytes state_proof:mode.1?bytes init_c7:mode.3?bytes lib_extras:mode.4?bytes exit_code:int result:mode.2?bytes = liteServer.RunMethodResult',
  'liteServer.sendMessage body:bytes = liteServer.SendMsgStatus',
  'liteServer.sendMsgStatus status:int = liteServer.SendMsgStatus',
] as const;

type Named<D> = D extends `${infer Name} ${string}` ? Name : never;
export type TlName = Named<(typeof DECLARATIONS)[number]>;

const ids = new Map<string, number>(DECLARATIONS.map((text) => [text.slice(0, text.indexOf(' ')), crc32(text) >>> 0]));

export function tlId(name: TlName): number {
  return ids.get(name)!;
}

/** One block, by every name it has; both hashes are 32 bytes. */
export interface BlockId {
  workchain: number;
  /** Signed, as TL carries it; the highest bit is the first of the shard's prefix. */
  shard: bigint;
  seqno: number;
  rootHash: Buffer;
  fileHash: Buffer;
}

export interface LatestBlock {
  last: BlockId;
  /** Unix seconds of that block. */
  time: number;
  /** Names the network: the file hash of the masterchain's block 0. */
  zeroStateFileHash: Buffer;
}

export interface AccountAnswer {
  block: BlockId;
  shard: BlockId;
  shardProof: Buffer;
  proof: Buffer;
  /** BoC of the account's cell; empty when there is none. */
  state: Buffer;
}

/** Runs without `result` are those that never started. */
export interface RunAnswer {
  block: BlockId;
  exitCode: number;
  result: Buffer | undefined;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
}

/** A TL byte string: length, content, zeroes up to a multiple of 4. */
export function byteString(data: Buffer): Buffer {
  const head = data.length < 254 ? Buffer.from([data.length]) : int32(data.length * 256 + 254);
  return Buffer.concat([head, data, Buffer.alloc(-(head.length + data.length) & 3)]);
}

export function boxed(name: TlName, ...fields: Buffer[]): Buffer {
  return Buffer.concat([int32(tlId(name)), ...fields]);
}

export function blockId({ workchain, shard, seqno, rootHash, fileHash }: BlockId): Buffer {
  return Buffer.concat([int32(workchain), int64(shard), int32(seqno), rootHash, fileHash]);
}

function accountId(address: Address): Buffer {
  return Buffer.concat([int32(address.workChain), address.hash]);
}

export const queries = {
  latest: () => boxed('liteServer.getMasterchainInfoExt', int32(0)),
  account: (at: BlockId, address: Address) => boxed('liteServer.getAccountState', blockId(at), accountId(address)),
  transactions: (address: Address, from: { lt: bigint; hash: Buffer }, count: number) =>
    boxed('liteServer.getTransactions', int32(count), accountId(address), int64(from.lt), from.hash),
  /** Bit 2 of the mode asks for the resulting stack. */
  run: (at: BlockId, address: Address, methodId: number, params: Buffer) =>
    boxed(
      'liteServer.runSmcMethod',
      int32(4),
      blockId(at),
      accountId(address),
      int64(BigInt(methodId)),
      byteString(params),
    ),
  send: (message: Buffer) => boxed('liteServer.sendMessage', byteString(message)),
};

/** What the server answers when it does not answer. */
export class LiteServerRefusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'LiteServerRefusal';
    this.code = code;
  }
}

function readBlockId(reader: TlReader): BlockId {
  return {
    workchain: reader.int(),
    shard: reader.long(),
    seqno: reader.uint32(),
    rootHash: reader.int256(),
    fileHash: reader.int256(),
  };
}

/** Reads one boxed answer that must fill `data`. @throws LiteServerRefusal, TlError */
function answer<T>(data: Buffer, name: TlName, read: (reader: TlReader) => T): T {
  const reader = new TlReader(data);
  reader.at('liteServer', name);
  const id = reader.uint32();
  if (id === tlId('liteServer.error')) {
    const code = reader.int();
    throw new LiteServerRefusal(code, reader.string().replace(/\s+/g, ' ').slice(0, 600));
  }
  if (id !== tlId(name)) reader.fail(`has the constructor 0x${id.toString(16)}`);
  const value = read(reader);
  if (reader.remaining !== 0) reader.fail(`is followed by ${reader.remaining} bytes`);
  return value;
}

export const answers = {
  latest: (data: Buffer): LatestBlock =>
    answer(data, 'liteServer.masterchainInfoExt', (reader) => {
      reader.take(4 + 4 + 8);
      const last = readBlockId(reader);
      const time = reader.uint32();
      // The server's clock, the state's root, then the zero state's workchain and root hash.
      reader.take(4 + 32 + 4 + 32);
      return { last, time, zeroStateFileHash: reader.int256() };
    }),
  account: (data: Buffer): AccountAnswer =>
    answer(data, 'liteServer.accountState', (reader) => ({
      block: readBlockId(reader),
      shard: readBlockId(reader),
      shardProof: reader.bytes(),
      proof: reader.bytes(),
      state: reader.bytes(),
    })),
  /** BoC with the transactions as roots, newest first. */
  transactions: (data: Buffer): Buffer =>
    answer(data, 'liteServer.transactionList', (reader) => {
      const count = reader.uint32();
      for (let i = 0; i < count; i++) readBlockId(reader);
      return reader.bytes();
    }),
  run: (data: Buffer): RunAnswer =>
    answer(data, 'liteServer.runMethodResult', (reader) => {
      const mode = reader.uint32();
      const block = readBlockId(reader);
      readBlockId(reader);
      const unused = (mode & 1) * 2 + ((mode >> 1) & 1) + ((mode >> 3) & 1) + ((mode >> 4) & 1);
      for (let i = 0; i < unused; i++) reader.bytes();
      const exitCode = reader.int();
      return { block, exitCode, result: (mode & 4) === 0 ? undefined : reader.bytes() };
    }),
  send: (data: Buffer): number => answer(data, 'liteServer.sendMsgStatus', (reader) => reader.int()),
};
