import { type Address, type Builder, beginCell, type Cell } from '@ton/core';
import { type DaoParams, packDaoParams, type VoteSplit } from './dao-data';
import { InvalidFieldError } from './errors';
import { storeCoins, storeHash, storeU32, storeU64 } from './fields';
import { Op } from './generated/opcodes';

/** Bodies of the messages of Stakes, Proposals and the Dao, named as the operation. */

interface Query {
  /** Free number of the sender; comes back in the answers. */
  queryId: bigint;
}
type WithAmount = Query & { amount: bigint };

/** What a member votes, as its Stake takes it. */
export interface Vote extends VoteSplit {
  proposal: Address;
  /** the proposal's snapshot epoch */
  epoch: number;
  /** at most 512 bytes of UTF-8 */
  reason?: string | undefined;
}

export interface Proposing {
  title: Cell;
  meta: Cell;
  actions: Cell | null;
}

function start(op: number, queryId: bigint): Builder {
  return storeU64(beginCell().storeUint(op, 32), 'queryId', queryId);
}

function plain(op: number) {
  return ({ queryId }: Query): Cell => start(op, queryId).endCell();
}

function withAmount(op: number) {
  return ({ queryId, amount }: WithAmount): Cell => storeCoins(start(op, queryId), 'amount', amount).endCell();
}

/** Text as a chain of cells of 127 bytes. @throws InvalidFieldError above 512 bytes */
export function packReason(reason: string): Cell {
  const bytes = Buffer.from(reason, 'utf8');
  if (bytes.length > 512) throw new InvalidFieldError('reason', `${bytes.length} bytes given, 512 fit`);
  let next: Cell | null = null;
  for (let from = Math.max(0, Math.ceil(bytes.length / 127) - 1) * 127; from >= 0; from -= 127) {
    const builder = beginCell().storeBuffer(bytes.subarray(from, from + 127));
    next = (next === null ? builder : builder.storeRef(next)).endCell();
  }
  return next!;
}

