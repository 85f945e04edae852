import { readFileSync, statSync } from 'node:fs';
import type { OutgoingMessage } from '@cocoon/sdk';
import {
  type Address,
  beginCell,
  type Cell,
  external,
  internal,
  SendMode,
  storeMessage,
  storeStateInit,
} from '@ton/core';
import { mnemonicToPrivateKey, mnemonicValidate } from '@ton/crypto';
import { WalletContractV4, WalletContractV5R1 } from '@ton/ton';
import type { Chain } from '../../chain/port';
import { usage } from './context';

export const WALLET_VERSIONS = ['v5', 'v4'] as const;
export type WalletVersion = (typeof WALLET_VERSIONS)[number];

/** A person's wallet, from the words in a file. The words are never in an argument, a variable of the shell, or a message. */
export interface MemberWallet {
  address: Address;
  seqno(chain: Chain): Promise<number>;
  /** the external message that makes the wallet send this one. @param opts.validUntil unix seconds */
  sign(opts: { seqno: number; deployed: boolean; validUntil: number }, message: OutgoingMessage): Cell;
}

/** @throws CliError naming the file and what is wrong with it, never its content */
export async function openWalletFile(path: string, version: WalletVersion, network: string): Promise<MemberWallet> {
  const words = readWords(path);
  if (!(await mnemonicValidate(words))) {
    throw usage(
      `--wallet ${path}: these are not the 24 words of a TON wallet.`,
      'Check for a missing or misspelt word.',
    );
  }
  const { publicKey, secretKey } = await mnemonicToPrivateKey(words);
  const networkGlobalId = network === 'testnet' ? -3 : -239;
  const contract =
    version === 'v4'
      ? WalletContractV4.create({ workchain: 0, publicKey })
      : WalletContractV5R1.create({ workchain: 0, publicKey, walletId: { networkGlobalId } });
  return {
    address: contract.address,
    seqno: async (chain) => {
      const { status } = await chain.account(contract.address);
      return status === 'active' ? (await chain.runMethod(contract.address, 'seqno')).readNumber() : 0;
    },
    sign({ seqno, deployed, validUntil }, { to, value, body, init }) {
      const messages = [internal({ to, value, body, init, bounce: true })];
      const timeout = validUntil;
      const transfer = { seqno, secretKey, timeout, sendMode: SendMode.PAY_GAS_SEPARATELY, messages };
      const signed =
        contract instanceof WalletContractV4 ? contract.createTransfer(transfer) : contract.createTransfer(transfer);
      const envelope = external({ to: contract.address, init: deployed ? undefined : contract.init, body: signed });
      return beginCell().store(storeMessage(envelope)).endCell();
    },
  };
}

function readWords(path: string): string[] {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) {
      throw usage(`--wallet ${path}: others may read this file.`, `Run: chmod 600 ${path}`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw usage(`--wallet ${path}: there is no such file.`, 'Give a file with 24 words.', error);
    if (code !== undefined) throw usage(`--wallet ${path}: cannot be read (${code}).`, 'Check its permissions.', error);
    throw error;
  }
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words.length !== 24) throw usage(`--wallet ${path}: ${words.length} words.`, 'A TON wallet has 24.');
  return words;
}

/** For TonConnect, a multisig or any wallet application. */
export function unsigned({ to, value, body, init }: OutgoingMessage) {
  const bin = body.toBoc().toString('base64');
  const stateInit = init && beginCell().store(storeStateInit(init)).endCell().toBoc().toString('base64');
  const query = new URLSearchParams({ amount: value.toString(), bin: base64url(bin) });
  if (stateInit) query.set('init', base64url(stateInit));
  return {
    address: to.toString(),
    amount: value.toString(),
    payload: bin,
    ...(stateInit ? { stateInit } : {}),
    link: `ton://transfer/${to.toString()}?${query}`,
  };
}

function base64url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_');
}
