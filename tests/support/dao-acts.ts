import { Address, beginCell, type Cell, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import {
  type CocoonProposal,
  type DaoData,
  daoBodies,
  type ProposalInfo,
  packDaoData,
  packMeta,
  packParties,
  packTitle,
  type VoteSplit,
} from '../../wrappers';
import { activate, createDaoWorld, type DaoWorld, proposalOf, propose, TON } from './dao-world';
import { type Attempt, deliver } from './rejection';
import { exitCodeOf, isBounce, opOf, storageFeeOf, txOf, txsOf } from './trace';
import { balanceOf, dataOf, overwriteData, type World } from './world';

/** What the tests of Proposal and Dao share: states put in place, messages in the name of contracts, answers read from traces. */

export const MEMBER_STAKE = 1_000n * TON;

/** For the helpers of the other contracts' tests, that need no more than the chain and its clock. */
export function asWorld(it: DaoWorld): World {
  return it as unknown as World;
}

/** An active DAO with three members of 1 000 TON each; the snapshot of its first proposal has them all. */
export async function createActiveDao(opts: Parameters<typeof createDaoWorld>[0] = {}): Promise<DaoWorld> {
  const it = await createDaoWorld(opts);
  await activate(
    it,
    it.members.map(() => MEMBER_STAKE),
  );
  return it;
}

/** An active DAO and its proposal number 1, made by member 0. */
export async function createProposal(
  opts: Parameters<typeof createDaoWorld>[0] & { actions?: Cell | null } = {},
): Promise<DaoWorld & { proposal: SandboxContract<CocoonProposal> }> {
  const it = await createActiveDao(opts);
  await propose(it, 0, { actions: opts.actions ?? null });
  return { ...it, proposal: proposalOf(it, 1) };
}

/** Rewrites some fields of the Dao's data. */
export async function givenDao(it: DaoWorld, change: Partial<DaoData>): Promise<void> {
  await overwriteData(asWorld(it), it.dao.address, packDaoData({ ...(await it.dao.getData()), ...change }));
}

/** Rewrites some fields of a Proposal's data. */
export async function givenProposal(it: DaoWorld, change: Partial<ProposalInfo>, id = 1): Promise<void> {
  const proposal = proposalOf(it, id);
  const p = { ...(await proposal.getData()), ...change };
  const data = beginCell()
    .storeAddress(p.dao)
    .storeUint(p.id, 32)
    .storeUint(p.status, 8)
    .storeUint(p.endAt, 32)
    .storeUint(p.voters, 32)
    .storeUint(p.yes, 64)
    .storeUint(p.no, 64)
    .storeUint(p.abstain, 64)
    .storeUint(p.eta, 32)
    .storeUint(p.expires, 32)
    .storeUint(p.epoch, 16)
    .storeUint(p.startAt, 32)
    .storeUint(p.hardEnd, 32)
    .storeUint(p.extension, 32)
    .storeUint(p.quorum, 64)
    .storeUint(p.total, 64)
    .storeUint(p.approvalBps, 16)
    .storeUint(p.critical ? 1 : 0, 8)
    .storeUint(p.finalizeBy, 32)
    .storeRef(packParties(p.parties!))
    .storeRef(p.payloadCell!)
    .endCell();
  await overwriteData(asWorld(it), proposal.address, data);
}

/** Moves the clock to this second. */
export function goTo(it: DaoWorld, time: number): void {
  it.chain.now = time;
}

export function split(yes = 0n, no = 0n, abstain = 0n): VoteSplit {
  return { yes, no, abstain };
}

/** A member votes through its Stake. @returns what the proposal answered, see VoteCode; null: it did not */
export async function vote(it: DaoWorld, member: number, parts: Partial<VoteSplit>, id = 1): Promise<number | null> {
  const proposal = proposalOf(it, id);
  const { epoch } = await proposal.getData();
  const result = await it.stakes[member]!.sendVote(it.members[member]!.getSender(), {
    proposal: proposal.address,
    epoch,
    ...split(),
    ...parts,
  });
  return ackOf(result, it.stakes[member]!.address);
}

/** The code of the vote_ack that a Stake got. */
export function ackOf(result: SendMessageResult, stake: Address): number | null {
  for (const { inMessage } of txsOf(result, stake)) {
    if (inMessage && opOf(inMessage.body) === 'voteAck') return inMessage.body.beginParse().skip(128).loadUint(8);
  }
  return null;
}

/** The code of the propose_result that a Stake got. @throws Error where there is none */
export function answerOf(result: SendMessageResult, stake: Address): number {
  for (const { inMessage } of txsOf(result, stake)) {
    if (inMessage && opOf(inMessage.body) === 'proposeResult') return inMessage.body.beginParse().skip(96).loadUint(8);
  }
  throw new Error('no propose_result in the trace');
}

/** cast_vote as the Stake of `owner` sends it. */
export function castBody(owner: Address, parts: VoteSplit, opts: { previous?: VoteSplit; epoch: number }): Cell {
  const { epoch, previous = split() } = opts;
  return daoBodies.castVote({ queryId: 1n, nonce: 7, epoch, owner, previous, split: parts });
}

/** A ProposalPayload whatever it holds. */
export function payloadOf(actions: Cell | null, title = packTitle('T')): Cell {
  const meta = packMeta({ uri: 'u', sha256: Buffer.alloc(32, 1) });
  return beginCell().storeRef(title).storeRef(meta).storeMaybeRef(actions).endCell();
}

/** Exit code of the only transaction of an account. */
export function exitOf(result: SendMessageResult, account: Address): number | undefined {
  return exitCodeOf(txOf(result, account));
}

/** The hash of what a contract keeps. */
export async function stateHash(it: DaoWorld, account: Address): Promise<string> {
  return (await dataOf(asWorld(it), account)).hash().toString('hex');
}

export const ENOUGH = toNano('2');

/**
 * Like expectRejection, for senders that are live contracts and pass on what comes back: the named exit code, the data as they were,
 * nothing sent but the bounce, not a nanoTON kept.
 */
export async function expectBounce(it: DaoWorld, attempt: Attempt, code: number): Promise<SendMessageResult> {
  const world = asWorld(it);
  const [data, coins] = [await stateHash(it, attempt.to), await balanceOf(world, attempt.to)];
  const result = await deliver(world, attempt);
  const tx = txsOf(result, attempt.to)[0]!;
  expect(exitCodeOf(tx)).toBe(code);
  expect(tx.outMessages.values().map(isBounce)).toEqual([true]);
  expect(await stateHash(it, attempt.to)).toBe(data);
  const sender = attempt.from instanceof Address ? attempt.from : attempt.from.address;
  // What a contract sends itself comes back to itself.
  if (!sender.equals(attempt.to)) expect(await balanceOf(world, attempt.to)).toBe(coins - storageFeeOf(tx));
  return result;
}

/** Deploys a contract in its initial state with a top-up, as anybody can. */
export async function predeploy(it: DaoWorld, contract: { address: Address; init?: { code: Cell; data: Cell } }) {
  const body = daoBodies.topUp({ queryId: 0n });
  return it.members[2]!.send({ to: contract.address, value: TON, init: contract.init!, body, bounce: false });
}

/** A proposal of words. */
export const PROPOSING = {
  title: packTitle('T'),
  meta: packMeta({ uri: 'u', sha256: Buffer.alloc(32, 1) }),
  actions: null,
} as const;
