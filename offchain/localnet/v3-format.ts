import {
  type AccountStatus,
  beginCell,
  Cell,
  type Message,
  storeStateInit,
  type Transaction,
  type TransactionComputePhase,
} from '@ton/core';
import type { AccountView } from './accounts';
import { messageCells } from './cells';
import type { BlockHead, StoredTransaction } from './index-of-transactions';
import { base64, blockId, commentOf } from './v2-format';

/** Answers in the shapes of toncenter API v3: addresses raw in upper case, hashes base64, coins as text. */

export const upper = (address: string): string => address.toUpperCase();

function hexBase64(hash: string): string {
  return Buffer.from(hash, 'hex').toString('base64');
}

function bigHash(value: bigint): string {
  return hexBase64(value.toString(16).padStart(64, '0'));
}

export function block(head: BlockHead): Record<string, unknown> {
  const { '@type': _, shard: __, ...id } = blockId(head, -1);
  return {
    ...id,
    shard: '8000000000000000',
    gen_utime: head.time.toString(),
    start_lt: head.startLt.toString(),
    end_lt: head.endLt.toString(),
    global_id: -239,
  };
}

function statusName(account: AccountView): string {
  if (!account.exists) {
    return 'nonexist';
  }
  return account.status === 'uninitialized' ? 'uninit' : account.status;
}

export function accountState(account: AccountView): Record<string, unknown> {
  return {
    address: upper(account.address.toRawString()),
    balance: account.balance.toString(),
    extra_currencies: Object.fromEntries(account.extraCurrencies.map(({ id, amount }) => [id, amount.toString()])),
    status: statusName(account),
    last_transaction_hash: account.lastHash.toString('base64'),
    last_transaction_lt: account.lastLt.toString(),
    frozen_hash: account.frozenHash?.toString('base64') ?? null,
    ...(account.code === null
      ? {}
      : { code_hash: account.code.hash().toString('base64'), code_boc: base64(account.code) }),
    ...(account.data === null
      ? {}
      : { data_hash: account.data.hash().toString('base64'), data_boc: base64(account.data) }),
  };
}

export function addressInformation(account: AccountView): Record<string, unknown> {
  return {
    balance: account.balance.toString(),
    code: account.code === null ? null : base64(account.code),
    data: account.data === null ? null : base64(account.data),
    frozen_hash: account.frozenHash?.toString('base64') ?? null,
    last_transaction_hash: account.lastHash.toString('base64'),
    last_transaction_lt: account.lastLt.toString(),
    status: account.exists ? account.status : 'nonexist',
  };
}

export function message(source: Message, cell: Cell): Record<string, unknown> {
  const { info, body, init } = source;
  const internal = info.type === 'internal' ? info : undefined;
  const comment = commentOf(body);
  const initCell = init ? beginCell().store(storeStateInit(init)).endCell() : undefined;
  return {
    hash: cell.hash().toString('base64'),
    source: info.type === 'external-in' ? null : upper(info.src.toRawString()),
    destination: info.type === 'external-out' ? (info.dest?.toString() ?? null) : upper(info.dest.toRawString()),
    value: internal?.value.coins.toString() ?? null,
    value_extra_currencies: {},
    fwd_fee: internal?.forwardFee.toString() ?? null,
    ihr_fee: internal?.ihrFee.toString() ?? null,
    created_lt: info.type === 'external-in' ? null : info.createdLt.toString(),
    created_at: info.type === 'external-in' ? null : info.createdAt.toString(),
    opcode: body.bits.length >= 32 ? `0x${body.beginParse().preloadUint(32).toString(16).padStart(8, '0')}` : null,
    ihr_disabled: internal?.ihrDisabled ?? null,
    bounce: internal?.bounce ?? null,
    bounced: internal?.bounced ?? null,
    import_fee: info.type === 'external-in' ? info.importFee.toString() : null,
    message_content: {
      hash: body.hash().toString('base64'),
      body: base64(body),
      decoded: comment === undefined ? null : { type: 'text_comment', comment },
    },
    init_state: initCell === undefined ? null : { hash: initCell.hash().toString('base64'), body: base64(initCell) },
  };
}

