import { verify } from 'node:crypto';
import {
  CocoonProxy,
  CocoonState,
  expiringQueryId,
  Op,
  publicKeyFromRaw,
  readVoucher,
  repackVoucher,
  signVoucher,
  VoucherError,
} from '@cocoon/sdk';
import { parse } from '../arguments';
import type { DeployedContract } from '../chain';
import { type Row, tonAmount, when } from '../format';
import { publicKeyOf, readBocFile, readPrivateKey } from '../key-files';
import { ScriptError } from '../script-error';
import { requireState, requireUnlocked } from './guards';
import { nothingToDo, type Verb, type VerbContext } from './verb';

const { normal, closing, closed } = CocoonState;

/** What a closed proxy holds beyond this is worth a message. */
const LEFT_OVER = 50_000_000n;

export const payoutProxy: Verb<'proxy'> = {
  contract: 'proxy',
  summary: "pays the proxy's revenue to its owner; of a closed one, what is left and nobody else's",
  keys: [],
  who: 'anyone',
  prepare({ address, actor, contract, data }) {
    const message = CocoonProxy.buildPayout(address, { excessesTo: actor });
    const fields: Row[] = [['excesses to', actor.toString()]];
    if (data.state === closed) {
      if (contract.balance <= LEFT_OVER) return nothingToDo(`The closed proxy holds ${tonAmount(contract.balance)}.`);
      const isDone = (_: unknown, now: DeployedContract) => now.balance < contract.balance;
      return { label: 'pay what is left to the owner', message, fields, isDone };
    }
    if (data.balance === 0n) return nothingToDo('The proxy has no revenue.');
    return {
      label: `pay up to ${tonAmount(data.balance)} of revenue to the owner`,
      message,
      fields,
      // The pool pays no more than it holds beyond others' claims.
      isDone: (proxy) => proxy.balance < data.balance,
    };
  },
};

export const stakeProxy: Verb<'proxy'> = {
  contract: 'proxy',
  summary: 'adds to the stake: amount=TON each time it is run, upTo=TON what is missing (default: the minimum)',
  keys: ['amount', 'upTo'],
  who: 'anyone',
  prepare({ address, actor, args, data }) {
    const upTo = args.get('upTo', parse.ton);
    const given = args.get('amount', parse.ton);
    if (upTo !== undefined && given !== undefined) {
      throw new ScriptError('Both amount and upTo are given.', 'amount adds, upTo fills up: give one of them.');
    }
    const target = given === undefined ? (upTo ?? data.params.minProxyStake) : data.stake + given;
    const amount = target > data.stake ? target - data.stake : 0n;
    if (amount > 0n) {
      requireState('proxy', data.state, [normal], 'A stake can be added to an open proxy only.');
      if (target < data.params.minProxyStake) {
        throw new ScriptError(
          `A stake of ${tonAmount(target)} is below the minimum,`,
          `${tonAmount(data.params.minProxyStake)}.`,
        );
      }
    }
    return {
      label: `raise the stake to ${tonAmount(target)}`,
      message: CocoonProxy.buildIncreaseStake(address, { amount, excessesTo: actor }),
      fields: [
        ['amount', tonAmount(amount)],
        ['excesses to', actor.toString()],
      ],
      isDone: (proxy) => proxy.stake >= target,
    };
  },
};

export const closeProxy: Verb<'proxy'> = {
  contract: 'proxy',
  summary:
    'starts the closing delay; completeCloseProxy ends it, or, should the key be lost, closeProxy after twice the delay',
  keys: [],
  who: 'owner',
  prepare({ address, actor, data, now }) {
    const message = CocoonProxy.buildClose(address, { excessesTo: actor });
    const fields: Row[] = [['excesses to', actor.toString()]];
    if (data.state === closed) return nothingToDo('The proxy is closed.');
    if (data.state === normal) {
      return {
        label: 'start closing the proxy',
        message,
        fields,
        facts: [
          ['unlocks', `${data.params.proxyDelayBeforeClose} s after the message`],
          ['WARNING', 'clients take their escrow back; there is no way to open it again'],
        ],
        isDone: (proxy) => proxy.state !== normal,
      };
    }
    const withoutKey = data.unlockTs + data.params.proxyDelayBeforeClose;
    if (now < withoutKey) {
      return nothingToDo(
        `The proxy is closing: completeCloseProxy from ${when(data.unlockTs)} on, or without its key closeProxy from ${when(withoutKey)} on.`,
      );
    }
    return {
      label: "close the proxy for ever, without its key's consent",
      message,
      fields,
      facts: [['unlocked since', when(data.unlockTs)]],
      isDone: (proxy) => proxy.state === closed,
    };
  },
};

export const completeCloseProxy: Verb<'proxy'> = {
  contract: 'proxy',
  summary:
    "pays everything to the owner after the delay; needs a voucher of the proxy's key, or the key's file to sign one",
  keys: ['voucherFile', 'keyFile'],
  who: 'anyone',
  async prepare(context) {
    const { address, actor, data, now } = context;
    if (data.state === closed) return nothingToDo('The proxy is closed and has paid its owner.');
    requireState('proxy', data.state, [closing], 'Run closeProxy first.');
    requireUnlocked('proxy', data.unlockTs, now);
    const { envelope } = await closingVoucher(context, Op.extProxyCloseCompleteRequestSigned);
    return {
      label: 'pay everything to the owner and close',
      message: CocoonProxy.buildSignedCloseComplete(address, {
        excessesTo: actor,
        queryId: envelope.queryId,
        signature: envelope.signature,
        payload: envelope.payloadCell,
      }),
      fields: [
        ['query id', envelope.queryId],
        ['contract', envelope.payload.contract.toString()],
      ],
      isDone: (proxy) => proxy.state === closed,
    };
  },
};

async function closingVoucher(context: VerbContext<'proxy'>, op: number): Promise<ReturnType<typeof readVoucher>> {
  const { address, actor, args, data, prompts } = context;
  const keyFile = args.get('keyFile', parse.text);
  if (keyFile !== undefined) {
    const key = readPrivateKey('keyFile', keyFile, 'machine_specific_private_key');
    if (!publicKeyOf(key).equals(data.publicKey)) {
      throw new ScriptError(
        `keyFile: the key in ${keyFile} is not this proxy's.`,
        `Its key is ${data.publicKey.toString('hex')}.`,
      );
    }
    return readVoucher(
      signVoucher({ op, queryId: expiringQueryId(context.now + 86_400), contract: address, excessesTo: actor, key }),
    );
  }
  const path = await prompts.need(
    'voucherFile',
    "closing voucher signed by the proxy's key (or keyFile=…)",
    parse.text,
  );
  try {
    const voucher = readVoucher(repackVoucher(readBocFile('voucherFile', path), actor));
    const { envelope } = voucher;
    if (envelope.op !== op) throw new VoucherError('operation', 'it is not for completing a close');
    if (!envelope.payload.contract.equals(address))
      throw new VoucherError('contract', `it is for ${envelope.payload.contract}`);
    if (!verify(null, envelope.payloadCell.hash(), publicKeyFromRaw(data.publicKey), envelope.signature)) {
      throw new VoucherError('signature', "it was not made with the proxy's key");
    }
    return voucher;
  } catch (error) {
    if (!(error instanceof VoucherError)) throw error;
    throw new ScriptError(`voucherFile: ${path}: ${error.message}.`, 'Ask the proxy for another.');
  }
}
