import { ProposalStatus, parseRootData, reasonCell, vaultBodies } from '../../wrappers';
import { asWorld, ENOUGH, goTo } from '../support/dao-acts';
import {
  addModel,
  createDaoWithVault,
  type DaoVaultWorld,
  execute,
  givenVault,
  voteThrough,
} from '../support/dao-vault-world';
import { proposalOf } from '../support/dao-world';
import { deliver } from '../support/rejection';
import { hex } from '../support/root-world';
import { dataOf, startEachTestFrom } from '../support/world';

describe('a proposal, from the members to the root', () => {
  let it_: DaoVaultWorld;
  const model = 'model 1';
  const actions = () => addModel(it_, model);
  startEachTestFrom(async () => {
    it_ = await createDaoWithVault();
    return asWorld(it_);
  });
  const models = async () => parseRootData(await dataOf(asWorld(it_), it_.network.address)).modelHashes;
  const proposal = () => proposalOf(it_, 1);
  const status = async () => (await proposal().getData()).status;
  const pass = async () => {
    await voteThrough(it_, actions());
    await proposal().sendFinalize(it_.members[2]!.getSender(), { value: ENOUGH });
  };

  it('is queued by the Vault, waits for its timelock and is executed at the root, once', async () => {
    await pass();
    expect(await status()).toBe(ProposalStatus.queued);
    expect((await it_.dao.getData()).open.size).toBe(0);
    const { eta, expires } = await proposal().getData();
    expect(expires).toBeGreaterThan(eta);
    goTo(it_, eta - 1);
    await execute(it_, actions());
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.queued, false]);
    goTo(it_, eta);
    await execute(it_, actions());
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.executed, true]);
    await execute(it_, actions());
    expect(await status()).toBe(ProposalStatus.executed);
  });

  it('is never executed once its time is over', async () => {
    await pass();
    goTo(it_, (await proposal().getData()).expires);
    await execute(it_, actions());
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.queued, false]);
  });

  it('is never executed once the guardian has vetoed it', async () => {
    await pass();
    const body = vaultBodies.vaultVeto({ queryId: 1n, id: 1, reason: reasonCell('no') });
    await deliver(asWorld(it_), { from: it_.guardian, to: it_.treasurer.address, value: ENOUGH, body });
    expect(await status()).toBe(ProposalStatus.vetoed);
    goTo(it_, (await proposal().getData()).eta);
    await execute(it_, actions());
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.vetoed, false]);
  });

  it('comes back from a Vault that does not take it, and is taken when it is finalized again', async () => {
    const { governor } = await it_.treasurer.getStorage();
    await givenVault(it_, { governor: it_.guardian.address });
    await pass();
    expect(await status()).toBe(ProposalStatus.passed);
    expect((await it_.dao.getData()).open.size).toBe(1);
    await givenVault(it_, { governor });
    await proposal().sendFinalize(it_.members[1]!.getSender(), { value: ENOUGH });
    expect(await status()).toBe(ProposalStatus.queued);
  });
});
