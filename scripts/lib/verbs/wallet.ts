import { CocoonWallet, type WalletData } from '@cocoon/sdk';
import { beginCell, comment, internal } from '@ton/core';
import { parse } from '../arguments';
import { tonAmount } from '../format';
import { ScriptError } from '../script-error';
import { nothingToDo, type Verb } from './verb';

/** A withdrawal leaves a hundredth of a TON; what gathers above it is not worth a message. */
const EMPTY = 20_000_000n;

const isBlocked = (wallet: WalletData) => (wallet.status & 1) === 1;

export const sendWallet: Verb<'wallet'> = {
  contract: 'wallet',
  summary: "sends coins from the node's wallet",
  keys: ['to', 'amount', 'comment', 'bounce=true|false'],
  who: 'owner',
  async prepare({ address, args, contract, prompts }) {
    const to = await prompts.need('to', 'address of the receiver', parse.address);
    const amount = await prompts.need('amount', 'TON', parse.ton);
    if (amount > contract.balance) {
      throw new ScriptError(`The wallet holds ${tonAmount(contract.balance)},`, 'less than amount.');
    }
    const text = args.get('comment', parse.text);
    const bounce = args.get('bounce', parse.flag) ?? false;
    const body = text === undefined ? beginCell().endCell() : comment(text);
    // Mode 1: the receiver gets the amount, the wallet pays the way.
    return {
      label: `send ${tonAmount(amount)} from the wallet`,
      message: CocoonWallet.buildOwnerSend(address, {
        mode: 1,
        message: internal({ to, value: amount, bounce, body }),
      }),
      fields: [
        ['receiver', to.toString({ bounceable: bounce })],
        ['amount', tonAmount(amount)],
        ...(text === undefined ? [] : [['comment', text] as const]),
      ],
    };
  },
};

export const withdrawWallet: Verb<'wallet'> = {
  contract: 'wallet',
  summary: 'takes out everything but 0.01 TON',
  keys: [],
  who: 'owner',
  prepare({ address, contract }) {
    if (contract.balance <= EMPTY) return nothingToDo(`The wallet holds ${tonAmount(contract.balance)}.`);
    return {
      label: `take out about ${tonAmount(contract.balance)}`,
      message: CocoonWallet.buildWithdrawAll(address),
      fields: [],
      facts: [['then', 'the node cannot send: its key is obeyed from 2 TON on']],
      isDone: (_, { balance }) => balance <= EMPTY,
    };
  },
};

export const blockWallet: Verb<'wallet'> = {
  contract: 'wallet',
  summary: "refuses the node's key until unblockWallet",
  keys: [],
  who: 'owner',
  prepare: ({ address }) => ({
    label: "refuse the node's key from now on",
    message: CocoonWallet.buildBlock(address),
    fields: [],
    isDone: isBlocked,
  }),
};

export const unblockWallet: Verb<'wallet'> = {
  contract: 'wallet',
  summary: "accepts the node's key again",
  keys: [],
  who: 'owner',
  prepare: ({ address }) => ({
    label: "accept the node's key again",
    message: CocoonWallet.buildUnblock(address),
    fields: [],
    isDone: (wallet) => !isBlocked(wallet),
  }),
};
