import { Cell } from '@ton/core';
import { messageCells } from './cells';
import type { LocalChain } from './chain';
import { ApiError } from './errors';
import type { StoredTransaction } from './index-of-transactions';
import type { Method } from './method';
import type { Params } from './params';
import { parseStack, stackToV3 } from './stack';
import * as format from './v3-format';

const MAX_LIMIT = 1000;
const MAX_TIME = 0xffff_ffff;

/** All transactions a query could mean, newest first; the narrowest index that applies. */
function candidates(chain: LocalChain, params: Params): Iterable<StoredTransaction> {
  if (params.has('hash')) {
    const stored = chain.index.byHash(params.hash('hash').toString('hex'));
    return stored === undefined ? [] : [stored];
  }
  if (params.has('account')) {
    const lists = params
      .addresses('account')
      .map((account) => chain.index.newest(account.toRawString(), Number.MAX_SAFE_INTEGER));
    return lists.length === 1 ? (lists[0] ?? []) : lists.flat().sort((a, b) => (a.lt < b.lt ? 1 : -1));
  }
  const seqno = params.optionalInteger(params.has('mc_seqno') ? 'mc_seqno' : 'seqno', { min: 0, max: 0xffff_ffff });
  return seqno === undefined ? chain.index.all() : [...chain.index.inBlock(seqno)].reverse();
}

function paged<T>(items: Iterable<T>, params: Params, matches: (item: T) => boolean): T[] {
  const limit = params.integer('limit', { min: 1, max: MAX_LIMIT, default: 10 });
  const offset = params.integer('offset', { min: 0, max: 1_000_000, default: 0 });
  const oldestFirst = (params.optionalString('sort') ?? 'desc') === 'asc';
  const source = oldestFirst ? [...items].reverse() : items;
  const page: T[] = [];
  let skipped = 0;
  for (const item of source) {
    if (!matches(item)) {
      continue;
    }
    if (skipped < offset) {
      skipped += 1;
      continue;
    }
    page.push(item);
    if (page.length === limit) {
      break;
    }
  }
  return page;
}

/** Inclusive bounds on both lt and time, as the live API has them. */
function withinBounds(params: Params): (stored: StoredTransaction) => boolean {
  const lt = params.optionalLt('lt');
  const startLt = params.optionalLt('start_lt') ?? 0n;
  const endLt = params.optionalLt('end_lt');
  const startTime = params.integer('start_utime', { min: 0, max: MAX_TIME, default: 0 });
  const endTime = params.integer('end_utime', { min: 0, max: MAX_TIME, default: MAX_TIME });
  return (stored) =>
    (lt === undefined || stored.lt === lt) &&
    stored.lt >= startLt &&
    (endLt === undefined || stored.lt <= endLt) &&
    stored.record.now >= startTime &&
    stored.record.now <= endTime;
}

function assertSort(params: Params): void {
  const sort = params.optionalString('sort');
  if (sort !== undefined && sort !== 'asc' && sort !== 'desc') {
    throw new ApiError(422, 'parameter "sort" must be asc or desc');
  }
}

const transactions: Method = async (chain, params) => {
  assertSort(params);
  const page = paged(candidates(chain, params), params, withinBounds(params));
  return { transactions: page.map(format.transaction), address_book: {} };
};

const transactionsByMessage: Method = async (chain, params) => {
  const hash = params.hash('msg_hash').toString('hex');
  const direction = params.optionalString('direction');
  if (direction !== undefined && direction !== 'in' && direction !== 'out') {
    throw new ApiError(422, 'parameter "direction" must be in or out');
  }
  const found = [
    direction === 'out' ? undefined : chain.index.byInMessage(hash),
    direction === 'in' ? undefined : chain.index.byOutMessage(hash),
  ].filter((stored) => stored !== undefined);
  return { transactions: found.map(format.transaction), address_book: {} };
};

interface FoundMessage {
  json: Record<string, unknown>;
  hash: string;
  source: string | undefined;
  destination: string | undefined;
}

