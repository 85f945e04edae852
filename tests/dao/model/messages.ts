import type { ProposeCode, VoteCode } from '../../../wrappers/dao-messages';
import type { DaoModelParams } from './dao-model';

/**
 * Messages of the DAO as the model sees them: named as the operations, only the fields that decide something. Amounts are
 * nanoTON (or any unit, in simulations). Parties are names; whoever compares with contracts maps addresses to them.
 */

export type Party = string;

export const DAO: Party = 'dao';
export const VAULT: Party = 'vault';
export const stakeOf = (owner: Party): Party => `stake:${owner}`;
export const proposalOf = (id: number): Party => `proposal:${id}`;

export interface Split {
  yes: bigint;
  no: bigint;
  abstain: bigint;
}

export const NO_VOTES: Split = { yes: 0n, no: 0n, abstain: 0n };

export function sumOf({ yes, no, abstain }: Split): bigint {
  return yes + no + abstain;
}

/** What a member proposes; its class is what the Dao's rule makes of the actions. */
export interface Draft {
  class: 0 | 1;
  /** null: text only */
  actionsHash: string | null;
  /** what the Dao says to the payload once everything else is right */
  answer: ProposeAnswer;
}

export interface Terms {
  epoch: number;
  total: bigint;
  startAt: number;
  endAt: number;
  hardEnd: number;
  extension: number;
  quorum: bigint;
  approvalBps: number;
  class: 0 | 1;
  finalizeBy: number;
  proposer: Party;
}

/** The names of VoteCode in the wrappers. */
export type VoteAnswer = keyof typeof VoteCode;
/** The names of ProposeCode in the wrappers. */
export type ProposeAnswer = keyof typeof ProposeCode;

export type Message =
  // member -> Stake
  | { op: 'stakeDeposit'; amount: bigint }
  | { op: 'stakeUnstake'; amount: bigint }
  | { op: 'stakeWithdraw' }
  | { op: 'stakeSync' }
  | { op: 'stakeDelegate'; to: Party }
  | { op: 'stakeUndelegate' }
  | { op: 'stakeVote'; proposal: Party; epoch: number; split: Split }
  | { op: 'stakePropose'; draft: Draft }
  // Stake -> member
  | { op: 'payout'; amount: bigint }
  // Stake <-> Dao
  | { op: 'daoStakeAdd'; amount: bigint; joins: boolean; owner: Party }
  | { op: 'daoStakeSub'; amount: bigint; leaves: boolean; owner: Party }
  | { op: 'stakeActivated'; amount: bigint; label: number }
  | { op: 'daoPropose'; weight: bigint; epoch: number; owner: Party; draft: Draft }
  | { op: 'proposeResult'; code: ProposeAnswer; id: number; hardEnd: number }
  // Stake <-> Stake
  | { op: 'delegateIn'; amount: bigint; top: number; from: Party }
  | { op: 'delegateOk' }
  | { op: 'undelegate'; amount: bigint; from: Party }
  | { op: 'undelegateOk'; amount: bigint; top: number }
  // Stake <-> Proposal
  | { op: 'castVote'; nonce: number; epoch: number; owner: Party; previous: Split; split: Split }
  | { op: 'voteAck'; nonce: number; code: VoteAnswer; endsBy: number }
  // anybody -> Proposal
  | { op: 'proposalFinalize' }
  | { op: 'proposalCancel' }
  // anybody -> Dao
  | { op: 'daoActivate' }
  // Dao <-> Proposal
  | { op: 'proposalInit'; terms: Terms; draft: Draft }
  | { op: 'proposalPassed'; id: number; class: 0 | 1; actionsHash: string }
  | { op: 'proposalClosed'; id: number; result: number }
  | { op: 'scheduleFailed'; id: number }
  // Dao -> Vault -> Proposal
  | { op: 'vaultSchedule'; id: number; class: 0 | 1; actionsHash: string; proposal: Party }
  | { op: 'opScheduled'; id: number; eta: number; expires: number }
  | { op: 'opDone'; id: number }
  | { op: 'opVetoed'; id: number }
  // Vault -> Dao
  | { op: 'daoSetParams'; params: DaoModelParams };

export type Op = Message['op'];

/** A message on its way out. */
export interface Outgoing {
  to: Party;
  message: Message;
  /** refused by its destination it comes back, and the model's `bounced` has to hear of it */
  bounce: boolean;
}

export function send(to: Party, message: Message): Outgoing {
  return { to, message, bounce: true };
}

/** Answers and money: a destination that refuses them keeps them. */
export function tell(to: Party, message: Message): Outgoing {
  return { to, message, bounce: false };
}
