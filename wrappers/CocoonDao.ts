import type { Address, Cell, Contract, ContractProvider, Sender } from '@ton/core';
import { beginCell } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { type DaoData, packDaoData, parseDaoParams, parseSlots } from './dao-data';
import { daoBodies } from './dao-messages';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { DefaultValue, DeployValue } from './values';

/** What get_dao_data answers. */
export interface DaoInfo extends DaoData {
  /** of the parameters' cell, 32 bytes: what dao_set_params must expect */
  paramsHash: Buffer;
}

/** The governor of a DAO. `build…` are pure and reusable; `send…` sends what they build. */
export class CocoonDao implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonDao {
    return new CocoonDao(address);
  }

  /** @param config initial data, see initialDaoData */
  static createFromConfig(config: DaoData, code: Cell): CocoonDao {
    const init = { code, data: packDaoData(config) };
    return new CocoonDao(stateInitAddress(init), init);
  }

  /** Coins for rent; the first such message brings the contract to life. */
  static buildTopUp(to: Address, opts: MessageOptions & { init?: ContractInit } = {}): OutgoingMessage {
    const body = daoBodies.topUp({ queryId: 0n, ...opts });
    const message = { to, value: opts.value ?? DeployValue.dao, body };
    return opts.init === undefined ? message : { ...message, init: opts.init };
  }

  /** Anybody, once stake and members have been enough for seven days. */
  static buildActivate(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    const body = daoBodies.daoActivate({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proposalOperation, body };
  }

  sendTopUp(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonDao.buildTopUp(this.address, opts));
  }

  sendActivate(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonDao.buildActivate(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<DaoInfo> {
    const { stack } = await provider.get('get_dao_data', []);
    const info = {
      vault: stack.readAddress(),
      version: stack.readNumber(),
      nextId: stack.readNumber(),
      total: stack.readBigNumber(),
      epoch: stack.readNumber(),
      startTotal: stack.readBigNumber(),
      members: stack.readNumber(),
      active: stack.readBoolean(),
      enoughSince: stack.readNumber(),
      open: parseSlots(stack.readCellOpt()),
    };
    const params = stack.readCell();
    return { ...info, params: parseDaoParams(params), paramsHash: params.hash() };
  }

  /** Where the Stake of this member is, or would be. */
  async getStakeAddress(provider: ContractProvider, owner: Address): Promise<Address> {
    const cell = beginCell().storeAddress(owner).endCell();
    return (await provider.get('get_stake_address', [{ type: 'slice', cell }])).stack.readAddress();
  }

  /** Where the proposal with this number is, or would be, if this version of the Dao makes it. */
  async getProposalAddress(provider: ContractProvider, id: number): Promise<Address> {
    return (await provider.get('get_proposal_address', [{ type: 'int', value: BigInt(id) }])).stack.readAddress();
  }
}
