import type { Answer } from './fake-proxy';
import { Harness } from './harness';

/** For this folder's tests: workers that are ended after each test, and what they are asked. */

const open: Harness[] = [];

export async function started(change: Record<string, unknown> = {}): Promise<Harness> {
  const harness = await Harness.start(change);
  open.push(harness);
  return harness;
}

/** A worker that has shaken hands with its proxy and wants requests. */
export async function connected(change: Record<string, unknown> = {}): Promise<Harness> {
  const harness = await started(change);
  await harness.ready();
  return harness;
}

export async function closeHarnesses(): Promise<void> {
  for (const harness of open.splice(0)) await harness.close();
}

export const question = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

/** Usage as an engine reports it. */
export const usage = (prompt: number, completion: number) => ({ prompt_tokens: prompt, completion_tokens: completion });

export const json = (answer: Answer) => JSON.parse(answer.body.toString());
