import {
  type CocoonDao,
  CocoonProposal,
  type CocoonRegistrar,
  type CocoonRoot,
  CocoonStake,
  CocoonVault,
  type DaoAction,
  Op,
  packActions,
  packMeta,
  packTitle,
  VoteCode,
} from '@cocoon/sdk';
import { type DaoContext, readDao } from '../../offchain/cli/dao/context';
import { actionLines, describeActions } from '../../offchain/cli/dao/describe';
import { type ProposalView, readProposal } from '../../offchain/cli/dao/proposals';
import { actionsOf } from '../../offchain/cli/dao/reads';
import { stakeOf } from '../../offchain/cli/dao/status';
import { percent, when } from '../../offchain/cli/dao/text';
import { sha256 } from './hash';
import { type Answer, lastArrived, type Name, type Stage } from './stage';
import { coins, type Story } from './story';

/** What people do with a DAO, and what they read of it: the same reads as `cocoon dao`. */

/** The contracts of the DAO and of the network that it owns. */
export interface House {
  root: CocoonRoot;
  vault: CocoonVault;
  dao: CocoonDao;
  registrar: CocoonRegistrar;
}

export async function contextOf({ chain }: Stage, { dao }: House): Promise<DaoContext> {
  const [now, info] = await Promise.all([chain.time(), readDao(chain, dao.address)]);
  const quiet = { json: false, print: () => undefined, close: async () => undefined, config: () => chain.config() };
  return { chain, network: 'custom', dao: dao.address, info, manifest: undefined, now, ...quiet };
}

export async function stakeOfMember(stage: Stage, house: House, name: Name) {
  return stakeOf(await contextOf(stage, house), stage.people[name].address);
}

/** Stakes coins that come from outside the story. */
export async function deposit(stage: Stage, house: House, name: Name, amount: bigint): Promise<void> {
  const stake = await stakeOfMember(stage, house, name);
  const { status } = await stage.chain.account(stake.address);
  const init = status === 'active' ? {} : { init: stake.init! };
  const message = CocoonStake.buildDeposit(stake.address, { amount, ...init });
  await stage.give(stage.people[name].address, message.value);
  await stage.send(name, message);
}

export interface Draft {
  title: string;
  text: string;
  actions: readonly DaoAction[];
}

/** Sends stake_propose. @returns the Dao's answer (ProposeCode) and the number, 0 where there is none */
export async function propose(
  stage: Stage,
  house: House,
  by: Name,
  { title, text, actions }: Draft,
): Promise<{ code: number; id: number }> {
  const { info } = await contextOf(stage, house);
  const stake = await stakeOfMember(stage, house, by);
  const message = CocoonStake.buildPropose(stake.address, {
    title: packTitle(title),
    meta: packMeta({ uri: 'https://example.org/proposal', sha256: sha256(text) }),
    actions: packActions(actions),
    bond: info.params.bond,
  });
  await stage.send(by, message);
  const result = await lastArrived(stage, stake.address, Op.proposeResult);
  return { code: result.loadUint(8), id: result.loadUint(32) };
}

export async function viewOf(stage: Stage, house: House, id: number): Promise<ProposalView> {
  return readProposal(await contextOf(stage, house), id);
}

/** The proposal's state, as people call it. */
export async function stateOf(stage: Stage, house: House, id: number): Promise<string> {
  return (await viewOf(stage, house, id)).state;
}

/** How the Dao classed the proposal when it was made. */
export function classOf({ critical }: ProposalView): 'critical' | 'normal' {
  return critical ? 'critical' : 'normal';
}

/** Tells what the proposal would do, decoded against the chain as it is. */
export async function tellActions(stage: Stage, story: Story, house: House, id: number): Promise<void> {
  const context = await contextOf(stage, house);
  const { payload } = await readProposal(context, id);
  const lines = actionLines((await describeActions(context, payload.actions!)).actions).split('\n');
  story.tell(lines.filter((line) => !/^ *(code there now|body):/.test(line)).join('\n'));
}

/** A vote with all the weight that `get_weight_at` says, or with what the caller claims. */
export async function vote(
  stage: Stage,
  house: House,
  { by, id, choice, claimed }: { by: Name; id: number; choice: 'yes' | 'no'; claimed?: bigint },
): Promise<Answer & { counted: boolean; weight: bigint }> {
  const { address, epoch } = await viewOf(stage, house, id);
  const stake = await stakeOfMember(stage, house, by);
  const weight = await stake.getWeightAt(epoch);
  const split = { yes: 0n, no: 0n, abstain: 0n, [choice]: claimed ?? weight };
  const answer = await stage.deliver(by, CocoonStake.buildVote(stake.address, { proposal: address, epoch, ...split }));
  if (!answer.ok) return { ...answer, counted: false, weight };
  const ack = await lastArrived(stage, stake.address, Op.voteAck);
  return { ...answer, counted: ack.skip(32).loadUint(8) === VoteCode.counted, weight };
}

/** Everybody named votes; then the vote ends and somebody settles it. */
export async function decide(
  stage: Stage,
  story: Story,
  house: House,
  id: number,
  votes: Partial<Record<Name, 'yes' | 'no'>>,
): Promise<void> {
  await stage.until((await viewOf(stage, house, id)).startAt);
  for (const [name, choice] of Object.entries(votes) as [Name, 'yes' | 'no'][]) {
    const { counted, weight } = await vote(stage, house, { by: name, id, choice });
    story.holds(`${name} votes ${choice}`, counted, `counted with ${coins(weight)}`);
  }
  const { yes, no, total, quorum, endAt, approvalBps } = await viewOf(stage, house, id);
  const turnout = `${percent(yes + no, total)} of the stake voted; ${coins(yes)} for, quorum ${coins(quorum)}`;
  story.tell(`${turnout}; approval ${percent(yes, yes + no)}, needed ${approvalBps / 100} %.`);
  await stage.until(endAt);
  await stage.send('Uma', CocoonProposal.buildFinalize((await viewOf(stage, house, id)).address));
  story.check('it has passed, and anybody may settle it', await stateOf(stage, house, id), 'queued');
  const { eta } = await viewOf(stage, house, id);
  story.tell(`The Vault's timelock ends ${when(eta, await stage.now())}.`);
}

/** Anybody asks the Vault to carry the proposal out. */
export async function execute(stage: Stage, house: House, id: number): Promise<Answer> {
  const actions = actionsOf(await viewOf(stage, house, id));
  return stage.deliver('Uma', CocoonVault.buildExecute(house.vault.address, { id, actions }));
}
