import { type Address, beginCell, type Cell } from '@ton/core';
import { daoBodies, packDaoParams, vaultBodies } from '../../../wrappers';
import { type Contract, daoParams, epochOf, members, stranger, TON, vaultLimits } from './cast';
import type { Scene } from './scene';

/** What people send who have no right to, in the names of members and contracts. None of it may change anything. */

const nothing = { yes: 0n, no: 0n, abstain: 0n };
const much = { yes: 100n * TON, no: 0n, abstain: 0n };
const query = { queryId: 0n };
const amount = 50n * TON;

interface Forgery {
  says: string;
  body: Cell;
}

function toStake(owner: Address, epoch: number): Forgery[] {
  return [
    { says: 'confirms a deposit', body: daoBodies.stakeActivated({ ...query, amount, label: 0 }) },
    { says: 'delegates as a member', body: daoBodies.delegateIn({ ...query, amount, top: 0, from: members[1]! }) },
    { says: 'recalls as a member', body: daoBodies.undelegate({ ...query, amount: 1n, from: members[1]! }) },
    { says: 'answers a delegation', body: daoBodies.delegateOk(query) },
    { says: 'returns stake', body: daoBodies.undelegateOk({ ...query, amount: 1n, top: 0 }) },
    { says: 'answers a vote', body: daoBodies.voteAck({ ...query, nonce: 1, code: 0, endsBy: 0 }) },
    { says: 'unstakes', body: daoBodies.stakeUnstake({ ...query, amount: 1n }) },
    { says: 'withdraws', body: daoBodies.stakeWithdraw(query) },
    { says: 'delegates', body: daoBodies.stakeDelegate({ ...query, delegate: stranger }) },
    { says: 'undelegates', body: daoBodies.stakeUndelegate(query) },
    { says: 'deposits', body: daoBodies.stakeDeposit({ ...query, amount: TON / 10n }) },
    { says: 'votes', body: daoBodies.stakeVote({ ...query, proposal: owner, epoch, ...much }) },
    { says: 'answers a proposal', body: daoBodies.proposeResult({ ...query, code: 0, id: 1, hardEnd: 0 }) },
    { says: 'talks nonsense', body: beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell() },
  ];
}

function toDao(owner: Address, epoch: number, id: number): Forgery[] {
  const payload = beginCell().endCell();
  return [
    { says: 'adds stake', body: daoBodies.daoStakeAdd({ ...query, amount, joins: true, owner }) },
    { says: 'takes stake', body: daoBodies.daoStakeSub({ ...query, amount, leaves: true, owner }) },
    { says: 'proposes', body: daoBodies.daoPropose({ ...query, weight: amount, epoch, owner, payload }) },
    { says: 'closes a proposal', body: daoBodies.proposalClosed({ ...query, id, result: 2 }) },
    {
      says: 'passes a proposal',
      body: daoBodies.proposalPassed({ ...query, id, klass: 0, actionsHash: Buffer.alloc(32) }),
    },
    { says: 'changes the rules', body: daoBodies.daoSetParams({ ...query, expectedHash: rules, params: daoParams }) },
    { says: 'talks nonsense', body: beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell() },
  ];
}

const rules = packDaoParams(daoParams).hash();

function toProposal(owner: Address, epoch: number, id: number): Forgery[] {
  const cast = { nonce: 1, epoch, owner, previous: nothing, split: much };
  return [
    { says: 'votes as a member', body: daoBodies.castVote({ ...query, ...cast }) },
    { says: 'takes votes away', body: daoBodies.castVote({ ...query, ...cast, previous: much, split: nothing }) },
    { says: 'schedules', body: vaultBodies.opScheduled({ ...query, id, eta: 0, expires: 0 }) },
    { says: 'executes', body: vaultBodies.opDone({ ...query, id }) },
    { says: 'reports a failure', body: daoBodies.scheduleFailed({ ...query, id, code: 0 }) },
    { says: 'cleans up', body: daoBodies.proposalCleanup(query) },
    { says: 'talks nonsense', body: beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell() },
  ];
}

function toVault(proposal: Address, id: number): Forgery[] {
  const operation = { id, class: 0, actionsHash: Buffer.alloc(32), proposal };
  return [
    { says: 'schedules', body: vaultBodies.vaultSchedule({ ...query, ...operation }) },
    { says: 'obeys somebody else', body: vaultBodies.vaultSetGovernor({ ...query, governor: stranger }) },
    { says: 'claims the Vault', body: vaultBodies.vaultClaimGovernor(query) },
    { says: 'names a guardian', body: vaultBodies.vaultSetGuardian({ ...query, guardian: stranger, until: 0 }) },
    { says: 'changes the limits', body: vaultBodies.vaultSetLimits({ ...query, limits: vaultLimits }) },
    { says: 'changes the network', body: vaultBodies.vaultSetNetwork({ ...query, root: stranger, registrar: null }) },
    { says: 'stops the Vault', body: vaultBodies.vaultPause({ ...query, seconds: 1 }) },
    { says: 'talks nonsense', body: beginCell().storeUint(0x12345678, 32).storeUint(0, 64).endCell() },
  ];
}

/** @param by a member, or the stranger */
export function forge(scene: Scene, { how, by, target }: { how: number; by: number; target: number }): void {
  const { cast, pool } = scene;
  const made = scene.dao().nextId - 1;
  const targets = [
    ...cast.stakes,
    cast.dao,
    cast.vault,
    ...Array.from({ length: made }, (_, i) => cast.proposal(i + 1)),
  ];
  const to = targets[target % targets.length]!;
  const epoch = epochOf(pool.now);
  const forgeries = to.kind === 'vault' ? toVault(cast.proposal(1).address, made + 1) : forgeriesFor(to, epoch, made);
  const { says, body } = forgeries[how % forgeries.length]!;
  const from = members[by] ?? stranger;
  // A member may do with its own Stake what it likes.
  const mine = to.kind === 'stake' && to.number === by;
  scene.post(mine ? stranger : from, to, body, { says: `${says}, with no right to,` });
}

function forgeriesFor({ kind, number }: Contract, epoch: number, made: number): Forgery[] {
  if (kind === 'stake') return toStake(members[number]!, epoch);
  return kind === 'dao' ? toDao(members[0]!, epoch, Math.max(1, made)) : toProposal(members[0]!, epoch, number);
}
