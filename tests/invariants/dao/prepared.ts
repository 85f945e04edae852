import { daoBodies, packMeta, packTitle } from '../../../wrappers';
import type { Delivery } from '../../support/message-pool';
import { DAY, HOUR, members, TON, vault } from './cast';
import type { Library } from './codes';
import { check } from './invariants';
import { drain, FAIR, Scene } from './scene';
import type { Beside } from './shadow';

/** What everybody starts from: four members with stake that counts, one without. */
export interface Prepared {
  /** the DAO is active, no proposal has been made */
  calm: Scene;
  /** the first proposal's voting starts now */
  voting: Scene;
}

const STAKES = [1_000n, 700n, 400n, 300n];
const proposing = { title: packTitle('T'), meta: packMeta({ uri: 'u', sha256: Buffer.alloc(32, 1) }), actions: null };

export async function prepare(library: Library, beside?: Beside): Promise<Prepared> {
  const calm = await Scene.create(library, beside);
  const { cast } = calm;
  calm.post(vault, cast.dao, daoBodies.topUp({ queryId: 0n }), { value: TON, says: 'deploys', deploys: true });
  await drain(calm, checked(calm));
  for (const [i, tons] of STAKES.entries()) {
    const amount = tons * TON;
    const body = daoBodies.stakeDeposit({ queryId: 0n, amount });
    const opts = { value: amount + FAIR, says: `stakes ${tons} TON`, deploys: true };
    calm.post(members[i]!, cast.stakes[i]!, body, opts);
  }
  await drain(calm, checked(calm));
  calm.pool.now += 7 * DAY;
  calm.post(members[0]!, cast.dao, daoBodies.daoActivate({ queryId: 0n }), { says: 'activates' });
  await drain(calm, checked(calm));
  const voting = calm.fork();
  const body = daoBodies.stakePropose({ queryId: 0n, ...proposing });
  voting.post(members[3]!, cast.stakes[3]!, body, { value: 11n * TON, says: 'proposes' });
  await drain(voting, checked(voting));
  voting.pool.now += 6 * HOUR;
  return { calm, voting };
}

const checked = (scene: Scene) => (delivery: Delivery) => check(scene, delivery);
