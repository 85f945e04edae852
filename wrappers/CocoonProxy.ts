import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { type CocoonState, intToHash } from './fields';
import { bodies } from './messages';
import {
  dispatch,
  type ExcessesOptions,
  type MessageOptions,
  type OutgoingMessage,
  type VoucherOptions,
} from './sending';
import { readState, readStorage } from './state';
import { type ProxyData, packProxyData, parseProxyData } from './storage';
import { DefaultValue, DeployValue } from './values';

/** What get_cocoon_proxy_data answers. Coins are nanoTON, times unix seconds. */
export interface ProxyInfo {
  owner: Address;
  /** 32 bytes */
  publicKey: Buffer;
  root: Address;
  state: CocoonState;
  /** earned and not yet paid out */
  balance: bigint;
  stake: bigint;
  unlockTs: number;
  pricePerToken: bigint;
  workerFeePerToken: bigint;
  minProxyStake: bigint;
  minClientStake: bigint;
  paramsVersion: number;
}

/** What get_cocoon_proxy_books answers: whose the pool's coins are. nanoTON but for the count. */
export interface ProxyBooks {
  /** held for clients */
  escrow: bigint;
  /** charged and not yet paid out for workers, as far as the pool knows; negative: paid in advance, out of the stake */
  earned: bigint;
  /** the most that the next worker payout may take, worker's and proxy's part together */
  payable: bigint;
  /** what of the stake is really there */
  backedStake: bigint;
  /** clients with coins in the pool */
  clients: number;
}

export interface IncreaseStakeOptions extends ExcessesOptions {
  /** nanoTON added to the stake; the message's default value is this plus the operation's */
  amount: bigint;
}

export interface SaveStateOptions extends MessageOptions {
  seqno: number;
  /** session hash, 32 bytes */
  uniqueHash: Buffer;
}

/**
 * The pool of one proxy: holds the escrow of its clients, its stake and its revenue, and pays workers.
 * `build…` are pure and reusable; `send…` sends what they build.
 */
export class CocoonProxy implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonProxy {
    return new CocoonProxy(address);
  }

  /** @param config initial data, see initialProxyData */
  static createFromConfig(config: ProxyData, code: Cell): CocoonProxy {
    const init = { code, data: packProxyData(config) };
    return new CocoonProxy(stateInitAddress(init), init);
  }

  /** An empty body: the contract keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.proxy, body: beginCell().endCell(), init };
  }

  /** Anyone: pays the proxy's revenue to its owner. */
  static buildPayout(to: Address, opts: ExcessesOptions): OutgoingMessage {
    const body = bodies.extProxyPayoutRequest({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body };
  }

  /** Anyone: adds `amount` to the stake. */
  static buildIncreaseStake(to: Address, opts: IncreaseStakeOptions): OutgoingMessage {
    const value = opts.value ?? opts.amount + DefaultValue.proxyOperation;
    return { to, value, body: bodies.extProxyIncreaseStake({ queryId: 0n, ...opts }) };
  }

  /** Owner: starts the closing delay; closes, should the key be lost, when another such delay has passed after it. */
  static buildClose(to: Address, opts: ExcessesOptions): OutgoingMessage {
    const body = bodies.ownerProxyClose({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body };
  }

  /** Owner: as buildClose, in the form a person can send from any wallet (comment "c"). */
  static buildTextClose(to: Address, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body: bodies.text('c') };
  }

  /** Owner: takes the revenue (comment "w"). */
  static buildTextWithdraw(to: Address, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body: bodies.text('w') };
  }

  /** Anyone with a voucher of the proxy key: starts the closing delay. */
  static buildSignedClose(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extProxyCloseRequestSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body };
  }

  /** Anyone with a voucher of the proxy key, after the delay: pays everything to the owner and closes. */
  static buildSignedCloseComplete(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extProxyCloseCompleteRequestSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proxyOperation, body };
  }

  /** Anyone: a record on chain that the proxy's runner finds again after a restart. */
  static buildSaveState(to: Address, opts: SaveStateOptions): OutgoingMessage {
    return { to, value: opts.value ?? DefaultValue.saveState, body: bodies.saveState({ queryId: 0n, ...opts }) };
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.proxy, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendPayout(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildPayout(this.address, opts));
  }

  async sendIncreaseStake(provider: ContractProvider, via: Sender, opts: IncreaseStakeOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildIncreaseStake(this.address, opts));
  }

  async sendClose(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildClose(this.address, opts));
  }

  async sendTextClose(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildTextClose(this.address, opts));
  }

  async sendTextWithdraw(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildTextWithdraw(this.address, opts));
  }

  async sendSignedClose(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildSignedClose(this.address, opts));
  }

  async sendSignedCloseComplete(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildSignedCloseComplete(this.address, opts));
  }

  async sendSaveState(provider: ContractProvider, via: Sender, opts: SaveStateOptions): Promise<void> {
    await dispatch(provider, via, CocoonProxy.buildSaveState(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<ProxyInfo> {
    const { stack } = await provider.get('get_cocoon_proxy_data', []);
    return {
      owner: stack.readAddress(),
      publicKey: intToHash(stack.readBigNumber()),
      root: stack.readAddress(),
      state: readState(stack),
      balance: stack.readBigNumber(),
      stake: stack.readBigNumber(),
      unlockTs: stack.readNumber(),
      pricePerToken: stack.readBigNumber(),
      workerFeePerToken: stack.readBigNumber(),
      minProxyStake: stack.readBigNumber(),
      minClientStake: stack.readBigNumber(),
      paramsVersion: stack.readNumber(),
    };
  }

  async getBooks(provider: ContractProvider): Promise<ProxyBooks> {
    const { stack } = await provider.get('get_cocoon_proxy_books', []);
    return {
      escrow: stack.readBigNumber(),
      earned: stack.readBigNumber(),
      payable: stack.readBigNumber(),
      backedStake: stack.readBigNumber(),
      clients: stack.readNumber(),
    };
  }

  /** The whole data cell, parameters included. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<ProxyData> {
    return parseProxyData(await readStorage(provider, 'proxy'));
  }
}
