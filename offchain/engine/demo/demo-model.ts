import type { EngineClock } from '../clock';
import { EngineError } from '../errors';
import type {
  FinishReason,
  GeneratedToken,
  Generation,
  GenerationRequest,
  ReasoningEffort,
  TextEngine,
} from '../text-engine';
import { answerSentences, thoughtSentences, topicsOf } from './grammar';
import { PrefixCache } from './prefix-cache';
import { below, seededRandom } from './random';
import { tokenize } from './tokenizer';

const THOUGHTS: Record<ReasoningEffort, number> = { minimal: 1, low: 2, medium: 4, high: 8 };
const CACHE = { maxBlocks: 65_536, ttlMs: 10 * 60_000 };
/** After so many tokens without a pause others get their turn, however fast this engine is set. */
const TURN = 32;

export interface DemoModelOptions {
  model: string;
  seed: number;
  tokensPerSecond: number;
  maxModelLen: number;
  clock: EngineClock;
}

/** Writes readable sentences around the words of the question, at a steady pace, and says first that it is a demo. */
export class DemoModel implements TextEngine {
  readonly ownedBy = 'cocoon-demo';
  readonly model: string;
  readonly maxModelLen: number;
  readonly #options: DemoModelOptions;
  readonly #cache: PrefixCache;

  constructor(options: DemoModelOptions) {
    this.#options = options;
    this.model = options.model;
    this.maxModelLen = options.maxModelLen;
    this.#cache = new PrefixCache({ ...CACHE, nowMs: options.clock.nowMs });
  }

  prepare(request: GenerationRequest): Promise<Generation> {
    const tokens = promptTokens(request);
    const room = this.maxModelLen - tokens.length;
    if (room < (request.maxTokens ?? 1)) {
      const wanted = request.maxTokens === undefined ? '' : ` and ${request.maxTokens} of the answer`;
      return Promise.reject(
        new EngineError(
          `This model takes at most ${this.maxModelLen} tokens, and the request has ${tokens.length} of the prompt${wanted}. Shorten it.`,
          { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' },
        ),
      );
    }
    const limit = Math.min(request.maxTokens ?? room, room);
    const cachedTokens = this.#cache.use(tokens);
    return Promise.resolve({
      promptTokens: tokens.length,
      cachedTokens,
      tokens: (signal: AbortSignal) => this.#paced(this.#generate(request, tokens, limit), signal),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  *#generate(
    request: GenerationRequest,
    prompt: readonly string[],
    limit: number,
  ): Generator<GeneratedToken, FinishReason, undefined> {
    const random = seededRandom(this.#options.seed, this.model, request.seed ?? 0, request.reasoning ?? '', ...prompt);
    const topics = topicsOf(question(request));
    let left = limit;
    if (request.reasoning !== undefined) {
      for (const thought of first(THOUGHTS[request.reasoning], thoughtSentences(topics, random))) {
        for (const text of tokenize(thought)) {
          if (left-- <= 0) return 'length';
          yield { text, kind: 'reasoning' };
        }
      }
    }
    const wanted = request.ignoreEos ? Number.POSITIVE_INFINITY : 5 + below(random, 4);
    for (const sentence of first(wanted, answerSentences(topics, random))) {
      for (const text of tokenize(sentence)) {
        if (left-- <= 0) return 'length';
        yield { text, kind: 'answer' };
      }
    }
    return 'stop';
  }

  /** Token number n is due n / rate after the start, so that a late timer does not slow the whole answer down. */
  async *#paced(
    tokens: Generator<GeneratedToken, FinishReason, undefined>,
    signal: AbortSignal,
  ): AsyncGenerator<GeneratedToken, FinishReason, undefined> {
    const { clock, tokensPerSecond } = this.#options;
    const startMs = clock.nowMs();
    let count = 0;
    for (;;) {
      const next = tokens.next();
      if (next.done) return next.value;
      count++;
      const waitMs = startMs + (count * 1000) / tokensPerSecond - clock.nowMs();
      if (waitMs >= 1) await clock.sleep(waitMs, signal);
      else if (count % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      yield next.value;
    }
  }
}

function* first<T>(count: number, items: Iterable<T>): Generator<T, void, undefined> {
  let taken = 0;
  for (const item of items) {
    if (taken++ >= count) return;
    yield item;
  }
}

/** The prompt as this engine's chat template has it: one token for each role and each end of a message. */
function promptTokens({ prompt }: GenerationRequest): string[] {
  if (prompt.kind === 'text') return tokenize(prompt.text);
  const tokens = prompt.messages.flatMap(({ role, content }) => [`<|${role}|>`, ...tokenize(content), '<|end|>']);
  return [...tokens, '<|assistant|>'];
}

function question({ prompt }: GenerationRequest): string {
  if (prompt.kind === 'text') return prompt.text;
  return (prompt.messages.findLast(({ role }) => role === 'user') ?? prompt.messages.at(-1))?.content ?? '';
}
