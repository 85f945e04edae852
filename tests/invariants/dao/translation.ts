import type { Address, Cell } from '@ton/core';
import { ProposeCode, parseDaoParams, VoteCode, type VoteSplit } from '../../../wrappers';
import {
  DAO,
  type Draft,
  type Message,
  type Party,
  proposalOf,
  stakeOf,
  type Terms,
  VAULT,
} from '../../dao/model/messages';
import type { InternalMessage } from '../../support/message-pool';
import { type Cast, memberAt } from './cast';
import { classOf } from './drafts';
import { readCast, said } from './said';

/** What contracts say to each other, in the words of the model. */

export function partyAt(cast: Cast, address: Address): Party {
  const contract = cast.at(address);
  if (contract?.kind === 'stake') return stakeOf(`m${contract.number}`);
  if (contract?.kind === 'proposal') return proposalOf(contract.number);
  if (contract?.kind === 'dao') return DAO;
  if (contract?.kind === 'vault') return VAULT;
  const member = memberAt(address);
  return member < 0 ? address.toRawString() : `m${member}`;
}

/** Undefined: nothing that the model has a word for. A bounce says what came back, if all of it did. */
export function translated(cast: Cast, message: InternalMessage): Message | undefined {
  const { op, rest } = said(message);
  const party = (): Party => partyAt(cast, rest.loadAddress());
  switch (op) {
    case 'stakeDeposit':
    case 'stakeUnstake':
      return { op, amount: rest.loadCoins() };
    case 'stakeWithdraw':
    case 'stakeSync':
    case 'stakeUndelegate':
    case 'delegateOk':
    case 'proposalFinalize':
    case 'proposalCancel':
    case 'daoActivate':
      return { op };
    case 'stakeDelegate':
      return { op, to: party() };
    case 'stakeVote': {
      const proposal = cast.partyById(rest.loadBuffer(32).toString('hex'));
      return { op, proposal, epoch: rest.loadUint(16), split: loadSplit(rest) };
    }
    case 'stakePropose':
      return { op, draft: draftOf(cast, message.body) };
    case 'daoStakeAdd':
      return { op, amount: rest.loadCoins(), joins: rest.loadBit(), owner: party() };
    case 'daoStakeSub':
      return { op, amount: rest.loadCoins(), leaves: rest.loadBit(), owner: party() };
    case 'stakeActivated':
      return { op, amount: rest.loadCoins(), label: rest.loadUint(16) };
    case 'daoPropose': {
      const [weight, epoch, owner] = [rest.loadCoins(), rest.loadUint(16), party()];
      return { op, weight, epoch, owner, draft: draftOf(cast, rest.loadRef()) };
    }
    case 'proposeResult':
      return { op, code: nameIn(ProposeCode, rest.loadUint(8)), id: rest.loadUint(32), hardEnd: rest.loadUint(32) };
    case 'delegateIn':
      return { op, amount: rest.loadCoins(), top: rest.loadUint(16), from: party() };
    case 'undelegate':
      return { op, amount: rest.loadCoins(), from: party() };
    case 'undelegateOk':
      return { op, amount: rest.loadCoins(), top: rest.loadUint(16) };
    case 'castVote': {
      const vote = readCast(message);
      return { op, ...vote, owner: partyAt(cast, vote.owner) };
    }
    case 'voteAck':
      return { op, nonce: rest.loadUint(32), code: nameIn(VoteCode, rest.loadUint(8)), endsBy: rest.loadUint(32) };
    case 'proposalInit':
      return { op, terms: readTerms(cast, rest.loadRef()), draft: draftOf(cast, rest.loadRef()) };
    case 'proposalPassed': {
      const [id, klass] = [rest.loadUint(32), rest.loadUint(8) as 0 | 1];
      return { op, id, class: klass, actionsHash: rest.loadBuffer(32).toString('hex') };
    }
    case 'proposalClosed':
      return { op, id: rest.loadUint(32), result: rest.loadUint(8) };
    case 'scheduleFailed':
    case 'opDone':
    case 'opVetoed':
      return { op, id: rest.loadUint(32) };
    case 'vaultSchedule': {
      const [id, klass] = [rest.loadUint(32), rest.loadUint(8) as 0 | 1];
      return { op, id, class: klass, actionsHash: rest.loadBuffer(32).toString('hex'), proposal: party() };
    }
    case 'opScheduled':
      return { op, id: rest.loadUint(32), eta: rest.loadUint(32), expires: rest.loadUint(32) };
    case 'daoSetParams': {
      rest.skip(256);
      return { op, params: parseDaoParams(rest.loadRef()) };
    }
    default:
      return undefined;
  }
}

function loadSplit(from: { loadCoins(): bigint }): VoteSplit {
  return { yes: from.loadCoins(), no: from.loadCoins(), abstain: from.loadCoins() };
}

function nameIn<K extends string>(codes: Record<K, number>, code: number): K {
  return (Object.keys(codes) as K[]).find((name) => codes[name] === code)!;
}

/** Of a cell whose references are title, meta and, if there are any, the actions. */
function draftOf(cast: Cast, { refs: [, , actions] }: Cell): Draft {
  if (actions === undefined) return { class: 0, actionsHash: null, answer: 'accepted' };
  return { class: classOf(cast, actions), actionsHash: actions.hash().toString('hex'), answer: 'accepted' };
}

function readTerms(cast: Cast, cell: Cell): Terms {
  const s = cell.beginParse();
  const [epoch, total, startAt, endAt] = [s.loadUint(16), s.loadCoins(), s.loadUint(32), s.loadUint(32)];
  const [hardEnd, extension, quorum] = [s.loadUint(32), s.loadUint(32), s.loadCoins()];
  const [approvalBps, klass, finalizeBy] = [s.loadUint(16), s.loadUint(8) as 0 | 1, s.loadUint(32)];
  const parties = s.loadRef().beginParse();
  parties.loadAddress();
  const proposer = partyAt(cast, parties.loadAddress());
  return { epoch, total, startAt, endAt, hardEnd, extension, quorum, approvalBps, class: klass, finalizeBy, proposer };
}
