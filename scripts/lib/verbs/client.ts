import { randomBytes } from 'node:crypto';
import { CocoonClient, CocoonState } from '@cocoon/sdk';
import { type Parser, parse } from '../arguments';
import { tonAmount, when } from '../format';
import { readSecretHash } from '../key-files';
import { ScriptError } from '../script-error';
import { requireState, requireUnlocked } from './guards';
import { nothingToDo, type Verb } from './verb';

const { normal, closing, closed } = CocoonState;
const REOPEN = 'reopenClient opens it again.';

export const topUpClient: Verb<'client'> = {
  contract: 'client',
  summary: 'adds to the escrow: amount=TON each time it is run, upTo=TON what is missing',
  keys: ['amount', 'upTo'],
  who: 'anyone',
  async prepare({ address, actor, args, data, prompts }) {
    const upTo = args.get('upTo', parse.ton);
    if (upTo !== undefined && args.has('amount')) {
      throw new ScriptError('Both amount and upTo are given.', 'amount adds, upTo fills up: give one of them.');
    }
    const target = upTo ?? data.balance + (await prompts.need('amount', 'TON to add to the escrow', parse.ton));
    const amount = target > data.balance ? target - data.balance : 0n;
    if (amount > 0n) requireState('client', data.state, [normal], `A top-up would not stay. ${REOPEN}`);
    const charged = (tokens: bigint) => (tokens - data.tokensUsed) * data.params.pricePerToken;
    return {
      label: `raise the escrow to ${tonAmount(target)}`,
      message: CocoonClient.buildTopUp(address, { amount, excessesTo: actor }),
      fields: [
        ['amount', tonAmount(amount)],
        ['excesses to', actor.toString()],
      ],
      // A charge may arrive in the meantime.
      isDone: (client) => client.balance + charged(client.tokensUsed) >= target,
    };
  },
};

export const withdrawClient: Verb<'client'> = {
  contract: 'client',
  summary: 'takes out everything above the stake',
  keys: [],
  who: 'owner',
  prepare({ address, actor, data }) {
    const spare = data.balance - data.stake;
    if (spare <= 0n)
      return nothingToDo(`The escrow (${tonAmount(data.balance)}) is not above the stake (${tonAmount(data.stake)}).`);
    requireState('client', data.state, [normal], 'refundClient returns what is left.');
    return {
      label: `take out ${tonAmount(spare)}`,
      message: CocoonClient.buildWithdraw(address, { excessesTo: actor }),
      fields: [['excesses to', actor.toString()]],
      isDone: (client) => client.balance <= client.stake,
    };
  },
};

export const refundClient: Verb<'client'> = {
  contract: 'client',
  summary: 'first run: starts closing and takes what is above the stake; after the delay: takes the rest and closes',
  keys: [],
  who: 'owner',
  prepare({ address, actor, data, now }) {
    if (data.state === closed) return nothingToDo('The client is closed.');
    if (data.state === closing) requireUnlocked('client', data.unlockTs, now);
    const first = data.state === normal;
    return {
      label: first ? 'start closing the client' : `take the remaining ${tonAmount(data.balance)} and close`,
      message: CocoonClient.buildRequestRefund(address, { excessesTo: actor }),
      fields: [['excesses to', actor.toString()]],
      facts: first
        ? [['then', `run it again ${data.params.clientDelayBeforeClose} s later for the remaining stake`]]
        : [['unlocked since', when(data.unlockTs)]],
      isDone: (client) => client.state === (first ? closing : closed),
    };
  },
};

export const increaseClientStake: Verb<'client'> = {
  contract: 'client',
  summary: 'sets the stake, which is part of the escrow, to a larger amount',
  keys: ['newStake'],
  who: 'owner',
  async prepare({ address, actor, data, prompts }) {
    const newStake = await prompts.need('newStake', `TON; now ${tonAmount(data.stake)}`, parse.ton);
    if (newStake < data.stake) {
      throw new ScriptError(
        `newStake is below the present stake of ${tonAmount(data.stake)}.`,
        'A stake can only grow.',
      );
    }
    requireState('client', data.state, [normal, closing], REOPEN);
    return {
      label: `raise the stake to ${tonAmount(newStake)}`,
      message: CocoonClient.buildIncreaseStake(address, { newStake, excessesTo: actor }),
      fields: [
        ['new stake', `${tonAmount(data.stake)} → ${tonAmount(newStake)}`],
        ['excesses to', actor.toString()],
      ],
      facts: newStake > data.balance ? [['WARNING', `the escrow holds only ${tonAmount(data.balance)}`]] : [],
      isDone: (client) => client.stake >= newStake,
    };
  },
};

export const changeClientSecret: Verb<'client'> = {
  contract: 'client',
  summary: "stores the hash of a new secret (secretFile: the secret as text, or the client runner's configuration)",
  keys: ['secretFile'],
  who: 'owner',
  async prepare({ address, actor, data, prompts }) {
    const secretHash = readSecretHash(
      'secretFile',
      await prompts.need('secretFile', 'file with the secret', parse.text),
    );
    requireState('client', data.state, [normal, closing], REOPEN);
    return {
      label: 'store the hash of the new secret',
      message: CocoonClient.buildChangeSecretHash(address, { secretHash, excessesTo: actor }),
      fields: [
        ['secret hash', `${data.secretHash.toString('hex')} → ${secretHash.toString('hex')}`],
        ['excesses to', actor.toString()],
      ],
      isDone: (client) => client.secretHash.equals(secretHash),
    };
  },
};

const parseNonce: Parser<bigint> = (text, key) => {
  // Proxies show the nonce as TL does, signed; on chain it is 64 bits.
  if (/^-?\d{1,20}$/.test(text)) return BigInt.asUintN(64, BigInt(text));
  throw new ScriptError(`${key}=${text}:`, 'expected a 64-bit number.');
};

export const registerClient: Verb<'client'> = {
  contract: 'client',
  summary: "answers a proxy's challenge, which proves who is connecting",
  keys: ['nonce'],
  who: 'owner',
  async prepare({ address, actor, args, data }) {
    requireState('client', data.state, [normal, closing], REOPEN);
    const nonce = args.get('nonce', parseNonce) ?? randomBytes(8).readBigUInt64BE();
    return {
      label: `tell the proxy the nonce ${nonce}`,
      message: CocoonClient.buildRegister(address, { nonce, excessesTo: actor }),
      fields: [
        ['nonce', nonce],
        ['excesses to', actor.toString()],
      ],
    };
  },
};

export const reopenClient: Verb<'client'> = {
  contract: 'client',
  summary: 'opens a closing or closed client again with a first top-up (default: the stake)',
  keys: ['amount'],
  who: 'owner',
  prepare({ address, actor, args, data }) {
    if (data.state === normal) return nothingToDo('The client is open.');
    const amount = args.get('amount', parse.ton) ?? data.params.minClientStake;
    return {
      label: `open the client again with ${tonAmount(amount)}`,
      message: CocoonClient.buildTopUpReopen(address, { amount, excessesTo: actor }),
      fields: [
        ['amount', tonAmount(amount)],
        ['excesses to', actor.toString()],
      ],
      isDone: (client) => client.state === normal,
    };
  },
};
