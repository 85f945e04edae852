import type { Address, Cell, CommonMessageInfoInternal, Message, OutActionSendMsg } from '@ton/core';
import type { BlockchainTransaction, SendMessageResult } from '@ton/sandbox';
import { opName } from '../../wrappers';

/** What one transaction sent: the message as it went out, with the mode it was sent with. */
export interface Sent {
  to: Address;
  /** nanoTON that left with it */
  value: bigint;
  bounce: boolean;
  mode: number;
  /** 3: should it bounce, its whole body comes back */
  flags: bigint;
  body: Cell;
  /** operation name, `text`, `empty`, `no op`, or the op in hex */
  op: string;
}

/** All transactions of an account in a trace, in order. */
export function txsOf(result: SendMessageResult, account: Address): BlockchainTransaction[] {
  return result.transactions.filter((tx) => tx.address === BigInt(`0x${account.hash.toString('hex')}`));
}

/** The transaction of an account in a trace. @throws Error when the account took no part, or more than once */
export function txOf(result: SendMessageResult, account: Address): BlockchainTransaction {
  const found = txsOf(result, account);
  if (found.length !== 1) throw new Error(`${found.length} transactions of ${account} in the trace, 1 expected`);
  return found[0]!;
}

/** 0 for success; the action phase's code where compute went well and sending failed. */
export function exitCodeOf(tx: BlockchainTransaction): number | undefined {
  if (tx.description.type !== 'generic') return undefined;
  const { computePhase, actionPhase } = tx.description;
  if (computePhase.type === 'skipped') return undefined;
  if (computePhase.exitCode !== 0) return computePhase.exitCode;
  return actionPhase?.resultCode ?? 0;
}

export function computeSkipped(tx: BlockchainTransaction): boolean {
  return tx.description.type === 'generic' && tx.description.computePhase.type === 'skipped';
}

/** Everything a transaction sent on purpose (bounces excluded), in order. */
export function sentBy(tx: BlockchainTransaction): Sent[] {
  const actions = (tx.outActions ?? []).filter((action): action is OutActionSendMsg => action.type === 'sendMsg');
  const messages = tx.outMessages.values().filter((message) => !isBounce(message));
  if (actions.length !== messages.length) {
    throw new Error(`${actions.length} send actions and ${messages.length} messages: the action phase dropped some`);
  }
  return messages.map((message, index) => {
    const info = message.info as CommonMessageInfoInternal;
    if (info.type !== 'internal') throw new Error(`message ${index} is ${message.info.type}, not internal`);
    const { mode } = actions[index]!;
    return {
      to: info.dest,
      value: info.value.coins,
      bounce: info.bounce,
      mode,
      flags: info.ihrFee,
      body: message.body,
      op: opOf(message.body),
    };
  });
}

/** Coins that a transaction set aside before sending, with the mode of the reserve. */
export function reservesOf(tx: BlockchainTransaction): { coins: bigint; mode: number }[] {
  const reserves: { coins: bigint; mode: number }[] = [];
  for (const action of tx.outActions ?? []) {
    if (action.type === 'reserve') reserves.push({ coins: action.currency.coins, mode: action.mode });
  }
  return reserves;
}

/** What a transaction paid for carrying its messages, nanoTON. */
export function forwardFeesOf(tx: BlockchainTransaction): bigint {
  return tx.description.type === 'generic' ? (tx.description.actionPhase?.totalFwdFees ?? 0n) : 0n;
}

export function isBounce(message: Message): boolean {
  return message.info.type === 'internal' && message.info.bounced;
}

export function opOf(body: Cell): string {
  if (body.bits.length === 0) return 'empty';
  if (body.bits.length < 32) return 'no op';
  const op = body.beginParse().loadUint(32);
  if (op === 0) return 'text';
  return opName(op) ?? `0x${op.toString(16).padStart(8, '0')}`;
}

/** All fees of a trace: what validators took, including the forward fees that importing a message collects. */
export function feesOf(result: Pick<SendMessageResult, 'transactions'>): bigint {
  let fees = 0n;
  for (const tx of result.transactions) {
    fees += tx.totalFees.coins;
    for (const message of tx.outMessages.values()) {
      if (message.info.type === 'internal') fees += message.info.forwardFee;
    }
  }
  return fees;
}

export function storageFeeOf(tx: BlockchainTransaction): bigint {
  if (tx.description.type !== 'generic') return 0n;
  return tx.description.storagePhase?.storageFeesCollected ?? 0n;
}
