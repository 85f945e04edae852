import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { type CocoonState, intToHash } from './fields';
import { bodies } from './messages';
import { dispatch, type ExcessesOptions, type OutgoingMessage, type VoucherOptions } from './sending';
import { readState, readStorage } from './state';
import { packWorkerData, parseWorkerData, type WorkerData } from './storage';
import { DefaultValue, DeployValue } from './values';

/** What get_cocoon_worker_data answers. */
export interface WorkerInfo {
  owner: Address;
  proxy: Address;
  /** key of the proxy, 32 bytes */
  publicKey: Buffer;
  /** 0 or 2: a worker has no closing delay */
  state: CocoonState;
  /** adjusted tokens paid for so far */
  tokens: bigint;
}

/**
 * A worker's account at one proxy: counts the tokens that were paid for.
 * `build…` are pure and reusable; `send…` sends what they build.
 */
export class CocoonWorker implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonWorker {
    return new CocoonWorker(address);
  }

  /** @param config initial data, see initialWorkerData */
  static createFromConfig(config: WorkerData, code: Cell): CocoonWorker {
    const init = { code, data: packWorkerData(config) };
    return new CocoonWorker(stateInitAddress(init), init);
  }

  /** An empty body: the contract keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.worker, body: beginCell().endCell(), init };
  }

  /** Owner: makes the worker known to its proxy. */
  static buildRegister(to: Address, opts: ExcessesOptions): OutgoingMessage {
    return {
      to,
      value: opts.value ?? DefaultValue.register,
      body: bodies.ownerWorkerRegister({ queryId: 0n, ...opts }),
    };
  }

  /** Owner: opens a closed account again, with its counter. */
  static buildReopen(to: Address, opts: ExcessesOptions): OutgoingMessage {
    const body = bodies.ownerWorkerReopen({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.workerPayout, body };
  }

  /** Anyone with a voucher of the proxy: pays the tokens above the counter to the worker's owner. */
  static buildPayout(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extWorkerPayoutRequestSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.workerPayout, body };
  }

  /** As buildPayout, and the account is closed; only its owner can open it again. */
  static buildLastPayout(to: Address, opts: VoucherOptions): OutgoingMessage {
    const body = bodies.extWorkerLastPayoutRequestSigned({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.workerPayout, body };
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.worker, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendRegister(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonWorker.buildRegister(this.address, opts));
  }

  async sendReopen(provider: ContractProvider, via: Sender, opts: ExcessesOptions): Promise<void> {
    await dispatch(provider, via, CocoonWorker.buildReopen(this.address, opts));
  }

  async sendPayout(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonWorker.buildPayout(this.address, opts));
  }

  async sendLastPayout(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonWorker.buildLastPayout(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<WorkerInfo> {
    const { stack } = await provider.get('get_cocoon_worker_data', []);
    return {
      owner: stack.readAddress(),
      proxy: stack.readAddress(),
      publicKey: intToHash(stack.readBigNumber()),
      state: readState(stack),
      tokens: stack.readBigNumber(),
    };
  }

  /** The whole data cell, parameters included. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<WorkerData> {
    return parseWorkerData(await readStorage(provider, 'worker'));
  }
}
