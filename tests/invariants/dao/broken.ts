import { sampled } from '../property';
import type { Library } from './codes';
import { InvariantBroken } from './invariants';
import { scenarios } from './operations';
import { play } from './play';
import { prepare } from './prepared';
import type { Beside } from './shadow';

/** How many histories a mistake may hide in. */
const MOST = 300;

/**
 * Plays histories until one is found in which something does not hold.
 * @returns what, without the story; undefined: nothing in any of them
 */
export async function firstBroken(library: Library, beside?: Beside): Promise<string | undefined> {
  try {
    const prepared = await prepare(library, beside);
    for (const scenario of sampled(scenarios(), MOST)) await play(prepared, scenario);
  } catch (error) {
    if (error instanceof InvariantBroken) return error.message.split('\n')[0];
    throw error;
  }
  return undefined;
}
