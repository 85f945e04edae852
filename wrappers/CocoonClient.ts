import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { type CocoonState, intToHash } from './fields';
import { bodies } from './messages';
import { dispatch, type ExcessesOptions, type OutgoingMessage, type VoucherOptions } from './sending';
import { readState, readStorage } from './state';
import { type ClientData, packClientData, parseClientData } from './storage';
import { DefaultValue, DeployValue } from './values';

/** What get_cocoon_client_data answers. Coins are nanoTON, times unix seconds. */
export interface ClientInfo {
  owner: Address;
  proxy: Address;
  /** key of the proxy, 32 bytes */
  publicKey: Buffer;
  state: CocoonState;
  balance: bigint;
  stake: bigint;
  tokensUsed: bigint;
  unlockTs: number;
  /** 32 bytes */
  secretHash: Buffer;
}

export interface TopUpOptions extends ExcessesOptions {
  /** nanoTON that go to the escrow; the message's default value is this plus the operation's */
  amount: bigint;
}

/**
 * A client's channel with one proxy: the books of an escrow that the proxy contract holds.
 * `build…` are pure and reusable (wallets, DAO actions, tests); `send…` sends what they build.
 */
export class CocoonClient implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonClient {
    return new CocoonClient(address);
  }

  /** @param config initial data, see initialClientData */
  static createFromConfig(config: ClientData, code: Cell): CocoonClient {
    const init = { code, data: packClientData(config) };
    return new CocoonClient(stateInitAddress(init), init);
  }

  /** An empty body: the contract keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.client, body: beginCell().endCell(), init };
  }

  /** Anyone: adds to the escrow. */
  static buildTopUp(to: Address, opts: TopUpOptions): OutgoingMessage {
    const value = opts.value ?? opts.amount + DefaultValue.clientOperation;
    return { to, value, body: bodies.extClientTopUp({ queryId: 0n, ...opts }) };
  }

  /** Owner: replaces the secret hash and adds to the escrow. */
  static buildChangeSecretHashAndTopUp(to: Address, opts: TopUpOptions & { secretHash: Buffer }): OutgoingMessage {
    const value = opts.value ?? opts.amount + DefaultValue.clientOperation;
    return { to, value, body: bodies.ownerClientChangeSecretHashAndTopUp({ queryId: 0n, ...opts }) };
  }

  /** Owner: tells the proxy a nonce through the chain, which proves who is connecting. */
  static buildRegister(to: Address, opts: ExcessesOptions & { nonce: bigint }): OutgoingMessage {
    return {
      to,
      value: opts.value ?? DefaultValue.register,
      body: bodies.ownerClientRegister({ queryId: 0n, ...opts }),
    };
  }

  /** Owner: whoever knows the secret may use the channel. */
  static buildChangeSecretHash(to: Address, opts: ExcessesOptions & { secretHash: Buffer }): OutgoingMessage {
    const body = bodies.ownerClientChangeSecretHash({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  /** Owner: sets the stake to `newStake` nanoTON, which must be more than it is. */
  static buildIncreaseStake(to: Address, opts: ExcessesOptions & { newStake: bigint }): OutgoingMessage {
    const body = bodies.ownerClientIncreaseStake({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  /** Owner: takes out everything above the stake. */
  static buildWithdraw(to: Address, opts: ExcessesOptions): OutgoingMessage {
    const body = bodies.ownerClientWithdraw({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  /** Owner: first call starts the closing delay, the second, after it, takes what is left. */
  static buildRequestRefund(to: Address, opts: ExcessesOptions): OutgoingMessage {
    const body = bodies.ownerClientRequestRefund({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  /** Owner: opens a closing or closed channel again, with its counter and secret, and adds to the escrow. */
  static buildTopUpReopen(to: Address, opts: TopUpOptions): OutgoingMessage {
    const value = opts.value ?? opts.amount + DefaultValue.clientOperation;
    return { to, value, body: bodies.ownerClientTopUpReopen({ queryId: 0n, ...opts }) };
  }

  /** Anyone: tells the pool what has been charged since the client's last request, so that workers can be paid from it. */
  static buildSync(to: Address, opts: ExcessesOptions): OutgoingMessage {
    return CocoonClient.buildTopUp(to, { ...opts, amount: 0n });
  }

  /** Anyone with a voucher of the proxy: books the tokens used. */
  static buildCharge(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extClientChargeSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  /** Anyone with a voucher of the proxy: books the tokens used, returns the rest to the owner and closes. */
  static buildGrantRefund(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extClientGrantRefundSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.clientOperation, body };
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.client, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendTopUp(provider: ContractProvider, via: Sender, opts: TopUpOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildTopUp(this.address, opts));
  }

  async sendChangeSecretHashAndTopUp(
    provider: ContractProvider,
    via: Sender,
    opts: TopUpOptions & { secretHash: Buffer },
  ): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildChangeSecretHashAndTopUp(this.address, opts));
  }

  async sendRegister(
    provider: ContractProvider,
    via: Sender,
    opts: ExcessesOptions & { nonce: bigint },
  ): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildRegister(this.address, opts));
  }

  async sendChangeSecretHash(
    provider: ContractProvider,
    via: Sender,
    opts: ExcessesOptions & { secretHash: Buffer },
  ): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildChangeSecretHash(this.address, opts));
  }

  async sendIncreaseStake(
    provider: ContractProvider,
    via: Sender,
    opts: ExcessesOptions & { newStake: bigint },
  ): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildIncreaseStake(this.address, opts));
  }

  async sendWithdraw(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildWithdraw(this.address, opts));
  }

  async sendRequestRefund(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildRequestRefund(this.address, opts));
  }

  async sendTopUpReopen(provider: ContractProvider, via: Sender, opts: TopUpOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildTopUpReopen(this.address, opts));
  }

  async sendSync(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildSync(this.address, opts));
  }

  async sendCharge(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildCharge(this.address, opts));
  }

  async sendGrantRefund(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonClient.buildGrantRefund(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<ClientInfo> {
    const { stack } = await provider.get('get_cocoon_client_data', []);
    return {
      owner: stack.readAddress(),
      proxy: stack.readAddress(),
      publicKey: intToHash(stack.readBigNumber()),
      state: readState(stack),
      balance: stack.readBigNumber(),
      stake: stack.readBigNumber(),
      tokensUsed: stack.readBigNumber(),
      unlockTs: stack.readNumber(),
      secretHash: intToHash(stack.readBigNumber()),
    };
  }

  /** The whole data cell, parameters included. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<ClientData> {
    return parseClientData(await readStorage(provider, 'client'));
  }
}
