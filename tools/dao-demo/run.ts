import { toJson } from '../../offchain/cli/dao/text';
import { openStage, type Stage } from './stage';
import { Story } from './story';

export interface Output {
  json: boolean;
  write: (text: string) => void;
  fail: (text: string) => void;
}

/** Plays a story on a chain of its own. @returns the exit code: 1 when a claim is not as told, or nothing can be told at all */
export async function tellStory(
  play: (stage: Stage, story: Story) => Promise<void>,
  { json, write, fail }: Output,
): Promise<number> {
  const story = new Story(json ? () => undefined : (line) => write(`${line}\n`));
  const began = performance.now();
  const stage = await openStage();
  const from = await stage.now();
  let failure: string | undefined;
  try {
    await play(stage, story);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (process.env.COCOON_DEBUG && error instanceof Error) fail(`${error.stack}\n`);
  }
  const days = Math.round(((await stage.now()) - from) / 86_400);
  await stage.close();
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const checks = story.chapters.flatMap(({ steps }) => steps).filter(({ found }) => found !== undefined).length;
  const ok = failure === undefined;
  if (json) write(`${toJson({ ok, ...(ok ? {} : { failure }), seconds, days, checks, chapters: story.chapters })}\n`);
  else if (ok) write(`\n${days} days of a DAO in ${seconds} s: ${checks} claims, each read from the chain.\n`);
  if (!ok) fail(`demo:dao: ${failure}\n`);
  return ok ? 0 : 1;
}
