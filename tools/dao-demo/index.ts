import { parseArgs } from 'node:util';
import { toJson } from '../../offchain/cli/dao/text';
import { verifyDao } from '../../offchain/cli/dao/verify';
import { contextOf, type House } from './dao';
import { deployHouse, joinAndActivate } from './founding';
import { handOver } from './handover';
import { permissionlessProxy } from './listing';
import { maliciousImage } from './malicious';
import { ordinaryDecision } from './normal';
import { openStage, type Stage } from './stage';
import { Story, StoryError } from './story';

/**
 * `npm run demo:dao`: the life of the DAO on a local chain, from the first stake to a veto, in seconds. Every number is
 * read from the chain and checked; the exit code is 1 when one is not as told.
 */

const HELP = `npm run demo:dao [-- --json]

Plays the DAO's life on a local chain in this process: no network, no GPU, no money. About half a minute.
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
  story.chapter('What anybody can verify from the chain');
  const context = await contextOf(stage, house);
  let document = '';
  await verifyDao({ ...context, json: true, print: (text) => (document += text) });
  const { checks } = JSON.parse(document) as { checks: { name: string; ok: boolean; detail: string }[] };
  for (const { name, ok, detail } of checks) story.holds(name, ok, detail);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return void process.stdout.write(HELP);
  const story = new Story(values.json ? () => undefined : (line) => process.stdout.write(`${line}\n`));
  const began = performance.now();
  const stage = await openStage();
  const from = await stage.now();
  let failure: string | undefined;
  try {
    await play(stage, story);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (!(error instanceof StoryError) && process.env.COCOON_DEBUG) process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const days = Math.round(((await stage.now()) - from) / 86_400);
  await stage.close();
  const checks = story.chapters.flatMap(({ steps }) => steps).filter(({ found }) => found !== undefined).length;
  if (values.json) {
    const outcome = { ok: failure === undefined, ...(failure === undefined ? {} : { failure }) };
    process.stdout.write(`${toJson({ ...outcome, seconds, days, checks, chapters: story.chapters })}\n`);
    return;
  }
  if (failure === undefined) {
    process.stdout.write(`\n${days} days of a DAO in ${seconds} s: ${checks} claims, each read from the chain.\n`);
  } else {
    process.stderr.write(`demo:dao: ${failure}\n`);
  }
}

void main();
