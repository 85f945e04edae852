import { type Address, toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import {
  bodies,
  CocoonRoot,
  CocoonVault,
  type DaoAction,
  initialRootData,
  initialVaultData,
  ProposalStatus,
  packActions,
  parseRootData,
  reasonCell,
  vaultBodies,
} from '../../wrappers';
import { asWorld, createActiveDao, ENOUGH, givenDao, goTo, MEMBER_STAKE, vote } from '../support/dao-acts';
import { DAY, type DaoWorld, type Person, proposalOf, propose } from '../support/dao-world';
import { hashOf } from '../support/keys';
import { deliver } from '../support/rejection';
import { hex } from '../support/root-world';
import { codeOf, dataOf, mainnetParams, startEachTestFrom } from '../support/world';

describe('a proposal, from the members to the root', () => {
  let it_: DaoWorld;
  let vault: SandboxContract<CocoonVault>;
  let root: SandboxContract<CocoonRoot>;
  let guardian: Person;
  const model = 'model 1';
  const actions = (): DaoAction[] => [
    {
      to: root.address,
      value: toNano('0.3'),
      body: bodies.rootAddModelType({ queryId: 5n, hash: hashOf(model) }),
      init: null,
    },
  ];
  startEachTestFrom(async () => {
    it_ = await createActiveDao();
    guardian = await it_.chain.treasury('guardian');
    // Everybody's address is known before anybody is there: the deployer hands root and Vault over.
    const open = <T extends CocoonRoot | CocoonVault>(contract: T) => it_.chain.openContract(contract);
    const deployer = it_.members[0]!;
    const rootOf = (owner: Address) =>
      CocoonRoot.createFromConfig(initialRootData({ owner, params: mainnetParams() }), codeOf('root'));
    root = open(rootOf(deployer.address)) as SandboxContract<CocoonRoot>;
    await root.sendDeploy(deployer.getSender());
    vault = open(
      CocoonVault.createFromConfig(
        initialVaultData({ root: root.address, deployer: deployer.address }),
        codeOf('vault'),
      ),
    ) as SandboxContract<CocoonVault>;
    await vault.sendDeploy(deployer.getSender());
    const until = it_.now() + 300 * DAY;
    const init = { governor: it_.dao.address, guardian: guardian.address, until, value: toNano('5') };
    await vault.sendInit(deployer.getSender(), init);
    const handOver = bodies.rootChangeOwner({ queryId: 1n, newOwner: vault.address });
    await deliver(asWorld(it_), { from: deployer, to: root.address, value: ENOUGH, body: handOver });
    await deployer.send({ to: vault.address, value: toNano('100') });
    await givenDao(it_, { vault: vault.address, params: { ...it_.params, root: root.address } });
    return asWorld(it_);
  });
  const models = async () => parseRootData(await dataOf(asWorld(it_), root.address)).modelHashes;
  const proposal = () => proposalOf(it_, 1);
  const status = async () => (await proposal().getData()).status;
  const pass = async () => {
    await propose(it_, 0, { actions: packActions(actions()) });
    const { startAt, endAt } = await proposal().getData();
    goTo(it_, startAt);
    for (const member of [1, 2]) expect(await vote(it_, member, { yes: MEMBER_STAKE })).toBe(0);
    goTo(it_, endAt);
    await proposal().sendFinalize(it_.members[2]!.getSender(), { value: ENOUGH });
  };
  const execute = () => {
    const body = vaultBodies.vaultExecute({ queryId: 1n, id: 1, actions: packActions(actions()) });
    return deliver(asWorld(it_), { from: it_.members[2]!, to: vault.address, value: ENOUGH, body });
  };

  it('is queued by the Vault, waits for its timelock and is executed at the root, once', async () => {
    await pass();
    expect(await status()).toBe(ProposalStatus.queued);
    expect((await it_.dao.getData()).open.size).toBe(0);
    const { eta, expires } = await proposal().getData();
    expect(expires).toBeGreaterThan(eta);
    goTo(it_, eta - 1);
    await execute();
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.queued, false]);
    goTo(it_, eta);
    await execute();
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.executed, true]);
    await execute();
    expect(await status()).toBe(ProposalStatus.executed);
  });

  it('is never executed once its time is over', async () => {
    await pass();
    goTo(it_, (await proposal().getData()).expires);
    await execute();
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.queued, false]);
  });

  it('is never executed once the guardian has vetoed it', async () => {
    await pass();
    const body = vaultBodies.vaultVeto({ queryId: 1n, id: 1, reason: reasonCell('no') });
    await deliver(asWorld(it_), { from: guardian, to: vault.address, value: ENOUGH, body });
    expect(await status()).toBe(ProposalStatus.vetoed);
    goTo(it_, (await proposal().getData()).eta);
    await execute();
    expect([await status(), (await models()).has(hex(model))]).toEqual([ProposalStatus.vetoed, false]);
  });

  it('comes back from a Vault that does not take it, and is taken when it is finalized again', async () => {
    const governor = (await vault.getStorage()).governor;
    const { given } = await import('../support/vault-world');
    const world = { world: asWorld(it_), vault } as unknown as Parameters<typeof given>[0];
    await given(world, { governor: guardian.address });
    await pass();
    expect(await status()).toBe(ProposalStatus.passed);
    expect((await it_.dao.getData()).open.size).toBe(1);
    await given(world, { governor });
    await proposal().sendFinalize(it_.members[1]!.getSender(), { value: ENOUGH });
    expect(await status()).toBe(ProposalStatus.queued);
  });
});
