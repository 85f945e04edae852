import {
  type Address,
  beginCell,
  Cell,
  type Contract,
  type ContractProvider,
  type MessageRelaxed,
  type Sender,
  storeMessageRelaxed,
} from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { InvalidFieldError } from './errors';
import { intToHash, storeBytes, storeU32 } from './fields';
import { bodies } from './messages';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { readStorage } from './state';
import { packWalletData, parseWalletData, type WalletData } from './storage';
import { DefaultValue, DeployValue } from './values';

/** The cell format has four references: a batch cannot be larger. */
export const MAX_WALLET_MESSAGES = 4;

export interface WalletMessage {
  /** send mode: 1 = the wallet pays the forward fee on top, 2 = ignore errors, 128 = all coins */
  mode: number;
  message: MessageRelaxed | Cell;
}

export interface WalletExternalOptions {
  /** must be the wallet's current seqno */
  seqno: number;
  /** unix seconds; the contract refuses the message from this second on */
  validUntil: number;
  /** must be the wallet's subwallet; all known wallets have 0 */
  subwallet?: number;
  messages: readonly WalletMessage[];
  /** Ed25519 over the 32-byte hash; 64 bytes */
  sign: (hash: Buffer) => Buffer;
}

/**
 * Body of an external message to the wallet of a runner: signature, then the part that was signed.
 * The signed part names no wallet and no network: one key must serve one wallet.
 * @throws InvalidFieldError for more than four messages or a signature that is not 64 bytes
 */
export function walletExternal(opts: WalletExternalOptions): Cell {
  if (opts.messages.length > MAX_WALLET_MESSAGES) {
    throw new InvalidFieldError('messages', `${opts.messages.length} given, at most ${MAX_WALLET_MESSAGES} fit`);
  }
  const unsigned = storeU32(beginCell(), 'subwallet', opts.subwallet ?? 0);
  storeU32(unsigned, 'validUntil', opts.validUntil);
  storeU32(unsigned, 'seqno', opts.seqno);
  for (const { mode, message } of opts.messages) unsigned.storeUint(mode, 8).storeRef(messageCell(message));
  const signature = opts.sign(unsigned.endCell().hash());
  return storeBytes(beginCell(), 'signature', signature, 64).storeBuilder(unsigned).endCell();
}

function messageCell(message: MessageRelaxed | Cell): Cell {
  return message instanceof Cell ? message : beginCell().store(storeMessageRelaxed(message)).endCell();
}

/**
 * The wallet a runner signs for while somebody else owns it: the key sends by external messages as long as the wallet
 * holds at least 2 TON, the owner can send, withdraw and block it at any time.
 */
export class CocoonWallet implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonWallet {
    return new CocoonWallet(address);
  }

  /** @param config initial data, see initialWalletData */
  static createFromConfig(config: WalletData, code: Cell): CocoonWallet {
    const init = { code, data: packWalletData(config) };
    return new CocoonWallet(stateInitAddress(init), init);
  }

  /** An empty body: the wallet keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.wallet, body: beginCell().endCell(), init };
  }

  /** Owner: makes the wallet send a message. The mode is used as given. */
  static buildOwnerSend(to: Address, opts: MessageOptions & WalletMessage): OutgoingMessage {
    const { mode, queryId = 0n, value = DefaultValue.walletOperation } = opts;
    return { to, value, body: bodies.ownerWalletSendMessage({ queryId, mode, message: messageCell(opts.message) }) };
  }

  /** Owner: takes everything but 0.01 TON (comment "w"). */
  static buildWithdrawAll(to: Address, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.walletOperation, body: bodies.text('w') };
  }

  /** Owner: refuses the key from now on (comment "b"). */
  static buildBlock(to: Address, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.walletOperation, body: bodies.text('b') };
  }

  /** Owner: accepts the key again (comment "u"). */
  static buildUnblock(to: Address, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.walletOperation, body: bodies.text('u') };
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.wallet, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendOwnerSend(provider: ContractProvider, via: Sender, opts: MessageOptions & WalletMessage): Promise<void> {
    await dispatch(provider, via, CocoonWallet.buildOwnerSend(this.address, opts));
  }

  async sendWithdrawAll(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    await dispatch(provider, via, CocoonWallet.buildWithdrawAll(this.address, opts));
  }

  async sendBlock(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    await dispatch(provider, via, CocoonWallet.buildBlock(this.address, opts));
  }

  async sendUnblock(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    await dispatch(provider, via, CocoonWallet.buildUnblock(this.address, opts));
  }

  /** Signed by the key, see walletExternal. */
  async sendExternal(provider: ContractProvider, opts: WalletExternalOptions): Promise<void> {
    await provider.external(walletExternal(opts));
  }

  async getSeqno(provider: ContractProvider): Promise<number> {
    return (await provider.get('seqno', [])).stack.readNumber();
  }

  /** @returns 32 bytes */
  async getPublicKey(provider: ContractProvider): Promise<Buffer> {
    return intToHash((await provider.get('get_public_key', [])).stack.readBigNumber());
  }

  async getOwnerAddress(provider: ContractProvider): Promise<Address> {
    return (await provider.get('get_owner_address', [])).stack.readAddress();
  }

  /** The whole data cell. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<WalletData> {
    return parseWalletData(await readStorage(provider, 'wallet'));
  }
}
