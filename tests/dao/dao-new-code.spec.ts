import { beginCell, type Cell } from '@ton/core';
import { graft } from '../../tools/mutation/graft';
import { daoBodies, ProposalStatus, packActions } from '../../wrappers';
import { asWorld, ENOUGH, goTo, MEMBER_STAKE } from '../support/dao-acts';
import {
  addModel,
  createDaoWithVault,
  type DaoVaultWorld,
  execute,
  givenVault,
  passByVotes,
  voteThrough,
} from '../support/dao-vault-world';
import { DAY, proposalOf, propose } from '../support/dao-world';
import { deliver } from '../support/rejection';
import { opOf, txsOf } from '../support/trace';
import { codeOf, startEachTestFrom } from '../support/world';

/** U1 and L5: a Dao with other code makes other Proposals; what is under way ends as it began. */

/** The Dao as it would be with a Proposal of other code that does the same (0x00 is NOP); its Stakes stay as they are. */
function daoOfOtherProposals(): Cell {
  const proposal = codeOf('proposal');
  const other = beginCell().storeUint(0, 8).storeSlice(proposal.beginParse()).endCell();
  return graft(codeOf('dao'), new Map([[proposal.hash().toString('hex'), other]]));
}

describe('a Dao upgraded to code with another Proposal', () => {
  let it_: DaoVaultWorld;
  const newDao = daoOfOtherProposals();
  startEachTestFrom(async () => {
    it_ = await createDaoWithVault();
    return asWorld(it_);
  });
  const upgrade = () => {
    const body = daoBodies.daoUpgrade({ queryId: 1n, fromVersion: 1, code: newDao });
    return deliver(asWorld(it_), { from: it_.treasurer.address, to: it_.dao.address, value: ENOUGH, body });
  };
  const first = () => proposalOf(it_, 1);
  const status = async () => (await first().getData()).status;
  const codeAt = async (address: ReturnType<typeof first>['address']) => {
    const { accountState } = await it_.chain.getContract(address);
    return accountState?.type === 'active' ? accountState.state.code!.hash().toString('hex') : 'none';
  };
  const finalize = () => first().sendFinalize(it_.members[2]!.getSender(), { value: ENOUGH });

  it('lets a live proposal be voted on, scheduled and executed under the code it was made with', async () => {
    await propose(it_, 0, { actions: packActions(addModel(it_)) });
    const terms = await first().getData();
    await upgrade();
    await passByVotes(it_, 1);
    await finalize();
    expect(await status()).toBe(ProposalStatus.queued);
    expect((await it_.dao.getData()).open.size).toBe(0);
    expect(await codeAt(first().address)).toBe(codeOf('proposal').hash().toString('hex'));
    const { startAt, endAt, quorum, total, approvalBps, eta } = await first().getData();
    expect({ startAt, endAt, quorum, total, approvalBps }).toEqual({
      startAt: terms.startAt,
      endAt: terms.endAt,
      quorum: terms.quorum,
      total: terms.total,
      approvalBps: terms.approvalBps,
    });
    goTo(it_, eta);
    await execute(it_, addModel(it_));
    expect(await status()).toBe(ProposalStatus.executed);
  });

  it('tells an older proposal that the Vault did not take it, and takes it up once more', async () => {
    await voteThrough(it_, addModel(it_));
    await upgrade();
    const { governor } = await it_.treasurer.getStorage();
    await givenVault(it_, { governor: it_.guardian.address });
    await finalize();
    expect(await status()).toBe(ProposalStatus.passed);
    await givenVault(it_, { governor });
    await finalize();
    expect(await status()).toBe(ProposalStatus.queued);
  });

  it('makes the next proposals with the new code, and members vote on them with the Stakes they have', async () => {
    await upgrade();
    const result = await propose(it_, 0);
    const address = txsOf(result, it_.dao.address)[0]!
      .outMessages.values()
      .flatMap(({ info, body }) => (info.type === 'internal' && opOf(body) === 'proposalInit' ? [info.dest] : []))[0]!;
    expect(address.equals(first().address)).toBe(false);
    const code = await codeAt(address);
    expect([code === 'none', code === codeOf('proposal').hash().toString('hex')]).toEqual([false, false]);
    const epoch = Math.floor(it_.now() / DAY);
    it_.advance(it_.params.votingDelay);
    const { stakes, members } = it_;
    await stakes[1]!.sendVote(members[1]!.getSender(), {
      proposal: address,
      epoch,
      yes: MEMBER_STAKE,
      no: 0n,
      abstain: 0n,
    });
    const receipt = (await stakes[1]!.getData()).votes.get(address.hash.toString('hex'));
    expect(receipt).toMatchObject({ yes: MEMBER_STAKE, pending: null });
  });
});
