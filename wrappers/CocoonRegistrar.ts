import { type Address, beginCell, type Cell, type Contract, type ContractProvider, type Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { intToHash } from './fields';
import { Op } from './generated/opcodes';
import {
  type Listing,
  packRegistrarData,
  parseEndpointCell,
  parseRegistrarData,
  type RegistrarData,
  type RegistrarTerms,
  toListingStatus,
} from './registrar-data';
import { type ListedProxy, registrarBodies } from './registrar-messages';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { readStorage } from './state';
import { DefaultValue, DeployValue } from './values';

export type ListingOptions = MessageOptions & { seqno: number };
/** @param rentPerPeriod as the registrar's terms say, nanoTON: the value that is attached covers it */
export type ListOptions = MessageOptions & ListedProxy & { stake: bigint; periods: number; rentPerPeriod: bigint };
export type UpdateListingOptions = ListingOptions & ListedProxy;
export type PayRentOptions = ListingOptions & { periods: number; rentPerPeriod: bigint };

/** What get_registrar_data answers: the data without the listings. */
export type RegistrarInfo = Omit<RegistrarData, 'listings'>;

/**
 * Lists proxies without a vote, against a stake and rent. `build…` are pure and reusable; `send…` sends what they build.
 */
export class CocoonRegistrar implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonRegistrar {
    return new CocoonRegistrar(address);
  }

  /** @param config initial data, see initialRegistrarData */
  static createFromConfig(config: RegistrarData, code: Cell): CocoonRegistrar {
    const init = { code, data: packRegistrarData(config) };
    return new CocoonRegistrar(stateInitAddress(init), init);
  }

  /** Coins for rent; the first such message brings the contract to life. */
  static buildTopUp(to: Address, opts: MessageOptions & { init?: ContractInit } = {}): OutgoingMessage {
    const body = beginCell()
      .storeUint(Op.topUp, 32)
      .storeUint(opts.queryId ?? 0n, 64)
      .endCell();
    const message = { to, value: opts.value ?? DeployValue.registrar, body };
    return opts.init === undefined ? message : { ...message, init: opts.init };
  }

  /** Anybody: a new listing, whose operator the sender becomes. The answer, listing_requested, tells its number. */
  static buildList(to: Address, { rentPerPeriod, ...opts }: ListOptions): OutgoingMessage {
    const moved = opts.stake + BigInt(opts.periods) * rentPerPeriod;
    const body = registrarBodies.registrarList({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? moved + DefaultValue.registrarOperation, body };
  }

  /** The operator: another endpoint or image. If the root refuses it, the listing ends. */
  static buildUpdate(to: Address, opts: UpdateListingOptions): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarUpdate({ queryId: 0n, ...opts }));
  }

  /** Anybody: the rent of so many periods more. */
  static buildPayRent(to: Address, { rentPerPeriod, ...opts }: PayRentOptions): OutgoingMessage {
    const body = registrarBodies.registrarPayRent({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? BigInt(opts.periods) * rentPerPeriod + DefaultValue.registrarOperation, body };
  }

  /** The operator: ends the listing; the stake can be taken once the delay is over. */
  static buildUnlist(to: Address, opts: ListingOptions): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarUnlist({ queryId: 0n, ...opts }));
  }

  /** Anybody: ends a listing whose rent has run out. */
  static buildEvict(to: Address, opts: ListingOptions): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarEvict({ queryId: 0n, ...opts }));
  }

  /** Anybody: tells the root once more what the registrar knows; ends a listing whose image is no longer allowed. */
  static buildRecheck(to: Address, opts: ListingOptions): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarRecheck({ queryId: 0n, ...opts }));
  }

  /** Anybody: the stake of a listing that has ended goes to its operator. */
  static buildWithdraw(to: Address, opts: ListingOptions): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarWithdraw({ queryId: 0n, ...opts }));
  }

  /** The Vault, by a proposal. */
  static buildSetTerms(to: Address, opts: MessageOptions & { terms: RegistrarTerms }): OutgoingMessage {
    return registrarMessage(to, opts, registrarBodies.registrarSetTerms({ queryId: 0n, ...opts }));
  }

  async sendTopUp(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildTopUp(this.address, opts));
  }

  async sendList(provider: ContractProvider, via: Sender, opts: ListOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildList(this.address, opts));
  }

  async sendUpdate(provider: ContractProvider, via: Sender, opts: UpdateListingOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildUpdate(this.address, opts));
  }

  async sendPayRent(provider: ContractProvider, via: Sender, opts: PayRentOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildPayRent(this.address, opts));
  }

  async sendUnlist(provider: ContractProvider, via: Sender, opts: ListingOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildUnlist(this.address, opts));
  }

  async sendEvict(provider: ContractProvider, via: Sender, opts: ListingOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildEvict(this.address, opts));
  }

  async sendRecheck(provider: ContractProvider, via: Sender, opts: ListingOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildRecheck(this.address, opts));
  }

  async sendWithdraw(provider: ContractProvider, via: Sender, opts: ListingOptions): Promise<void> {
    await dispatch(provider, via, CocoonRegistrar.buildWithdraw(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<RegistrarInfo> {
    const { stack } = await provider.get('get_registrar_data', []);
    const [vault, held] = [stack.readAddress(), stack.readBigNumber()];
    const [next, count] = [stack.readNumber(), stack.readNumber()];
    const terms = {
      minStake: stack.readBigNumber(),
      rent: stack.readBigNumber(),
      period: stack.readNumber(),
      closeDelay: stack.readNumber(),
      maxListings: stack.readNumber(),
      paused: stack.readBoolean(),
    };
    return { vault, held, next, count, terms };
  }

  /** Fails (1191) when there is no listing under that number. */
  async getListing(provider: ContractProvider, seqno: number): Promise<Listing> {
    const { stack } = await provider.get('get_listing', [{ type: 'int', value: BigInt(seqno) }]);
    return {
      owner: stack.readAddress(),
      stake: stack.readBigNumber(),
      closeDelay: stack.readNumber(),
      paidUntil: stack.readNumber(),
      status: toListingStatus(stack.readNumber()),
      unlockAt: stack.readNumber(),
      imageHash: intToHash(stack.readBigNumber()),
      endpoint: parseEndpointCell(stack.readCell()),
    };
  }

  /** What a listing must be sent with at the chain's present prices, nanoTON. */
  async getListingValue(provider: ContractProvider, opts: { stake: bigint; periods: number }): Promise<bigint> {
    const periods = BigInt(opts.periods);
    const args = [opts.stake, periods].map((value) => ({ type: 'int', value }) as const);
    return (await provider.get('get_listing_value', args)).stack.readBigNumber();
  }

  /** What every other operation must be sent with, besides rent, nanoTON. */
  async getOperationValue(provider: ContractProvider): Promise<bigint> {
    return (await provider.get('get_operation_value', [])).stack.readBigNumber();
  }

  /** The whole data cell, listings included. @throws NotDeployedError, CellFormatError */
  async getStorage(provider: ContractProvider): Promise<RegistrarData> {
    return parseRegistrarData(await readStorage(provider, 'registrar'));
  }
}

function registrarMessage(to: Address, opts: MessageOptions, body: Cell): OutgoingMessage {
  return { to, value: opts.value ?? DefaultValue.registrarOperation, body };
}
