import { createHash } from 'node:crypto';
import { Address } from '@ton/core';
import {
  type ContractInit,
  type DaoParams,
  DEFAULT_DAO_PARAMS,
  DEFAULT_VAULT_LIMITS,
  initialDaoData,
  initialVaultData,
  packDaoData,
  packProposalData,
  packStakeData,
  packVaultData,
  stateInitAddress,
  type VaultLimits,
} from '../../../wrappers';
import { START } from '../../support/world';
import type { Codes } from './codes';

/**
 * Everybody who takes part, the same in every run: five members with their Stakes, the Dao and its Vault, the Vault's guardian, who is
 * paid, who is paid and takes nothing, and a stranger without rights. Made of code, because mutants live at other addresses.
 */

export interface Contract {
  readonly name: string;
  readonly kind: 'dao' | 'stake' | 'proposal' | 'vault';
  /** of a Stake: whose it is; of a Proposal: its number */
  readonly number: number;
  readonly address: Address;
  readonly init: ContractInit;
}

export const TON = 1_000_000_000n;
export const HOUR = 3_600;
export const DAY = 86_400;
export const MEMBERS = 5;
/** More than any history makes. */
const MOST_PROPOSALS = 40;

function person(name: string): Address {
  return new Address(0, createHash('sha256').update(`person: ${name}`).digest());
}

export const members: readonly Address[] = ['ann', 'ben', 'cleo', 'dan', 'eve'].map(person);
export const memberNames: readonly string[] = ['ann', 'ben', 'cleo', 'dan', 'eve'];
export const stranger = person('stranger');
export const guardian = person('guardian');
export const deployer = person('deployer');
export const payee = person('payee');
/** Lets everything come back. */
export const refuser = person('refuser');
export const root = person('root');

/** Short spans, so that a short history sees a proposal from its beginning to its end. */
export const daoParams: DaoParams = {
  ...DEFAULT_DAO_PARAMS,
  root,
  warmup: 2,
  votingDelay: 6 * HOUR,
  votingPeriod: 3 * DAY,
  extension: 6 * HOUR,
  criticalTimelock: 3 * DAY,
  grace: 8 * DAY,
  thresholdFloor: 100n * TON,
  quorumFloor: 500n * TON,
  bond: 10n * TON,
  activationStake: 500n * TON,
  activationMembers: 3,
};

/** The end of the guardian's term. */
export const guardianUntil = START + 500 * DAY;

/** As short as may be. */
export const vaultLimits: VaultLimits = {
  ...DEFAULT_VAULT_LIMITS,
  delayNormal: DAY,
  delayCritical: 3 * DAY,
  grace: 8 * DAY,
};

export class Cast {
  readonly vault: Contract;
  readonly dao: Contract;
  readonly stakes: readonly Contract[];
  private readonly proposals: readonly Contract[];
  private readonly known = new Map<string, Contract>();

  constructor(codes: Codes) {
    const vaultData = packVaultData(initialVaultData({ root, deployer, limits: vaultLimits }));
    this.vault = this.add('vault', 'Vault', 0, { code: codes.vault, data: vaultData });
    const data = packDaoData(initialDaoData({ vault: this.vault.address, params: daoParams }));
    this.dao = this.add('dao', 'Dao', 0, { code: codes.dao, data });
    this.stakes = members.map((owner, number) => {
      const data = packStakeData({ dao: this.dao.address, owner });
      return this.add('stake', `${memberNames[number]}'s Stake`, number, { code: codes.stake, data });
    });
    this.proposals = Array.from({ length: MOST_PROPOSALS }, (_, i) => {
      const data = packProposalData({ dao: this.dao.address, id: i + 1 });
      return this.add('proposal', `Proposal ${i + 1}`, i + 1, { code: codes.proposal, data });
    });
  }

  /** @param id from 1 */
  proposal(id: number): Contract {
    return this.proposals[id - 1]!;
  }

  /** Undefined: a person. */
  at(address: Address): Contract | undefined {
    return this.known.get(address.toRawString());
  }

  /** The proposal with this account id; the id itself where it is nobody's. */
  partyById(account: string): string {
    const found = this.known.get(`0:${account}`);
    return found?.kind === 'proposal' ? `proposal:${found.number}` : `0:${account}`;
  }

  nameOf(address: Address): string {
    return this.at(address)?.name ?? personNames.get(address.toRawString()) ?? address.toRawString();
  }

  private add(kind: Contract['kind'], name: string, number: number, init: ContractInit): Contract {
    const contract = { kind, name, number, init, address: stateInitAddress(init) };
    this.known.set(contract.address.toRawString(), contract);
    return contract;
  }
}

const personNames = new Map([
  ...members.map((address, i): [string, string] => [address.toRawString(), memberNames[i]!]),
  [guardian.toRawString(), 'the guardian'],
  [deployer.toRawString(), 'the deployer'],
  [payee.toRawString(), 'the payee'],
  [refuser.toRawString(), 'the refuser'],
  [stranger.toRawString(), 'a stranger'],
]);

export function memberAt(address: Address): number {
  return members.findIndex((member) => member.equals(address));
}

export const epochOf = (time: number): number => Math.floor(time / DAY);
