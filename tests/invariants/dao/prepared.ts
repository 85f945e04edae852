import { daoBodies, ProposalStatus, packMeta, packTitle, vaultBodies } from '../../../wrappers';
import { type Delivery, noBody } from '../../support/message-pool';
import { DAY, deployer, guardian, guardianUntil, HOUR, members, TON } from './cast';
import type { Library } from './codes';
import { type DraftName, draftsFor } from './drafts';
import { check } from './invariants';
import { drain, FAIR, Scene } from './scene';
import type { Beside } from './shadow';

/** What everybody starts from: four members with stake that counts, one without. */
export interface Prepared {
  /** the DAO is active, no proposal has been made */
  calm: Scene;
  /** the first proposal's voting starts now */
  voting: Scene;
  /** four proposals have passed; the Vault has been given three of them */
  passing: Scene;
}

const GIVEN = [1, 2, 3];
const STAKES = [1_000n, 700n, 400n, 300n];
const query = { queryId: 0n };
const meta = packMeta({ uri: 'u', sha256: Buffer.alloc(32, 1) });

export async function prepare(library: Library, beside?: Beside): Promise<Prepared> {
  const calm = await Scene.create(library, beside);
  await found(calm);
  const voting = calm.fork();
  await propose(voting, 3, null);
  voting.pool.now += 6 * HOUR;
  const passing = calm.fork();
  await pass(passing, ['refusal', 'tooMuch', 'payment', 'rules']);
  return { calm, voting, passing };
}

/** Vault and Dao come to life, members stake, and a week later the DAO is active. */
async function found(scene: Scene): Promise<void> {
  const { cast, pool } = scene;
  const init = { governor: cast.dao.address, guardian, until: guardianUntil };
  scene.post(deployer, cast.dao, daoBodies.topUp(query), { value: TON, says: 'deploys', deploys: true });
  scene.post(deployer, cast.vault, noBody, { value: 1_000n * TON, says: 'deploys', deploys: true });
  await settle(scene);
  scene.post(deployer, cast.vault, vaultBodies.vaultInit({ ...query, ...init }), { says: 'sets up' });
  await settle(scene);
  for (const [i, tons] of STAKES.entries()) {
    const amount = tons * TON;
    const opts = { value: amount + FAIR, says: `stakes ${tons} TON`, deploys: true };
    scene.post(members[i]!, cast.stakes[i]!, daoBodies.stakeDeposit({ ...query, amount }), opts);
  }
  await settle(scene);
  pool.now += 7 * DAY;
  scene.post(members[0]!, cast.dao, daoBodies.daoActivate(query), { says: 'activates' });
  await settle(scene);
  if (!scene.dao().active) throw new Error(`the DAO is not active\n${scene.story}`);
}

async function propose(scene: Scene, member: number, draft: DraftName | null): Promise<void> {
  const actions = draft === null ? null : draftsFor(scene.cast)[draft].actions;
  const body = daoBodies.stakePropose({ ...query, title: packTitle('T'), meta, actions });
  const opts = { value: 12n * TON, says: `proposes (${draft ?? 'nothing'})` };
  scene.post(members[member]!, scene.cast.stakes[member]!, body, opts);
  await settle(scene);
}

/** Each member proposes one thing, all vote for all, and the first three are finalized. */
async function pass(scene: Scene, drafts: readonly DraftName[]): Promise<void> {
  const { cast, pool } = scene;
  for (const [member, draft] of drafts.entries()) await propose(scene, member, draft);
  pool.now += 6 * HOUR;
  for (const [member, tons] of STAKES.entries()) {
    for (const i of drafts.keys()) {
      const { address } = cast.proposal(i + 1);
      const vote = { proposal: address, epoch: scene.proposal(i + 1)!.epoch, yes: tons * TON, no: 0n, abstain: 0n };
      scene.post(members[member]!, cast.stakes[member]!, daoBodies.stakeVote({ ...query, ...vote }), { says: 'votes' });
    }
  }
  await settle(scene);
  pool.now = scene.proposal(drafts.length)!.endAt;
  for (const id of GIVEN) {
    scene.post(members[0]!, cast.proposal(id), daoBodies.proposalFinalize(query), { says: 'finalizes' });
  }
  await settle(scene);
  const queued = GIVEN.every((id) => scene.proposal(id)?.status === ProposalStatus.queued);
  if (!queued) throw new Error(`the Vault was not given the proposals\n${scene.story}`);
}

function settle(scene: Scene): Promise<void> {
  return drain(scene, (delivery: Delivery) => check(scene, delivery));
}
