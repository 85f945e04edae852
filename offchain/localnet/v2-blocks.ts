import { Address, Cell } from '@ton/core';
import type { LocalChain } from './chain';
import { ApiError } from './errors';
import type { BlockHead, StoredTransaction } from './index-of-transactions';
import type { Method } from './method';
import type { Params } from './params';
import * as format from './v2-format';

const MAX_SEQNO = 0xffff_ffff;
const MAX_TIME = 0xffff_ffff;
/** `TonClient` asks for everything in a block and cannot page. */
const MAX_BLOCK_LIST = 10_000;

function workchain(params: Params): number {
  return params.integer('workchain', { min: -1, max: 0 });
}

function assertShard(params: Params): void {
  const shard = String(params.raw('shard'));
  if (![format.WHOLE_SHARD, '9223372036854775808', '8000000000000000'].includes(shard)) {
    throw new ApiError(422, `parameter "shard" must be ${format.WHOLE_SHARD}: the local chain is not split`);
  }
}

function knownBlock(chain: LocalChain, seqno: number): BlockHead {
  const block = chain.index.block(seqno);
  if (block === undefined) {
    throw new ApiError(
      404,
      `block ${seqno} is not known; blocks ${chain.index.firstSeqno ?? 0} to ${chain.index.last?.seqno ?? 0} are`,
    );
  }
  return block;
}

export function formatted(stored: StoredTransaction): Record<string, unknown> {
  return format.transaction(stored, Cell.fromBase64(stored.record.boc), Address.parseRaw(stored.record.account));
}

const lookupBlock: Method = async (chain, params) => {
  const wc = workchain(params);
  assertShard(params);
  await chain.head();
  const seqno = params.optionalInteger('seqno', { min: 0, max: MAX_SEQNO });
  const time = params.optionalInteger('unixtime', { min: 0, max: MAX_TIME });
  const lt = params.optionalLt('lt');
  if ([seqno, time, lt].filter((value) => value !== undefined).length !== 1) {
    throw new ApiError(422, 'give exactly one of the parameters "seqno", "lt" and "unixtime"');
  }
  if (seqno !== undefined) {
    return format.blockId(knownBlock(chain, seqno), wc);
  }
  const block = lt === undefined ? chain.index.blockAt(time ?? 0) : chain.index.blockOfLt(lt);
  if (block === undefined) {
    throw new ApiError(404, 'no known block is at that place');
  }
  return format.blockId(block, wc);
};

const getBlockHeader: Method = async (chain, params) => {
  const wc = workchain(params);
  assertShard(params);
  const block = knownBlock(chain, params.integer('seqno', { min: 0, max: MAX_SEQNO }));
  const previous = chain.index.block(block.seqno - 1);
  return {
    '@type': 'blocks.header',
    id: format.blockId(block, wc),
    global_id: -239,
    version: 0,
    flags: 1,
    after_merge: false,
    after_split: false,
    before_split: false,
    want_merge: false,
    want_split: false,
    validator_list_hash_short: 0,
    catchain_seqno: 0,
    min_ref_mc_seqno: Math.max(block.seqno - 1, 0),
    is_key_block: false,
    prev_key_block_seqno: 0,
    start_lt: block.startLt.toString(),
    end_lt: block.endLt.toString(),
    gen_utime: block.time,
    prev_blocks: previous === undefined ? [] : [format.blockId(previous, wc)],
  };
};

function blockTransactions(
  chain: LocalChain,
  params: Params,
): {
  head: Record<string, unknown>;
  listed: StoredTransaction[];
} {
  const wc = workchain(params);
  assertShard(params);
  const block = knownBlock(chain, params.integer('seqno', { min: 0, max: MAX_SEQNO }));
  const count = params.integer('count', { min: 1, max: MAX_BLOCK_LIST, default: MAX_BLOCK_LIST });
  const afterLt = params.optionalLt('after_lt') ?? 0n;
  const all = chain.index
    .inBlock(block.seqno)
    .filter((stored) => stored.record.account.startsWith(`${wc}:`) && stored.lt > afterLt);
  return {
    head: { id: format.blockId(block, wc), req_count: count, incomplete: all.length > count },
    listed: all.slice(0, count),
  };
}

const getBlockTransactions: Method = async (chain, params) => {
  const { head, listed } = blockTransactions(chain, params);
  return {
    '@type': 'blocks.transactions',
    ...head,
    transactions: listed.map((stored) => ({
      '@type': 'blocks.shortTxId',
      mode: 135,
      account: stored.record.account,
      lt: stored.record.lt,
      hash: Buffer.from(stored.record.hash, 'hex').toString('base64'),
    })),
  };
};

const getBlockTransactionsExt: Method = async (chain, params) => {
  const { head, listed } = blockTransactions(chain, params);
  return { '@type': 'blocks.transactionsExt', ...head, transactions: listed.map(formatted) };
};

/** The calls about blocks. */
export const blockMethods: Readonly<Record<string, Method>> = {
  getMasterchainInfo: async (chain) => {
    const head = await chain.head();
    return {
      '@type': 'blocks.masterchainInfo',
      last: format.blockId(head, -1),
      state_root_hash: Buffer.from(head.rootHash, 'hex').toString('base64'),
      init: {
        '@type': 'ton.blockIdExt',
        workchain: -1,
        shard: '0',
        seqno: 0,
        root_hash: Buffer.alloc(32).toString('base64'),
        file_hash: Buffer.alloc(32).toString('base64'),
      },
    };
  },
  getConsensusBlock: async (chain) => {
    const head = await chain.head();
    return { consensus_block: head.seqno, timestamp: head.time };
  },
  shards: async (chain, params) => {
    const block = knownBlock(chain, params.integer('seqno', { min: 0, max: MAX_SEQNO }));
    return { '@type': 'blocks.shards', shards: [format.blockId(block, 0)] };
  },
  lookupBlock,
  getBlockHeader,
  getBlockTransactions,
  getBlockTransactionsExt,
};
