import { toNano } from '@ton/core';
import type { Delivery } from '../support/message-pool';
import { noBody } from '../support/message-pool';
import { contracts, proxy, root } from './cast';
import { check } from './invariants';
import { record } from './observer';
import type { Scenario } from './operations';
import { perform, post } from './perform';
import { Scene } from './scene';
import { Tally } from './tally';

/** Plays scenarios: operations and deliveries in the order that the scenario says, with every check after every delivery. */

export interface PlayOptions {
  keyIsHonest: boolean;
  /** only to count what happens; default true */
  checked?: boolean;
}

export async function play(scenario: Scenario, { keyIsHonest, checked = true }: PlayOptions): Promise<Scene> {
  const scene = await Scene.create(scenario.prices, keyIsHonest);
  post(scene, { from: root.owner, to: root, coins: toNano('0.1'), says: 'deploys', body: noBody });
  for (const contract of contracts) {
    const there = scenario.deployed === 'all' || (scenario.deployed === 'proxy' && contract === proxy);
    if (!there || contract === root) continue;
    post(scene, { from: contract.owner, to: contract, coins: scenario.start, says: 'deploys', body: noBody });
  }
  await drain(scene, checked);
  for (const { operation, deliver } of scenario.steps) {
    perform(scene, operation);
    for (const pick of deliver) await deliverOne(scene, pick, checked);
  }
  await drain(scene, checked);
  return scene;
}

/** One second passes, one message arrives. */
export async function deliverOne(scene: Scene, pick: number, checked: boolean): Promise<Delivery | undefined> {
  scene.pool.now += 1;
  const delivery = await scene.pool.deliver(pick);
  if (delivery === undefined) return undefined;
  scene.story.delivery(delivery);
  scene.tally.add(delivery);
  record(scene.ledger, delivery);
  if (checked) check(scene, delivery);
  return delivery;
}

/** Delivers until nothing is on its way, a message from another channel each time. */
export async function drain(scene: Scene, checked = true): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (let pick = 0; scene.pool.size > 0; pick += 7) deliveries.push((await deliverOne(scene, pick, checked))!);
  if (checked) check(scene, undefined);
  return deliveries;
}

/** Plays without a check, to see what the scenarios of a property consist of. */
export async function census(scenarios: readonly Scenario[], keyIsHonest: boolean): Promise<Tally> {
  const tally = new Tally();
  for (const scenario of scenarios) tally.merge((await play(scenario, { keyIsHonest, checked: false })).tally);
  return tally;
}
