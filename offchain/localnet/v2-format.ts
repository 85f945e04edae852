import { createHash } from 'node:crypto';
import { type Address, beginCell, type Cell, type Message, storeStateInit, type Transaction } from '@ton/core';
import type { AccountView } from './accounts';
import { messageCells } from './cells';
import type { BlockHead, StoredTransaction } from './index-of-transactions';

/** Answers in the shapes of toncenter API v2, `@type` fields included: `TonClient` checks every one of them. */

export const WHOLE_SHARD = '-9223372036854775808';

export function base64(source: Cell | Buffer): string {
  return (Buffer.isBuffer(source) ? source : source.toBoc()).toString('base64');
}

/** The local chain makes one block number for all; each workchain's block of it gets its own hashes. */
function blockPartHash(block: BlockHead, workchain: number, part: 'root' | 'file'): string {
  return createHash('sha256').update(`${part} ${block.rootHash} ${workchain}`).digest('base64');
}

export function blockId(block: BlockHead, workchain: number): Record<string, unknown> {
  return {
    '@type': 'ton.blockIdExt',
    workchain,
    shard: WHOLE_SHARD,
    seqno: block.seqno,
    root_hash: blockPartHash(block, workchain, 'root'),
    file_hash: blockPartHash(block, workchain, 'file'),
  };
}

export function transactionId(lt: bigint, hash: Buffer): Record<string, unknown> {
  return { '@type': 'internal.transactionId', lt: lt.toString(), hash: hash.toString('base64') };
}

function extraCurrencies(account: AccountView): Record<string, unknown>[] {
  return account.extraCurrencies.map(({ id, amount }) => ({ '@type': 'extraCurrency', id, amount: amount.toString() }));
}

export function addressInformation(account: AccountView, block: BlockHead): Record<string, unknown> {
  return {
    '@type': 'raw.fullAccountState',
    balance: account.balance.toString(),
    extra_currencies: extraCurrencies(account),
    code: account.code === null ? '' : base64(account.code),
    data: account.data === null ? '' : base64(account.data),
    last_transaction_id: transactionId(account.lastLt, account.lastHash),
    block_id: blockId(block, -1),
    frozen_hash: account.frozenHash?.toString('base64') ?? '',
    sync_utime: block.time,
    state: account.status,
  };
}

export function extendedAddressInformation(account: AccountView, block: BlockHead): Record<string, unknown> {
  const frozen = account.frozenHash?.toString('base64') ?? '';
  return {
    '@type': 'fullAccountState',
    address: accountAddress(account.address),
    balance: account.balance.toString(),
    extra_currencies: extraCurrencies(account),
    last_transaction_id: transactionId(account.lastLt, account.lastHash),
    block_id: blockId(block, -1),
    sync_utime: block.time,
    account_state:
      account.status === 'active'
        ? {
            '@type': 'raw.accountState',
            code: account.code === null ? '' : base64(account.code),
            data: account.data === null ? '' : base64(account.data),
            frozen_hash: frozen,
          }
        : { '@type': 'uninited.accountState', frozen_hash: frozen },
    revision: 0,
  };
}

export function accountAddress(address: Address): Record<string, unknown> {
  return { '@type': 'accountAddress', account_address: address.toString() };
}

/** The comment of a message (op 0, then text), or undefined. */
export function commentOf(body: Cell): string | undefined {
  const slice = body.beginParse();
  if (slice.remainingBits < 32 || slice.loadUint(32) !== 0 || slice.remainingBits % 8 !== 0) {
    return undefined;
  }
  try {
    return slice.loadStringTail();
  } catch {
    // The tail is not a chain of byte strings: just data that begins with four zero bytes.
    return undefined;
  }
}

function message(source: Message, cell: Cell): Record<string, unknown> {
  const { info, body } = source;
  const comment = commentOf(body);
  const initState = source.init ? base64(beginCell().store(storeStateInit(source.init)).endCell()) : '';
  return {
    '@type': 'raw.message',
    hash: cell.hash().toString('base64'),
    source: info.type === 'external-in' ? '' : info.src.toString(),
    destination: info.dest?.toString() ?? '',
    value: info.type === 'internal' ? info.value.coins.toString() : '0',
    extra_currencies: [],
    fwd_fee: info.type === 'internal' ? info.forwardFee.toString() : '0',
    ihr_fee: info.type === 'internal' ? info.ihrFee.toString() : '0',
    created_lt: info.type === 'external-in' ? '0' : info.createdLt.toString(),
    body_hash: body.hash().toString('base64'),
    msg_data:
      comment === undefined
        ? { '@type': 'msg.dataRaw', body: base64(body), init_state: initState }
        : { '@type': 'msg.dataText', text: Buffer.from(comment, 'utf8').toString('base64'), init_state: initState },
    message: comment ?? `${base64(body)}\n`,
  };
}

/** nanoTON. `in` is what the import of the message cost, `forward` what sending its messages did. */
export interface Fees {
  in: bigint;
  storage: bigint;
  gas: bigint;
  forward: bigint;
}

export function feesOf(transaction: Transaction): Fees {
  const { description } = transaction;
  if (description.type !== 'generic') {
    return { in: 0n, storage: 0n, gas: transaction.totalFees.coins, forward: 0n };
  }
  const storage = description.storagePhase?.storageFeesCollected ?? 0n;
  const gas = description.computePhase.type === 'vm' ? description.computePhase.gasFees : 0n;
  const action = description.actionPhase?.totalActionFees ?? 0n;
  const rest = transaction.totalFees.coins - storage - gas - action;
  return { in: rest > 0n ? rest : 0n, storage, gas, forward: description.actionPhase?.totalFwdFees ?? 0n };
}

export function transaction(stored: StoredTransaction, cell: Cell, address: Address): Record<string, unknown> {
  const decoded = stored.decode();
  const cells = messageCells(cell);
  const outMessages = decoded.outMessages.values();
  const storage = feesOf(decoded).storage;
  // As the live API counts: what the account paid in all, fees of the messages it sent included.
  const fee = outMessages.reduce(
    (sum, out) => (out.info.type === 'internal' ? sum + out.info.forwardFee + out.info.ihrFee : sum),
    decoded.totalFees.coins,
  );
  return {
    '@type': 'raw.transaction',
    address: accountAddress(address),
    account: stored.record.account,
    utime: decoded.now,
    data: stored.record.boc,
    transaction_id: transactionId(stored.lt, Buffer.from(stored.record.hash, 'hex')),
    fee: fee.toString(),
    storage_fee: storage.toString(),
    other_fee: (fee - storage).toString(),
    ...(decoded.inMessage && cells.inMessage ? { in_msg: message(decoded.inMessage, cells.inMessage) } : {}),
    out_msgs: outMessages.flatMap((out, i) => {
      const outCell = cells.outMessages[i];
      return outCell === undefined ? [] : [message(out, outCell)];
    }),
  };
}
