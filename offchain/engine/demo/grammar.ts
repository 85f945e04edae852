import { below } from './random';

/** The first words of every answer: nobody shall take this for a language model. */
export const INTRODUCTION = 'This is the Cocoon demo engine, not a real model.';

const STOP_WORDS = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its just may me more most my need ' +
    'no not of on one or our out please shall she should so some such than that the their them then there these they this those to too up us use very was we ' +
    'were what when where which while who whom whose why will with would yes you your about explain tell describe write give make mean means between'
  ).split(' '),
);
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu;
const MAX_TOPICS = 8;
const MAX_TOPIC_LENGTH = 24;

/** The words of a question that carry its subject, in order, each once. */
export function topicsOf(text: string): string[] {
  const topics = new Map<string, string>();
  for (const [word] of text.matchAll(WORD)) {
    const key = word.toLowerCase();
    if (STOP_WORDS.has(key) || [...word].length < 3 || topics.has(key)) continue;
    topics.set(key, [...word].slice(0, MAX_TOPIC_LENGTH).join(''));
    if (topics.size === MAX_TOPICS) break;
  }
  return [...topics.values()];
}

type Slots = { a: string; b: string; c: string };

const OPENINGS: readonly ((slots: Slots) => string)[] = [
  ({ a, b }) => `You asked about ${a} and ${b}, so here is a text that keeps to those words.`,
  ({ a, b }) => `Your question turns on ${a} and ${b}, and a real engine would answer it in earnest.`,
  ({ a, b }) => `Between ${a} and ${b} there is much to say, and none of it is known to this demo.`,
  ({ a }) => `The word ${a} stood out in your question, so let us stay with it for a moment.`,
];

const SENTENCES: readonly ((slots: Slots) => string)[] = [
  ({ a, b }) => `A language model would now explain how ${a} relates to ${b}.`,
  ({ a }) => `To learn about ${a}, point the worker at a real engine by changing one address.`,
  ({ a }) => `Each token of this sentence about ${a} is counted as it leaves the engine.`,
  ({ b }) => `What you read about ${b} travelled from a worker through a proxy to your client.`,
  ({ a, c }) => `Whoever reads ${a} here could as well have read ${c}: the words are yours, only their order is mine.`,
  ({ c }) => `If ${c} is what matters to you, ask again with a model behind the worker.`,
  ({ a, b, c }) => `First comes ${a}, then ${b}, and somewhere behind them ${c}.`,
  ({ b }) => `The same question with the same seed gives the same words on ${b}, on every machine.`,
  ({ a }) => `Nothing here was learned, so please do not quote this demo on ${a}.`,
  ({ b, c }) => `People who care about ${b} often ask about ${c} next.`,
  ({ c }) => `The price of an answer on ${c} is the number of its tokens times what the network charges for one.`,
  ({ a, b }) => `It is a fair question whether ${a} needs ${b}, and a demo cannot settle it.`,
  ({ a }) => `Stop this answer whenever you like: what was not generated about ${a} is not paid for.`,
  ({ b }) => `A longer question about ${b} would have cost a little more to read.`,
];

const THOUGHTS: readonly ((slots: Slots) => string)[] = [
  ({ a }) => `The question mentions ${a}.`,
  ({ b }) => `It also touches ${b}.`,
  ({ c }) => `Perhaps ${c} should come up as well.`,
  ({ a, b }) => `I will put ${a} before ${b}.`,
  () => 'A demo has no knowledge, so plain words must do.',
  ({ c }) => `One sentence may end with ${c}.`,
];

/** The answer, sentence by sentence, without end; the caller decides how many it wants. */
export function* answerSentences(topics: readonly string[], random: () => number): Generator<string, void, undefined> {
  yield INTRODUCTION;
  yield ` ${pick(OPENINGS, random)(slots(topics, random))}`;
  yield* endless(SENTENCES, topics, random, ' ');
}

export function* thoughtSentences(topics: readonly string[], random: () => number): Generator<string, void, undefined> {
  yield pick(THOUGHTS, random)(slots(topics, random));
  yield* endless(THOUGHTS, topics, random, ' ');
}

function* endless(
  templates: readonly ((slots: Slots) => string)[],
  topics: readonly string[],
  random: () => number,
  before: string,
): Generator<string, void, undefined> {
  let unused = [...templates];
  for (;;) {
    // Every template once before any comes again.
    if (unused.length === 0) unused = [...templates];
    const [template] = unused.splice(below(random, unused.length), 1);
    if (template !== undefined) yield before + template(slots(topics, random));
  }
}

function slots(topics: readonly string[], random: () => number): Slots {
  const left = topics.length === 0 ? ['your question'] : [...topics];
  const take = (fallback: string) => left.splice(below(random, left.length), 1)[0] ?? fallback;
  return { a: take('your question'), b: take('the question itself'), c: take('something else') };
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[below(random, list.length)] as T;
}
