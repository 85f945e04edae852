import { parseArgs } from 'node:util';
import { verifyDao } from '../../offchain/cli/dao/verify';
import { contextOf, type House } from './dao';
import { deployHouse, joinAndActivate } from './founding';
import { handOver } from './handover';
import { permissionlessProxy } from './listing';
import { maliciousImage } from './malicious';
import { ordinaryDecision } from './normal';
import { tellStory } from './run';
import type { Stage } from './stage';
import type { Story } from './story';

/**
 * `npm run demo:dao`: the life of the DAO on a local chain, from the first stake to a veto, in seconds. Every number is
 * read from the chain and checked; the exit code is 1 when one is not as told.
 */

const HELP = `npm run demo:dao [-- --json]

Plays the DAO's life on a local chain in this process: no network, no GPU, no money. Some ten seconds.
  --json   one JSON document on standard output instead of the story
`;

async function play(stage: Stage, story: Story): Promise<void> {
  const house = await deployHouse(stage, story);
  await joinAndActivate(stage, story, house);
  await handOver(stage, story, house);
  await ordinaryDecision(stage, story, house);
  await maliciousImage(stage, story, house);
  await permissionlessProxy(stage, story, house);
  await proof(stage, story, house);
}

/** What `cocoon dao verify` says in the end. */
async function proof(stage: Stage, story: Story, house: House): Promise<void> {
  story.chapter('What anybody can prove from the chain afterwards');
  const context = await contextOf(stage, house);
  let document = '';
  await verifyDao({ ...context, json: true, print: (text) => (document += text) });
  const { checks } = JSON.parse(document) as { checks: { name: string; ok: boolean; detail: string }[] };
  for (const { name, ok, detail } of checks) if (!ok) story.holds(name, ok, detail);
  story.check('checks of `cocoon dao verify` that hold', checks.filter(({ ok }) => ok).length, checks.length);
}

async function main(): Promise<void> {
  let flags: { json?: boolean; help?: boolean };
  try {
    flags = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    process.stderr.write(`demo:dao: ${(error as Error).message}\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }
  if (flags.help) {
    process.stdout.write(HELP);
    return;
  }
  process.exitCode = await tellStory(play, {
    json: flags.json ?? false,
    write: (text) => process.stdout.write(text),
    fail: (text) => process.stderr.write(text),
  });
}

void main();
