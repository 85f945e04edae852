import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { hashToInt } from './fields';
import { type KeyManager, type PublicKey, parseKeyManager } from './key-manager';
import {
  bodies,
  type ForParams,
  type ForVersion,
  type FullParamsChange,
  type ParamsChange,
  type PriceChange,
  type PutProxy,
} from './messages';
import {
  type CurrentParams,
  type FullParams,
  type RootInfo,
  readCurrentParams,
  readFullParams,
  readRootInfo,
} from './root-views';
import { dispatch, type MessageOptions, type OutgoingMessage, type VoucherOptions } from './sending';
import { readStorage } from './state';
import { packRootData, parseRootData, type RootData } from './storage';
import { DefaultValue, DeployValue } from './values';

/** The two kinds of image and the models that the root allows. */
export type AllowlistKind = 'worker' | 'model' | 'proxy';

export interface AllowlistOptions extends MessageOptions {
  kind: AllowlistKind;
  /** SHA-256, 32 bytes */
  hash: Buffer;
}

export type RegisterProxyOptions = MessageOptions & { endpoint: string };
export type UpdateProxyOptions = RegisterProxyOptions & { seqno: number };
export type ChangeKeyManagerOptions = MessageOptions & { managerPublicKey: Buffer; netAddress: string };
export type PriceOptions = MessageOptions & PriceChange & ForParams;
export type ParamsOptions = MessageOptions & ParamsChange & ForParams;
export type FullParamsOptions = MessageOptions & FullParamsChange & ForParams;
export type UpgradeContractsOptions = MessageOptions &
  ForParams & { proxyCode: Cell; workerCode: Cell; clientCode: Cell };
export type UpgradeFullOptions = MessageOptions & ForVersion & { data: Cell; code: Cell };

const ADD = {
  worker: bodies.rootAddWorkerType,
  model: bodies.rootAddModelType,
  proxy: bodies.rootAddProxyType,
} as const;
const REMOVE = {
  worker: bodies.rootDelWorkerType,
  model: bodies.rootDelModelType,
  proxy: bodies.rootDelProxyType,
} as const;

/**
 * The registry of a network: prices, codes, allowed images and models, registered proxies, keys it vouches for. Every
 * operation is the owner's, but adding a key with the key manager's signature. `build…` are pure and reusable (the DAO sends them through its vault); `send…` sends what they build.
 */
