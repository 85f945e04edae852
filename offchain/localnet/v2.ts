import { Address, beginCell, Cell, Dictionary, external, loadTransaction, storeMessage } from '@ton/core';
import type { LocalChain } from './chain';
import { ApiError, oneLine } from './errors';
import type { StoredTransaction } from './index-of-transactions';
import type { Method } from './method';
import type { Params } from './params';
import { parseStack, stackToV2 } from './stack';
import { blockMethods, formatted } from './v2-blocks';
import * as format from './v2-format';

/** Code hashes of the wallets people use, for getWalletInformation. */
const WALLET_TYPES: Readonly<Record<string, string>> = {
  b61041a58a7980b946e8fb9e198e3c904d24799ffa36574ea4251c41a566f581: 'wallet v3 r1',
  '84dafa449f98a6987789ba232358072bc0f76dc4524002a5d0918b9a75d2d599': 'wallet v3 r2',
  feb5ff6820e2ff0d9483e7e0d62c817d846789fb4ae580c878866d959dabd5c0: 'wallet v4 r2',
  '20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f': 'wallet v5 r1',
};

/** Resolves a cursor to a transaction of the account. @throws ApiError 404, 422 */
export function atCursor(chain: LocalChain, account: Address, lt: bigint, hash: Buffer): StoredTransaction {
  const stored = chain.index.byHash(hash.toString('hex'));
  if (stored?.record.account === account.toRawString() && stored.lt === lt) {
    return stored;
  }
  throw new ApiError(
    404,
    `cannot find transaction lt=${lt} hash=${hash.toString('hex')} of ${account.toRawString()}: lt not in db (it never was, or is older than what is kept)`,
  );
}

const getTransactions: Method = async (chain, params) => {
  const address = params.address('address');
  const limit = params.integer('limit', { min: 1, max: 1000, default: 10 });
  const toLt = params.optionalLt('to_lt') ?? 0n;
  if (params.has('lt') !== params.has('hash')) {
    throw new ApiError(422, 'parameters "lt" and "hash" go together: they name the transaction to start from');
  }
  const from = params.has('lt') ? atCursor(chain, address, params.lt('lt'), params.hash('hash')).lt : undefined;
  return chain.index
    .newest(address.toRawString(), limit, from)
    .filter((transaction) => transaction.lt > toLt)
    .map(formatted);
};

const runGetMethod: Method = async (chain, params) => {
  const method = params.raw('method');
  if (typeof method !== 'string' && !(typeof method === 'number' && Number.isSafeInteger(method))) {
    throw new ApiError(422, 'parameter "method" must be the name of a get method, or its number');
  }
  const address = params.address('address');
  const stack = parseStack(params.raw('stack'));
  const named = typeof method === 'string' && /^\d+$/.test(method) ? Number(method) : method;
  const answer = await chain.runGetMethod(address, named, stack);
  const head = await chain.head();
  const account = chain.account(address);
  return {
    '@type': 'smc.runResult',
    gas_used: answer.gasUsed,
    stack: stackToV2(answer.stack),
    exit_code: answer.exitCode,
    block_id: format.blockId(head, -1),
    last_transaction_id: format.transactionId(account.lastLt, account.lastHash),
  };
};

const getWalletInformation: Method = async (chain, params) => {
  const address = params.address('address');
  const account = chain.account(address);
  const type = account.code === null ? undefined : WALLET_TYPES[account.code.hash().toString('hex')];
  const seqno = account.status === 'active' ? await chain.runGetMethod(address, 'seqno', []) : undefined;
  const [top] = seqno?.exitCode === 0 ? seqno.stack : [];
  return {
    wallet: type !== undefined,
    balance: account.balance.toString(),
    account_state: account.status,
    last_transaction_id: format.transactionId(account.lastLt, account.lastHash),
    ...(type === undefined ? {} : { wallet_type: type }),
    ...(top?.type === 'int' ? { seqno: Number(top.value) } : {}),
  };
};

function optionalCell(params: Params, name: string): Cell | undefined {
  if (!params.has(name)) {
    return undefined;
  }
  try {
    return Cell.fromBoc(params.bytes(name))[0];
  } catch (error) {
    if (error instanceof ApiError) {
      throw error;
    }
    throw new ApiError(422, `parameter "${name}" is not a bag of cells: ${oneLine(error)}`);
  }
}