/** Each message once: as what started a transaction, or as sent when nothing has received it (yet). */
function* messagesOf(chain: LocalChain, list: Iterable<StoredTransaction>): Generator<FoundMessage> {
  const seen = new Set<string>();
  for (const stored of list) {
    const decoded = stored.decode();
    const cells = messageCells(Cell.fromBase64(stored.record.boc));
    const all = decoded.outMessages.values().map((message, i) => ({ message, cell: cells.outMessages[i] }));
    if (decoded.inMessage && cells.inMessage) {
      all.unshift({ message: decoded.inMessage, cell: cells.inMessage });
    }
    for (const { message, cell } of all) {
      const hash = cell?.hash().toString('hex');
      if (cell === undefined || hash === undefined || seen.has(hash)) {
        continue;
      }
      seen.add(hash);
      const { info } = message;
      const consumer = chain.index.byInMessage(hash);
      const creator = chain.index.byOutMessage(hash);
      yield {
        json: {
          ...format.message(message, cell),
          ...(consumer === undefined
            ? {}
            : { in_msg_tx_hash: Buffer.from(consumer.record.hash, 'hex').toString('base64') }),
          ...(creator === undefined
            ? {}
            : { out_msg_tx_hash: Buffer.from(creator.record.hash, 'hex').toString('base64') }),
        },
        hash,
        source: info.type === 'external-in' ? undefined : info.src.toRawString(),
        destination: info.type === 'external-out' ? undefined : info.dest.toRawString(),
      };
    }
  }
}

const messages: Method = async (chain, params) => {
  assertSort(params);
  const hash = params.optionalHash('msg_hash')?.toString('hex');
  const source = params.has('source') ? params.address('source').toRawString() : undefined;
  const destination = params.has('destination') ? params.address('destination').toRawString() : undefined;
  let list: Iterable<StoredTransaction>;
  if (hash !== undefined) {
    list = [chain.index.byInMessage(hash) ?? chain.index.byOutMessage(hash)].filter((stored) => stored !== undefined);
  } else {
    const account = destination ?? source;
    list = account === undefined ? chain.index.all() : chain.index.newest(account, Number.MAX_SAFE_INTEGER);
  }
  const page = paged(messagesOf(chain, list), params, (message) => {
    // An external message is also found by its normal hash, which is not the hash of its cell.
    const sameHash =
      hash === undefined || message.hash === hash || chain.index.byInMessage(hash)?.record.inHash === message.hash;
    return (
      sameHash &&
      (source === undefined || message.source === source) &&
      (destination === undefined || message.destination === destination)
    );
  });
  return { messages: page.map((message) => message.json), address_book: {} };
};

const runGetMethod: Method = async (chain, params) => {
  const address = params.address('address');
  const answer = await chain.runGetMethod(address, params.string('method'), parseStack(params.raw('stack')));
  return { gas_used: answer.gasUsed, exit_code: answer.exitCode, stack: stackToV3(answer.stack) };
};

/** Calls of API v3 by name; those in {@link posts} are POST with a JSON body. */
export const methods: Readonly<Record<string, Method>> = {
  masterchainInfo: async (chain) => {
    const last = await chain.head();
    const first = chain.index.block(chain.index.firstSeqno ?? last.seqno) ?? last;
    return { last: format.block(last), first: format.block(first) };
  },
  transactions,
  transactionsByMessage,
  messages,
  accountStates: async (chain, params) => {
    const addresses = params.addresses('address');
    await chain.head();
    return { accounts: addresses.map((address) => format.accountState(chain.account(address))), address_book: {} };
  },
  addressInformation: async (chain, params) => {
    const address = params.address('address');
    await chain.head();
    return format.addressInformation(chain.account(address));
  },
  runGetMethod,
  message: async (chain, params) => {
    const sent = await chain.sendExternal(params.bytes('boc'));
    return { message_hash: sent.hash.toString('base64'), message_hash_norm: sent.normalHash.toString('base64') };
  },
};

export const posts: ReadonlySet<string> = new Set(['runGetMethod', 'message']);