export const daoBodies = {
  stakeDeposit: withAmount(Op.stakeDeposit),
  stakeUnstake: withAmount(Op.stakeUnstake),
  stakeWithdraw: plain(Op.stakeWithdraw),
  stakeSync: plain(Op.stakeSync),
  /** @param delegate the delegate's wallet */
  stakeDelegate: ({ queryId, delegate }: Query & { delegate: Address }): Cell =>
    start(Op.stakeDelegate, queryId).storeAddress(delegate).endCell(),
  stakeUndelegate: plain(Op.stakeUndelegate),
  stakeVote({ queryId, proposal, epoch, reason, ...split }: Query & Vote): Cell {
    if (proposal.workChain !== 0) throw new InvalidFieldError('proposal', 'is not in the basechain');
    const builder = start(Op.stakeVote, queryId).storeBuffer(proposal.hash).storeUint(epoch, 16);
    for (const part of ['yes', 'no', 'abstain'] as const) storeCoins(builder, part, split[part]);
    return builder.storeMaybeRef(reason === undefined ? null : packReason(reason)).endCell();
  },
  stakePropose: ({ queryId, title, meta, actions }: Query & Proposing): Cell =>
    start(Op.stakePropose, queryId).storeRef(title).storeRef(meta).storeMaybeRef(actions).endCell(),
  topUp: plain(Op.topUp),

  proposalFinalize: plain(Op.proposalFinalize),
  proposalCancel: plain(Op.proposalCancel),
  proposalCleanup: plain(Op.proposalCleanup),

  daoActivate: plain(Op.daoActivate),
  /** @param expectedHash of the parameters that are replaced, 32 bytes */
  daoSetParams: ({ queryId, expectedHash, params }: Query & { expectedHash: Buffer; params: DaoParams }): Cell =>
    storeHash(start(Op.daoSetParams, queryId), 'expectedHash', expectedHash).storeRef(packDaoParams(params)).endCell(),
  daoUpgrade: ({
    queryId,
    fromVersion,
    code,
    data,
  }: Query & { fromVersion: number; code: Cell; data?: Cell | null }): Cell =>
    start(Op.daoUpgrade, queryId)
      .storeUint(fromVersion, 16)
      .storeRef(code)
      .storeMaybeRef(data ?? null)
      .endCell(),

  // Between the contracts: what tests and tools need to recognise or to forge.
  daoStakeAdd: ({ queryId, amount, joins, owner }: WithAmount & { joins: boolean; owner: Address }): Cell =>
    storeCoins(start(Op.daoStakeAdd, queryId), 'amount', amount).storeBit(joins).storeAddress(owner).endCell(),
  daoStakeSub: ({ queryId, amount, leaves, owner }: WithAmount & { leaves: boolean; owner: Address }): Cell =>
    storeCoins(start(Op.daoStakeSub, queryId), 'amount', amount).storeBit(leaves).storeAddress(owner).endCell(),
  stakeActivated: ({ queryId, amount, label }: WithAmount & { label: number }): Cell =>
    storeCoins(start(Op.stakeActivated, queryId), 'amount', amount).storeUint(label, 16).endCell(),
  delegateIn: ({ queryId, amount, top, from }: WithAmount & { top: number; from: Address }): Cell =>
    storeCoins(start(Op.delegateIn, queryId), 'amount', amount).storeUint(top, 16).storeAddress(from).endCell(),
  delegateOk: plain(Op.delegateOk),
  undelegate: ({ queryId, amount, from }: WithAmount & { from: Address }): Cell =>
    storeCoins(start(Op.undelegate, queryId), 'amount', amount).storeAddress(from).endCell(),
  undelegateOk: ({ queryId, amount, top }: WithAmount & { top: number }): Cell =>
    storeCoins(start(Op.undelegateOk, queryId), 'amount', amount).storeUint(top, 16).endCell(),
  castVote({
    queryId,
    nonce,
    epoch,
    owner,
    previous,
    split,
  }: Query & { nonce: number; epoch: number; owner: Address; previous: VoteSplit; split: VoteSplit }): Cell {
    const parts = beginCell();
    for (const each of [previous, split]) parts.storeCoins(each.yes).storeCoins(each.no).storeCoins(each.abstain);
    const builder = storeU32(start(Op.castVote, queryId), 'nonce', nonce).storeUint(epoch, 16);
    return builder.storeAddress(owner).storeRef(parts).endCell();
  },
  voteAck: ({ queryId, nonce, code, endsBy }: Query & { nonce: number; code: number; endsBy: number }): Cell =>
    start(Op.voteAck, queryId).storeUint(nonce, 32).storeUint(code, 8).storeUint(endsBy, 32).endCell(),
  proposeResult: ({ queryId, code, id, hardEnd }: Query & { code: number; id: number; hardEnd: number }): Cell =>
    start(Op.proposeResult, queryId).storeUint(code, 8).storeUint(id, 32).storeUint(hardEnd, 32).endCell(),
  proposalInit: ({ queryId, terms, payload }: Query & { terms: Cell; payload: Cell }): Cell =>
    start(Op.proposalInit, queryId).storeRef(terms).storeRef(payload).endCell(),
  daoPropose: ({
    queryId,
    weight,
    epoch,
    owner,
    payload,
  }: Query & { weight: bigint; epoch: number; owner: Address; payload: Cell }): Cell =>
    storeCoins(start(Op.daoPropose, queryId), 'weight', weight)
      .storeUint(epoch, 16)
      .storeAddress(owner)
      .storeRef(payload)
      .endCell(),
  proposalPassed: ({
    queryId,
    id,
    klass,
    actionsHash,
  }: Query & { id: number; klass: number; actionsHash: Buffer }): Cell =>
    start(Op.proposalPassed, queryId).storeUint(id, 32).storeUint(klass, 8).storeBuffer(actionsHash, 32).endCell(),
  proposalClosed: ({ queryId, id, result }: Query & { id: number; result: number }): Cell =>
    start(Op.proposalClosed, queryId).storeUint(id, 32).storeUint(result, 8).endCell(),
  scheduleFailed: ({ queryId, id, code }: Query & { id: number; code: number }): Cell =>
    start(Op.scheduleFailed, queryId).storeUint(id, 32).storeUint(code, 8).endCell(),
} as const;

/** Why the Dao did not make a proposal. */
export const ProposeCode = {
  accepted: 0,
  epoch: 1,
  threshold: 2,
  noPlace: 3,
  oneEach: 4,
  badActions: 5,
  tooLarge: 6,
  inactive: 7,
  lowValue: 8,
  badTitle: 9,
} as const;

/** How a Proposal answers a vote. */
export const VoteCode = { counted: 0, notStarted: 1, ended: 2, wrongEpoch: 3, cancelled: 4 } as const;

/** What a Proposal keeps of its state; what people call it depends on the time and the Vault, too. */
export const ProposalStatus = {
  none: 0,
  live: 1,
  defeated: 2,
  cancelled: 3,
  scheduling: 4,
  passed: 5,
  queued: 6,
  executed: 7,
  vetoed: 8,
} as const;
