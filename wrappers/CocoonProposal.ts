import type { Address, Cell, Contract, ContractProvider, Sender } from '@ton/core';
import { type ContractInit, stateInitAddress } from './addresses';
import {
  type ProposalParties,
  type ProposalPayload,
  packProposalData,
  parseParties,
  parsePayload,
  type VoteSplit,
} from './dao-data';
import { daoBodies } from './dao-messages';
import { dispatch, type MessageOptions, type OutgoingMessage } from './sending';
import { DefaultValue } from './values';

/** What get_proposal_data answers. Amounts in nanoTON, times in unix seconds. */
export interface ProposalInfo extends VoteSplit {
  dao: Address;
  id: number;
  /** see ProposalStatus */
  status: number;
  endAt: number;
  voters: number;
  /** of its operation in the Vault; 0: not scheduled */
  eta: number;
  expires: number;
  /** the snapshot */
  epoch: number;
  startAt: number;
  hardEnd: number;
  extension: number;
  quorum: bigint;
  /** all stake of the snapshot */
  total: bigint;
  approvalBps: number;
  critical: boolean;
  finalizeBy: number;
  /** null before the Dao has made the proposal */
  parties: ProposalParties | null;
  payloadCell: Cell | null;
}

/** One proposal of the DAO. `build…` are pure and reusable; `send…` sends what they build. */
export class CocoonProposal implements Contract {
  readonly address: Address;
  readonly init?: ContractInit;

  constructor(address: Address, init?: ContractInit) {
    this.address = address;
    this.init = init;
  }

  static createFromAddress(address: Address): CocoonProposal {
    return new CocoonProposal(address);
  }

  static createFromConfig(config: { dao: Address; id: number }, code: Cell): CocoonProposal {
    const init = { code, data: packProposalData(config) };
    return new CocoonProposal(stateInitAddress(init), init);
  }

  /** Anybody, once voting is over: the result; again if the Vault did not take it. */
  static buildFinalize(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    const body = daoBodies.proposalFinalize({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proposalOperation, body };
  }

  /** The proposer, before voting starts. */
  static buildCancel(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    const body = daoBodies.proposalCancel({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proposalOperation, body };
  }

  /** Anybody, half a year after the last thing that can happen: what it holds goes to the Vault. */
  static buildCleanup(to: Address, opts: MessageOptions = {}): OutgoingMessage {
    const body = daoBodies.proposalCleanup({ queryId: 0n, ...opts });
    return { to, value: opts.value ?? DefaultValue.proposalOperation, body };
  }

  sendFinalize(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonProposal.buildFinalize(this.address, opts));
  }

  sendCancel(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonProposal.buildCancel(this.address, opts));
  }

  sendCleanup(provider: ContractProvider, via: Sender, opts: MessageOptions = {}): Promise<void> {
    return dispatch(provider, via, CocoonProposal.buildCleanup(this.address, opts));
  }

  async getData(provider: ContractProvider): Promise<ProposalInfo> {
    const { stack } = await provider.get('get_proposal_data', []);
    const info = {
      dao: stack.readAddress(),
      id: stack.readNumber(),
      status: stack.readNumber(),
      endAt: stack.readNumber(),
      voters: stack.readNumber(),
      yes: stack.readBigNumber(),
      no: stack.readBigNumber(),
      abstain: stack.readBigNumber(),
      eta: stack.readNumber(),
      expires: stack.readNumber(),
      epoch: stack.readNumber(),
      startAt: stack.readNumber(),
      hardEnd: stack.readNumber(),
      extension: stack.readNumber(),
      quorum: stack.readBigNumber(),
      total: stack.readBigNumber(),
      approvalBps: stack.readNumber(),
      critical: stack.readNumber() === 1,
      finalizeBy: stack.readNumber(),
    };
    const parties = stack.readCellOpt();
    return { ...info, parties: parties && parseParties(parties), payloadCell: stack.readCellOpt() };
  }

  /** What it says and what it would do. @returns null before the Dao has made the proposal */
  async getPayload(provider: ContractProvider): Promise<ProposalPayload | null> {
    const { payloadCell } = await this.getData(provider);
    return payloadCell && parsePayload(payloadCell);
  }

  /** Whether the votes so far would pass it. */
  async getPassing(provider: ContractProvider): Promise<boolean> {
    return (await provider.get('get_passing', [])).stack.readBoolean();
  }
}