function computePhase(phase: TransactionComputePhase): Record<string, unknown> {
  if (phase.type === 'skipped') {
    return { skipped: true, reason: phase.reason.replace('-', '_') };
  }
  return {
    skipped: false,
    success: phase.success,
    msg_state_used: phase.messageStateUsed,
    account_activated: phase.accountActivated,
    gas_fees: phase.gasFees.toString(),
    gas_used: phase.gasUsed.toString(),
    gas_limit: phase.gasLimit.toString(),
    ...(phase.gasCredit === undefined || phase.gasCredit === null ? {} : { gas_credit: phase.gasCredit.toString() }),
    mode: phase.mode,
    exit_code: phase.exitCode,
    vm_steps: phase.vmSteps,
  };
}

function description(source: Transaction['description']): Record<string, unknown> {
  if (source.type !== 'generic') {
    return { type: source.type };
  }
  const { actionPhase, storagePhase, creditPhase, bouncePhase } = source;
  return {
    type: 'ord',
    aborted: source.aborted,
    destroyed: source.destroyed,
    credit_first: source.creditFirst,
    ...(storagePhase
      ? {
          storage_ph: {
            storage_fees_collected: storagePhase.storageFeesCollected.toString(),
            status_change: storagePhase.statusChange,
          },
        }
      : {}),
    ...(creditPhase ? { credit_ph: { credit: creditPhase.credit.coins.toString() } } : {}),
    compute_ph: computePhase(source.computePhase),
    ...(actionPhase
      ? {
          action: {
            success: actionPhase.success,
            valid: actionPhase.valid,
            no_funds: actionPhase.noFunds,
            status_change: actionPhase.statusChange,
            ...(actionPhase.totalFwdFees ? { total_fwd_fees: actionPhase.totalFwdFees.toString() } : {}),
            ...(actionPhase.totalActionFees ? { total_action_fees: actionPhase.totalActionFees.toString() } : {}),
            result_code: actionPhase.resultCode,
            tot_actions: actionPhase.totalActions,
            spec_actions: actionPhase.specActions,
            skipped_actions: actionPhase.skippedActions,
            msgs_created: actionPhase.messagesCreated,
          },
        }
      : {}),
    ...(bouncePhase ? { bounce: { type: bouncePhase.type } } : {}),
  };
}

const STATUS: Readonly<Record<AccountStatus, string>> = {
  uninitialized: 'uninit',
  frozen: 'frozen',
  active: 'active',
  'non-existing': 'nonexist',
};

export function transaction(stored: StoredTransaction): Record<string, unknown> {
  const cell = Cell.fromBase64(stored.record.boc);
  const decoded = stored.decode();
  const cells = messageCells(cell);
  return {
    account: upper(stored.record.account),
    hash: hexBase64(stored.record.hash),
    lt: stored.record.lt,
    now: decoded.now,
    mc_block_seqno: stored.seqno,
    prev_trans_hash: bigHash(decoded.prevTransactionHash),
    prev_trans_lt: decoded.prevTransactionLt.toString(),
    orig_status: STATUS[decoded.oldStatus],
    end_status: STATUS[decoded.endStatus],
    total_fees: decoded.totalFees.coins.toString(),
    total_fees_extra_currencies: {},
    description: description(decoded.description),
    block_ref: {
      workchain: Number(stored.record.account.split(':', 1)[0]),
      shard: '8000000000000000',
      seqno: stored.seqno,
    },
    in_msg: decoded.inMessage && cells.inMessage ? message(decoded.inMessage, cells.inMessage) : null,
    out_msgs: decoded.outMessages.values().flatMap((out, i) => {
      const outCell = cells.outMessages[i];
      return outCell === undefined ? [] : [message(out, outCell)];
    }),
  };
}