const estimateFee: Method = async (chain, params) => {
  const to = params.address('address');
  const body = optionalCell(params, 'body');
  if (body === undefined) {
    throw new ApiError(422, 'parameter "body" is missing');
  }
  const code = optionalCell(params, 'init_code');
  const data = optionalCell(params, 'init_data');
  const init = code === undefined && data === undefined ? null : { code: code ?? null, data: data ?? null };
  const message = beginCell()
    .store(storeMessage(external({ to, body, init })))
    .endCell();
  const cell = await chain.dryRun(message, { ignoreSignature: params.boolean('ignore_chksig', true) });
  const fees = format.feesOf(loadTransaction(cell.beginParse()));
  return {
    '@type': 'query.fees',
    source_fees: {
      '@type': 'fees',
      in_fwd_fee: Number(fees.in),
      storage_fee: Number(fees.storage),
      gas_fee: Number(fees.gas),
      fwd_fee: Number(fees.forward),
    },
    destination_fees: [],
  };
};

const tryLocateResultTx: Method = async (chain, params) => {
  const source = params.address('source');
  const destination = params.address('destination');
  const createdLt = params.lt('created_lt');
  const stored = chain.index.bySource(source.toRawString(), createdLt);
  if (stored?.record.account !== destination.toRawString()) {
    throw new ApiError(404, 'message not found: it has not arrived yet, was never sent, or is older than what is kept');
  }
  return formatted(stored);
};

const tryLocateSourceTx: Method = async (chain, params) => {
  const source = params.address('source').toRawString();
  const destination = params.address('destination');
  const createdLt = params.lt('created_lt');
  // A message's creation time lies just after the start of the transaction that sent it.
  const [stored] = chain.index.newest(source, 1, createdLt - 1n);
  const sent = stored
    ?.decode()
    .outMessages.values()
    .some(({ info }) => info.type === 'internal' && info.createdLt === createdLt && info.dest.equals(destination));
  if (stored === undefined || sent !== true) {
    throw new ApiError(404, 'message not found: it was never sent, or is older than what is kept');
  }
  return formatted(stored);
};

function configCell(cell: Cell): unknown {
  return { '@type': 'configInfo', config: { '@type': 'tvm.cell', bytes: format.base64(cell) } };
}

const getConfigParam: Method = async (chain, params) => {
  const id = params.integer(params.has('config_id') ? 'config_id' : 'param', { min: -0x8000_0000, max: 0x7fff_ffff });
  const all = chain.config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  const cell = all.get(id);
  if (cell === undefined) {
    throw new ApiError(404, `the config has no parameter ${id}`);
  }
  return configCell(cell);
};

const detectAddress: Method = async (_chain, params) => {
  const text = params.string('address');
  const address = params.address('address');
  const friendly = Address.isFriendly(text) ? Address.parseFriendly(text) : undefined;
  const forms = (bounceable: boolean): Record<string, string> => ({
    b64: address.toString({ urlSafe: false, bounceable }),
    b64url: address.toString({ bounceable }),
  });
  return {
    '@type': 'ext.utils.detectedAddress',
    raw_form: address.toRawString(),
    bounceable: forms(true),
    non_bounceable: forms(false),
    given_type:
      friendly === undefined ? 'raw_form' : friendly.isBounceable ? 'friendly_bounceable' : 'friendly_non_bounceable',
    test_only: friendly?.isTestOnly ?? false,
  };
};

/** Every method of API v2 that the local chain has. */
export const methods: Readonly<Record<string, Method>> = {
  getAddressInformation: async (chain, params) => {
    const address = params.address('address');
    const head = await chain.head();
    return format.addressInformation(chain.account(address), head);
  },
  getExtendedAddressInformation: async (chain, params) => {
    const address = params.address('address');
    const head = await chain.head();
    return format.extendedAddressInformation(chain.account(address), head);
  },
  getAddressBalance: async (chain, params) => chain.account(params.address('address')).balance.toString(),
  getAddressState: async (chain, params) => chain.account(params.address('address')).status,
  getWalletInformation,
  runGetMethod,
  sendBoc: async (chain, params) => {
    await chain.sendExternal(params.bytes('boc'));
    return { '@type': 'ok' };
  },
  sendBocReturnHash: async (chain, params) => {
    const sent = await chain.sendExternal(params.bytes('boc'));
    return {
      '@type': 'raw.extMessageInfo',
      hash: sent.hash.toString('base64'),
      hash_norm: sent.normalHash.toString('base64'),
    };
  },
  getTransactions,
  ...blockMethods,
  estimateFee,
  tryLocateTx: tryLocateResultTx,
  tryLocateResultTx,
  tryLocateSourceTx,
  getConfigParam,
  getConfigAll: async (chain) => configCell(chain.config),
  packAddress: async (_chain, params) => params.address('address').toString(),
  unpackAddress: async (_chain, params) => params.address('address').toRawString(),
  detectAddress,
};