export class CocoonRoot implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonRoot {
    return new CocoonRoot(address);
  }

  /** @param config initial data, see initialRootData */
  static createFromConfig(config: RootData, code: Cell): CocoonRoot {
    const init = { code, data: packRootData(config) };
    return new CocoonRoot(stateInitAddress(init), init);
  }

  /** An empty body: the contract keeps the coins and, on first contact, comes to life. */
  static buildDeploy(init: ContractInit, opts: { value?: bigint } = {}): OutgoingMessage {
    return { to: stateInitAddress(init), value: opts.value ?? DeployValue.root, body: beginCell().endCell(), init };
  }

  /** Allows an image (worker, proxy) or a model. */
  static buildAllow(to: Address, opts: AllowlistOptions): OutgoingMessage {
    return rootMessage(to, opts, ADD[opts.kind]({ queryId: 0n, ...opts }));
  }

  /** Takes an image or a model off the list; one that is not on it is fine. */
  static buildDisallow(to: Address, opts: AllowlistOptions): OutgoingMessage {
    return rootMessage(to, opts, REMOVE[opts.kind]({ queryId: 0n, ...opts }));
  }

  /** Lists a proxy under the next seqno. */
  static buildRegisterProxy(to: Address, opts: RegisterProxyOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootRegisterProxy({ queryId: 0n, ...opts }));
  }

  static buildUnregisterProxy(to: Address, opts: MessageOptions & { seqno: number }): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootUnregisterProxy({ queryId: 0n, ...opts }));
  }

  /** Fails (2000) when there is no proxy under that seqno. */
  static buildUpdateProxy(to: Address, opts: UpdateProxyOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootUpdateProxy({ queryId: 0n, ...opts }));
  }

  /** As the Vault lists a proxy for the registrar; fails (2000) when the image is not allowed. Not on the live network. */
  static buildPutProxy(to: Address, opts: MessageOptions & PutProxy): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootPutProxy({ queryId: 0n, ...opts }));
  }

  static buildChangePrice(to: Address, opts: PriceOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootChangePrice({ queryId: 0n, ...opts }));
  }

  /** Sets all six: read the current ones first. */
  static buildChangeParams(to: Address, opts: ParamsOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootChangeParams({ queryId: 0n, ...opts }));
  }

  /** Sets every number of the parameters, whatever struct version they are of; one below 3 becomes 3. */
  static buildChangeParamsFull(to: Address, opts: FullParamsOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootChangeParamsFull({ queryId: 0n, ...opts }));
  }

  /** Codes for proxies, workers and clients deployed from now on; existing ones stay as they are. */
  static buildUpgradeContracts(to: Address, opts: UpgradeContractsOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootUpgradeContracts({ queryId: 0n, ...opts }));
  }

  /** Replaces the root's own code; the version does not change. */
  static buildUpgrade(to: Address, opts: MessageOptions & { code: Cell }): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootUpgrade({ queryId: 0n, ...opts }));
  }

  /** Empties the registry and the three lists; the last seqno stays, so numbers are never given twice. */
  static buildReset(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootReset({ queryId: 0n, ...opts }));
  }

  /** Replaces code and data as given: nothing is checked. */
  static buildUpgradeFull(to: Address, opts: UpgradeFullOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootUpgradeFull({ queryId: 0n, ...opts }));
  }

  static buildChangeOwner(to: Address, opts: MessageOptions & { newOwner: Address }): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootChangeOwner({ queryId: 0n, ...opts }));
  }

  /** Vouches for a key until it expires. The same key again with an `expireAt` of now takes it back. Struct version 4 only. */
  static buildAddPublicKey(to: Address, opts: MessageOptions & PublicKey): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootAddPublicKey({ queryId: 0n, ...opts }));
  }

  /** Carries the key manager's voucher (publicKeyVoucher, with this query id); anybody may. */
  static buildAddPublicKeySigned(to: Address, opts: VoucherOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootAddPublicKeySigned({ queryId: 0n, ...opts }));
  }

  /** Who signs vouchers for keys from now on; a key of 32 zero bytes: nobody. */
  static buildChangeKeyManager(to: Address, opts: ChangeKeyManagerOptions): OutgoingMessage {
    return rootMessage(to, opts, bodies.rootChangeKeyManager({ queryId: 0n, ...opts }));
  }

  async sendDeploy(provider: ContractProvider, via: Sender, opts: { value?: bigint } = {}): Promise<void> {
    const message = { to: this.address, value: opts.value ?? DeployValue.root, body: beginCell().endCell() };
    await dispatch(provider, via, message);
  }

  async sendAllow(provider: ContractProvider, via: Sender, opts: AllowlistOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildAllow(this.address, opts));
  }

  async sendDisallow(provider: ContractProvider, via: Sender, opts: AllowlistOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildDisallow(this.address, opts));
  }

  async sendRegisterProxy(provider: ContractProvider, via: Sender, opts: RegisterProxyOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildRegisterProxy(this.address, opts));
  }

  async sendUnregisterProxy(
    provider: ContractProvider,
    via: Sender,
    opts: MessageOptions & { seqno: number },
  ): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildUnregisterProxy(this.address, opts));
  }

  async sendUpdateProxy(provider: ContractProvider, via: Sender, opts: UpdateProxyOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildUpdateProxy(this.address, opts));
  }

  async sendPutProxy(provider: ContractProvider, via: Sender, opts: MessageOptions & PutProxy): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildPutProxy(this.address, opts));
  }

  async sendChangePrice(provider: ContractProvider, via: Sender, opts: PriceOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildChangePrice(this.address, opts));
  }

  async sendChangeParams(provider: ContractProvider, via: Sender, opts: ParamsOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildChangeParams(this.address, opts));
  }

  async sendUpgradeContracts(provider: ContractProvider, via: Sender, opts: UpgradeContractsOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildUpgradeContracts(this.address, opts));
  }

  async sendUpgrade(provider: ContractProvider, via: Sender, opts: MessageOptions & { code: Cell }): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildUpgrade(this.address, opts));
  }

  async sendReset(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildReset(this.address, opts));
  }

  async sendUpgradeFull(provider: ContractProvider, via: Sender, opts: UpgradeFullOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildUpgradeFull(this.address, opts));
  }

  async sendChangeOwner(
    provider: ContractProvider,
    via: Sender,
    opts: MessageOptions & { newOwner: Address },
  ): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildChangeOwner(this.address, opts));
  }

  async sendChangeParamsFull(provider: ContractProvider, via: Sender, opts: FullParamsOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildChangeParamsFull(this.address, opts));
  }

  async sendAddPublicKey(provider: ContractProvider, via: Sender, opts: MessageOptions & PublicKey): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildAddPublicKey(this.address, opts));
  }

  async sendAddPublicKeySigned(provider: ContractProvider, via: Sender, opts: VoucherOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildAddPublicKeySigned(this.address, opts));
  }

  async sendChangeKeyManager(provider: ContractProvider, via: Sender, opts: ChangeKeyManagerOptions): Promise<void> {
    await dispatch(provider, via, CocoonRoot.buildChangeKeyManager(this.address, opts));
  }

  async getLastProxySeqno(provider: ContractProvider): Promise<number> {
    return (await provider.get('last_proxy_seqno', [])).stack.readNumber();
  }

  async getCocoonData(provider: ContractProvider): Promise<RootInfo> {
    return readRootInfo((await provider.get('get_cocoon_data', [])).stack);
  }

  async getCurParams(provider: ContractProvider): Promise<CurrentParams> {
    return readCurrentParams((await provider.get('get_cur_params', [])).stack);
  }

  /** Not on the live network's roots, which do not know the method (11). */
  async getCurParamsFull(provider: ContractProvider): Promise<FullParams> {
    return readFullParams((await provider.get('get_cur_params_full', [])).stack);
  }

  /** Is the image or model allowed? @param hash 32 bytes */
  async getIsAllowed(provider: ContractProvider, kind: AllowlistKind, hash: Buffer): Promise<boolean> {
    const { stack } = await provider.get(`${kind}_hash_is_valid`, [{ type: 'int', value: hashToInt(hash) }]);
    return stack.readBoolean();
  }

  /** Does the network vouch for the key in this second? @param key 32 bytes */
  async getIsPublicKeyValid(provider: ContractProvider, key: Buffer): Promise<boolean> {
    const { stack } = await provider.get('public_key_is_valid', [{ type: 'int', value: hashToInt(key) }]);
    return stack.readBoolean();
  }

  /** Keys and their manager, from the storage; null on a root that has none. @throws NotDeployedError, CellFormatError */
  async getKeyManager(provider: ContractProvider): Promise<KeyManager | null> {
    const { keyManager } = parseRootData(await readStorage(provider, 'root'));
    return keyManager === null ? null : parseKeyManager(keyManager);
  }

  /** The whole data cell, lists and parameters included. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<RootData> {
    return parseRootData(await readStorage(provider, 'root'));
  }
}

function rootMessage(to: Address, opts: MessageOptions, body: Cell): OutgoingMessage {
  return { to, value: opts.value ?? DefaultValue.rootOperation, body };
}
