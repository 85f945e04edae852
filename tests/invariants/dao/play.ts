import { exitCodeName } from '../../../wrappers';
import type { Delivery } from '../../support/message-pool';
import { comeToRest, everybodyLeaves } from './endings';
import { check } from './invariants';
import { choiceOf, type Scenario } from './operations';
import { perform } from './perform';
import type { Prepared } from './prepared';
import { said } from './said';
import type { Scene } from './scene';

/** Plays scenarios: operations and deliveries in the order that the scenario says, with every check after every delivery. */

/** How much was really tried: transactions of contracts, by what was asked and how it ended. */
export class Census {
  transactions = 0;
  histories = 0;
  readonly outcomes = new Map<string, number>();

  add({ tx, message, ok, exitCode, dataBefore }: Delivery): void {
    const refused = tx === undefined && !ok;
    if (tx === undefined && !refused) return;
    this.transactions += 1;
    const op = `${message.info.bounced ? 'bounce of ' : ''}${said(message).op ?? 'nonsense'}`;
    const failed = dataBefore === undefined ? 'no contract' : (exitCodeName(exitCode ?? 0) ?? `${exitCode}`);
    const key = `${op}: ${ok ? 'ok' : refused ? 'turned back' : failed}`;
    this.outcomes.set(key, this.of(key) + 1);
  }

  of(key: string): number {
    return this.outcomes.get(key) ?? 0;
  }
}

export async function play(prepared: Prepared, scenario: Scenario, census = new Census()): Promise<Scene> {
  const scene = prepared[scenario.from].fork();
  census.histories += 1;
  scene.setLags(scenario.lags);
  scene.pool.now += scenario.start;
  for (const { operation, deliver } of scenario.steps) {
    perform(scene, operation);
    for (const number of deliver) await deliverOne(scene, number, census);
  }
  let random = scenario.tail;
  for (let left = LONGEST_TAIL; left > 0 && scene.pool.size > 0; left -= 1) {
    random = (random * 25_173 + 13_849) % 65_536;
    await deliverOne(scene, random, census);
  }
  const each = (delivery: Delivery) => {
    census.add(delivery);
    check(scene, delivery);
  };
  await comeToRest(scene, each);
  if (scenario.leave) await everybodyLeaves(scene, each);
  return scene;
}

const LONGEST_TAIL = 60;

async function deliverOne(scene: Scene, number: number, census: Census): Promise<void> {
  const { seconds, ...choice } = choiceOf(number);
  scene.pool.now += seconds;
  const delivery = await scene.deliver(choice);
  if (delivery === undefined) return;
  census.add(delivery);
  check(scene, delivery);
}
