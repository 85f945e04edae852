import { type Address, Cell } from '@ton/core';
import { Blockchain, type SandboxContract, type TreasuryContract } from '@ton/sandbox';
import { chainConfig } from '../../offchain/localnet/config';
import { contractCode } from '../../sdk/generated/code';
import { MAINNET_TERMS } from '../../sdk/networks';
import {
  CocoonDao,
  CocoonProposal,
  CocoonRegistrar,
  CocoonRoot,
  CocoonStake,
  CocoonVault,
  type DaoAction,
  DEFAULT_DAO_PARAMS,
  initialDaoData,
  initialRegistrarData,
  initialRootData,
  initialVaultData,
  type OutgoingMessage,
  packActions,
  packMeta,
  packTitle,
  packVaultData,
  stateInitAddress,
} from '../../wrappers';

/** The stage of the demo: a chain in this process, with the real code of every contract and a clock that can be moved. */

export const TON = 1_000_000_000n;
export const DAY = 86_400;
export const MEMBERS = ['Ada', 'Bo', 'Cleo', 'Dima', 'Esi'] as const;
/** nanoTON each */
const STAKE = 30_000n * TON;
/** 2026-06-01 09:00 UTC */
const START = 1_780_304_400;

export type Person = SandboxContract<TreasuryContract>;

export const codeOf = (name: keyof typeof contractCode): Cell => Cell.fromBase64(contractCode[name].boc);

export interface Stage {
  chain: Blockchain;
  root: SandboxContract<CocoonRoot>;
  vault: SandboxContract<CocoonVault>;
  dao: SandboxContract<CocoonDao>;
  registrar: SandboxContract<CocoonRegistrar>;
  people: Record<'team' | 'guardian' | 'attacker' | 'operator' | (typeof MEMBERS)[number], Person>;
  advance(days: number): void;
}

/** Root of the team, Vault, Dao and registrar, all deployed and set up; the root is not handed over yet. */
export async function buildStage(): Promise<Stage> {
  const chain = await Blockchain.create({ config: chainConfig('current') });
  chain.now = START;
  const entries: [string, Person][] = [];
  for (const name of ['team', 'guardian', 'attacker', 'operator', ...MEMBERS]) {
    entries.push([name, await chain.treasury(name, { balance: 1_000_000n * TON })]);
  }
  const people = Object.fromEntries(entries) as Stage['people'];
  const { team } = people;
  const params = {
    ...{ structVersion: 3 as const, paramsVersion: 1, ...MAINNET_TERMS, isTest: true },
    ...{ proxyCode: codeOf('proxy'), workerCode: codeOf('worker'), clientCode: codeOf('client') },
  };
  const rootData = initialRootData({ owner: team.address, params });
  const root = chain.openContract(CocoonRoot.createFromConfig(rootData, codeOf('root')));
  await root.sendDeploy(team.getSender());

  const vaultData = initialVaultData({ root: root.address, deployer: team.address });
  const vaultInit = { code: codeOf('vault'), data: packVaultData(vaultData) };
  const vault = chain.openContract(new CocoonVault(stateInitAddress(vaultInit), vaultInit));
  const daoData = initialDaoData({ vault: vault.address, params: { ...DEFAULT_DAO_PARAMS, root: root.address } });
  const dao = chain.openContract(CocoonDao.createFromConfig(daoData, codeOf('dao')));
  const registrarData = initialRegistrarData({ vault: vault.address });
  const registrar = chain.openContract(CocoonRegistrar.createFromConfig(registrarData, codeOf('registrar')));
  await send(team, CocoonVault.buildDeploy(vaultInit));
  await dao.sendTopUp(team.getSender());
  await registrar.sendTopUp(team.getSender());
  const until = START + 540 * DAY;
  const init = { governor: dao.address, guardian: people.guardian.address, until };
  await send(team, CocoonVault.buildInit(vault.address, init));
  const advance = (days: number) => {
    chain.now = chain.now! + days * DAY;
  };
  return { chain, root, vault, dao, registrar, people, advance };
}

/** What a builder made, from a person's wallet. */
export function send(from: Person, message: OutgoingMessage) {
  return from.send({ ...message, bounce: true });
}

export function stakeOf({ chain, dao }: Stage, owner: Address): SandboxContract<CocoonStake> {
  return chain.openContract(CocoonStake.createFromConfig({ dao: dao.address, owner }, codeOf('stake')));
}

export async function stakeAll(stage: Stage): Promise<void> {
  for (const name of MEMBERS) {
    const member = stage.people[name];
    await stakeOf(stage, member.address).sendDeposit(member.getSender(), { amount: STAKE });
  }
}

/** @returns the proposal, which must exist by then */
export async function propose(
  stage: Stage,
  who: Person,
  title: string,
  actions: readonly DaoAction[],
): Promise<SandboxContract<CocoonProposal>> {
  const { nextId } = await stage.dao.getData();
  await stakeOf(stage, who.address).sendPropose(who.getSender(), {
    title: packTitle(title),
    meta: packMeta({ uri: '', sha256: Buffer.alloc(32) }),
    actions: packActions(actions),
    bond: DEFAULT_DAO_PARAMS.bond,
  });
  const address = await stage.dao.getProposalAddress(nextId);
  const proposal = stage.chain.openContract(CocoonProposal.createFromAddress(address));
  if ((await proposal.getData()).status !== 1) throw new Error(`there is no proposal ${nextId}`);
  return proposal;
}

/** Everybody named votes with all they have. */
export async function vote(
  stage: Stage,
  proposal: SandboxContract<CocoonProposal>,
  votes: Partial<Record<(typeof MEMBERS)[number], 'yes' | 'no' | 'abstain'>>,
): Promise<void> {
  const { epoch } = await proposal.getData();
  for (const [name, choice] of Object.entries(votes) as [(typeof MEMBERS)[number], 'yes' | 'no' | 'abstain'][]) {
    const member = stage.people[name];
    const stake = stakeOf(stage, member.address);
    const split = { yes: 0n, no: 0n, abstain: 0n, [choice]: await stake.getWeightAt(epoch) };
    await stake.sendVote(member.getSender(), { proposal: proposal.address, epoch, ...split });
  }
}
