import { toNano } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import {
  bodies,
  CocoonRoot,
  CocoonVault,
  type DaoAction,
  initialRootData,
  initialVaultData,
  packActions,
  packVaultData,
  type VaultData,
  vaultBodies,
} from '../../wrappers';
import { asWorld, createActiveDao, ENOUGH, givenDao, goTo, MEMBER_STAKE, vote } from './dao-acts';
import { DAY, type DaoWorld, type Person, proposalOf, propose } from './dao-world';
import { hashOf } from './keys';
import { deliver } from './rejection';
import { codeOf, mainnetParams, overwriteData } from './world';

/** An active DAO with its real Vault, which owns a real root. `treasurer` is the Vault; `vault`, a person, has no say here. */
export interface DaoVaultWorld extends DaoWorld {
  treasurer: SandboxContract<CocoonVault>;
  network: SandboxContract<CocoonRoot>;
  guardian: Person;
}

export async function createDaoWithVault(opts: Parameters<typeof createActiveDao>[0] = {}): Promise<DaoVaultWorld> {
  const it = await createActiveDao(opts);
  const guardian = await it.chain.treasury('guardian');
  // Everybody's address is known before anybody is there: the deployer hands root and Vault over.
  const deployer = it.members[0]!;
  const rootData = initialRootData({ owner: deployer.address, params: mainnetParams() });
  const network = it.chain.openContract(CocoonRoot.createFromConfig(rootData, codeOf('root')));
  await network.sendDeploy(deployer.getSender());
  const vaultData = initialVaultData({ root: network.address, deployer: deployer.address });
  const treasurer = it.chain.openContract(CocoonVault.createFromConfig(vaultData, codeOf('vault')));
  await treasurer.sendDeploy(deployer.getSender());
  const until = it.now() + 300 * DAY;
  const init = { governor: it.dao.address, guardian: guardian.address, until, value: toNano('20') };
  await treasurer.sendInit(deployer.getSender(), init);
  const body = bodies.rootChangeOwner({ queryId: 1n, newOwner: treasurer.address });
  await deliver(asWorld(it), { from: deployer, to: network.address, value: toNano('20'), body });
  await deployer.send({ to: treasurer.address, value: toNano('100') });
  await givenDao(it, { vault: treasurer.address, params: { ...it.params, root: network.address } });
  return { ...it, treasurer, network, guardian };
}

/** Rewrites some fields of the Vault's data. */
export async function givenVault(it: DaoVaultWorld, change: Partial<VaultData>): Promise<void> {
  const data = packVaultData({ ...(await it.treasurer.getStorage()), ...change });
  await overwriteData(asWorld(it), it.treasurer.address, data);
}

/** A list of one normal action: the root allows a model. */
export function addModel(it: DaoVaultWorld, model = 'model 1'): DaoAction[] {
  const body = bodies.rootAddModelType({ queryId: 5n, hash: hashOf(model) });
  return [{ to: it.network.address, value: toNano('0.3'), body, init: null }];
}

/** Proposes, has it pass by votes, and stops at its end: whoever wants may finalize. */
export async function voteThrough(it: DaoVaultWorld, actions: DaoAction[], id = 1): Promise<void> {
  await propose(it, 0, { actions: packActions(actions) });
  await passByVotes(it, id);
}

/** Members 1 and 2 vote yes; the clock then stands at the proposal's end. */
export async function passByVotes(it: DaoVaultWorld, id: number): Promise<void> {
  const { startAt, endAt } = await proposalOf(it, id).getData();
  goTo(it, startAt);
  for (const member of [1, 2]) {
    const code = await vote(it, member, { yes: MEMBER_STAKE }, id);
    if (code !== 0) throw new Error(`member ${member} could not vote: ${code}`);
  }
  goTo(it, endAt);
}

export function execute(it: DaoVaultWorld, actions: DaoAction[], id = 1) {
  const body = vaultBodies.vaultExecute({ queryId: 1n, id, actions: packActions(actions) });
  return deliver(asWorld(it), { from: it.members[2]!, to: it.treasurer.address, value: ENOUGH, body });
}
