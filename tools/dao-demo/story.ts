import { fromNano } from '@ton/core';
import { group } from '../../offchain/cli/format';

/** What happened, told and checked: a claim is printed only with the value that was read from the chain. */

type Value = string | number | bigint | boolean;

export interface Step {
  claim: string;
  /** as read from the chain; absent where the step only tells what is about to be done */
  found?: Value;
  ok: boolean;
}

export interface Chapter {
  title: string;
  steps: Step[];
}

/** nanoTON as people write them: "20 000 TON", "14.998639544 TON". */
export function coins(nano: bigint): string {
  const [whole = '0', fraction = ''] = fromNano(nano).split('.');
  return `${group(BigInt(whole))}${fraction === '' ? '' : `.${fraction}`} TON`;
}

function text(value: Value): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** A step that is not as the story tells it. */
export class StoryError extends Error {
  constructor(claim: string, found: Value, expected: Value | undefined) {
    super(`${claim}: ${found}${expected === undefined ? ', which is not as told' : `, and not ${expected}`}`);
    this.name = 'StoryError';
  }
}

export class Story {
  readonly chapters: Chapter[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  chapter(title: string): void {
    this.chapters.push({ title, steps: [] });
    this.#print(`\n${this.chapters.length}. ${title}`);
  }

  /** Says what somebody does. */
  tell(text: string): void {
    this.#add({ claim: text, ok: true });
    for (const line of text.split('\n')) this.#print(`   ${line}`);
  }

  /** @throws StoryError unless what was found is what the story says */
  check<T extends Value>(claim: string, found: T, expected: T, show: (value: T) => string = text): void {
    this.#judge(claim, show(found), found === expected, show(expected));
  }

  /** @throws StoryError unless it holds. @param found what it was seen by */
  holds(claim: string, ok: boolean, found: Value): void {
    this.#judge(claim, found, ok);
  }

  #judge(claim: string, found: Value, ok: boolean, expected?: Value): void {
    this.#add({ claim, found, ok });
    this.#print(`   ${ok ? '✓' : '✗'} ${claim}: ${found}`);
    if (!ok) throw new StoryError(claim, found, expected);
  }

  #add(step: Step): void {
    const chapter = this.chapters.at(-1);
    if (chapter === undefined) throw new Error('a story begins with a chapter');
    chapter.steps.push(step);
  }
}
