import type { Address, Cell } from '@ton/core';
import { Blockchain, type SandboxContract, type TreasuryContract } from '@ton/sandbox';
import {
  CocoonDao,
  CocoonProposal,
  CocoonStake,
  type DaoParams,
  DEFAULT_DAO_PARAMS,
  initialDaoData,
  packMeta,
  packTitle,
} from '../../wrappers';
import { configAt, type Prices } from './price-sets';
import { codeOf, START } from './world';

/** A DAO with members, for tests of its Stakes, proposals and Dao. The Vault is whoever the test says: a person by default. */

export const TON = 1_000_000_000n;
export const DAY = 86_400;

export type Person = SandboxContract<TreasuryContract>;

export interface DaoWorld {
  chain: Blockchain;
  dao: SandboxContract<CocoonDao>;
  vault: Person;
  root: Person;
  members: Person[];
  stakes: SandboxContract<CocoonStake>[];
  params: DaoParams;
  now(): number;
  advance(seconds: number): void;
}

/** Small enough floors that a handful of members with a few hundred TON each can decide. */
export function testDaoParams(root: Address, over: Partial<DaoParams> = {}): DaoParams {
  return {
    ...DEFAULT_DAO_PARAMS,
    warmup: 0,
    thresholdFloor: 100n * TON,
    quorumFloor: 100n * TON,
    activationStake: 500n * TON,
    activationMembers: 3,
    root,
    ...over,
  };
}

export async function createDaoWorld(
  opts: { members?: number; params?: Partial<DaoParams>; prices?: Prices } = {},
): Promise<DaoWorld> {
  const chain = await Blockchain.create({ config: configAt(opts.prices ?? 'current') });
  chain.now = START;
  const vault = await chain.treasury('vault');
  const root = await chain.treasury('root');
  const params = testDaoParams(root.address, opts.params);
  const data = initialDaoData({ vault: vault.address, params });
  const dao = chain.openContract(CocoonDao.createFromConfig(data, codeOf('dao')));
  await dao.sendTopUp(vault.getSender());
  const members: Person[] = [];
  const stakes: SandboxContract<CocoonStake>[] = [];
  for (let i = 0; i < (opts.members ?? 3); i += 1) {
    const member = await chain.treasury(`member ${i}`);
    members.push(member);
    stakes.push(stakeOf(chain, dao.address, member.address));
  }
  const now = () => chain.now!;
  const advance = (seconds: number) => {
    chain.now = now() + seconds;
  };
  return { chain, dao, vault, root, members, stakes, params, now, advance };
}

export function stakeOf(chain: Blockchain, dao: Address, owner: Address): SandboxContract<CocoonStake> {
  return chain.openContract(CocoonStake.createFromConfig({ dao, owner }, codeOf('stake')));
}

export function proposalOf({ chain, dao }: DaoWorld, id: number): SandboxContract<CocoonProposal> {
  return chain.openContract(CocoonProposal.createFromConfig({ dao: dao.address, id }, codeOf('proposal')));
}

/** Everybody stakes so much, and the DAO becomes active. @param amounts nanoTON, one per member */
export async function activate(world: DaoWorld, amounts: readonly bigint[]): Promise<void> {
  for (const [i, amount] of amounts.entries()) {
    await world.stakes[i]!.sendDeposit(world.members[i]!.getSender(), { amount });
  }
  world.advance(7 * DAY);
  await world.dao.sendActivate(world.members[0]!.getSender());
}

export interface Draft {
  title?: string;
  actions?: Cell | null;
  value?: bigint;
}

/** Sends stake_propose for a member. */
export function propose(world: DaoWorld, member: number, draft: Draft = {}) {
  return world.stakes[member]!.sendPropose(world.members[member]!.getSender(), {
    title: packTitle(draft.title ?? 'A proposal'),
    meta: packMeta({ uri: 'https://example.org/1', sha256: Buffer.alloc(32, 1) }),
    actions: draft.actions ?? null,
    bond: world.params.bond,
    ...(draft.value === undefined ? {} : { value: draft.value }),
  });
}
