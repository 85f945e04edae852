import type { Address, Cell, Contract, ContractProvider, Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import { packStakeData, parseLabels, parseReceipts, parseReleases, type VoteReceipt } from './dao-data';
import { daoBodies, type Proposing, type Vote } from './dao-messages';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { DefaultValue } from './values';

export type AmountOptions = MessageOptions & { amount: bigint };
/** @param bond as the DAO's parameters say, nanoTON: the value that is attached covers it */
export type ProposeOptions = MessageOptions & Proposing & { bond: bigint };

/** What get_stake_data answers. Amounts in nanoTON, times in unix seconds. */
export interface StakeInfo {
  dao: Address;
  owner: Address;
  /** active, not delegated */
  own: bigint;
  /** deposited, not confirmed by the Dao */
  pend: bigint;
  /** delegated here by others */
  inn: bigint;
  /** delegated to `delegate` */
  out: bigint;
  delegate: Address | null;
  /** 0 idle, 1 a delegation is under way, 2 the end of one */
  busy: number;
  /** leaving, not confirmed by the delegate */
  exit: bigint;
  /** deposits that the Dao did not take */
  refundable: bigint;
  /** left without the Dao knowing */
  unsynced: bigint;
  /** all releases */
  unbonding: bigint;
  lastUse: number;
  nonce: number;
  /** first epoch that counts them -> nanoTON; older ones have no label */
  labels: Map<number, bigint>;
  /** by the Proposal's account id in hex */
  votes: Map<string, VoteReceipt>;
  /** from when -> nanoTON */
  releases: Map<number, bigint>;
}

/** One member's stake in the DAO. `build…` are pure and reusable; `send…` sends what they build. */
export class CocoonStake implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonStake {
    return new CocoonStake(address);
  }

  static createFromConfig(config: { dao: Address; owner: Address }, code: Cell): CocoonStake {
    const init = { code, data: packStakeData(config) };
    return new CocoonStake(stateInitAddress(init), init);
  }

  /** The member: stakes `amount`. The first time also deploys the contract, and 0.1 TON stay for its rent. */
  static buildDeposit(to: Address, opts: AmountOptions & { init?: ContractInit }): OutgoingMessage {
    const body = daoBodies.stakeDeposit({ queryId: 0n, ...opts });
    const message = { to, value: opts.value ?? opts.amount + DefaultValue.stakeOperation, body };
    return opts.init === undefined ? message : { ...message, init: opts.init };
  }

  /** The member: the amount votes no more and can be withdrawn later. */
  static buildUnstake(to: Address, opts: AmountOptions): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeUnstake({ queryId: 0n, ...opts }));
  }

  /** The member: pays what is released. */
  static buildWithdraw(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeWithdraw({ queryId: 0n, ...opts }));
  }

  /** The member: sends again what did not arrive. */
  static buildSync(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeSync({ queryId: 0n, ...opts }));
  }

  /** The member: lends its votes to the member whose wallet is `delegate`. */
  static buildDelegate(to: Address, opts: MessageOptions & { delegate: Address }): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeDelegate({ queryId: 0n, ...opts }));
  }

  static buildUndelegate(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeUndelegate({ queryId: 0n, ...opts }));
  }

  /** The member: votes, or changes its vote. */
  static buildVote(to: Address, opts: MessageOptions & Vote): OutgoingMessage {
    return stakeMessage(to, opts, daoBodies.stakeVote({ queryId: 0n, ...opts }));
  }

  /** The member: makes a proposal. The answer, propose_result, tells its number or why there is none. */
  static buildPropose(to: Address, { bond, ...opts }: ProposeOptions): OutgoingMessage {
    const body = daoBodies.stakePropose({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? bond + DefaultValue.proposing, body };
  }

  sendDeposit(provider: ContractProvider, via: Sender, opts: AmountOptions): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildDeposit(this.address, opts));
  }

  sendUnstake(provider: ContractProvider, via: Sender, opts: AmountOptions): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildUnstake(this.address, opts));
  }

  sendWithdraw(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildWithdraw(this.address, opts));
  }

  sendSync(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildSync(this.address, opts));
  }

  sendDelegate(provider: ContractProvider, via: Sender, opts: MessageOptions & { delegate: Address }): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildDelegate(this.address, opts));
  }

  sendUndelegate(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildUndelegate(this.address, opts));
  }

  sendVote(provider: ContractProvider, via: Sender, opts: MessageOptions & Vote): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildVote(this.address, opts));
  }

  sendPropose(provider: ContractProvider, via: Sender, opts: ProposeOptions): Promise<void> {
    return dispatch(provider, via, CocoonStake.buildPropose(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<StakeInfo> {
    const { stack } = await provider.get('get_stake_data', []);
    const info = {
      dao: stack.readAddress(),
      owner: stack.readAddress(),
      own: stack.readBigNumber(),
      pend: stack.readBigNumber(),
      inn: stack.readBigNumber(),
      out: stack.readBigNumber(),
      delegate: stack.readAddressOpt(),
      busy: stack.readNumber(),
      exit: stack.readBigNumber(),
      refundable: stack.readBigNumber(),
      unsynced: stack.readBigNumber(),
      unbonding: stack.readBigNumber(),
      lastUse: stack.readNumber(),
      nonce: stack.readNumber(),
    };
    // Number of receipts, which the receipts tell themselves.
    stack.skip();
    const labels = parseLabels(stack.readCellOpt());
    const votes = parseReceipts(stack.readCellOpt());
    return { ...info, labels, votes, releases: parseReleases(stack.readCellOpt()) };
  }

  /** What the member may vote with in a proposal with this snapshot, nanoTON. */
  async getWeightAt(provider: ContractProvider, epoch: number): Promise<bigint> {
    const { stack } = await provider.get('get_weight_at', [{ type: 'int', value: BigInt(epoch) }]);
    return stack.readBigNumber();
  }
}

function stakeMessage(to: Address, opts: MessageOptions, body: Cell): OutgoingMessage {
  return { to, value: opts.value ?? DefaultValue.stakeOperation, body };
}
