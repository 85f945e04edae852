import { EngineError } from '../errors';
import type { FinishReason, GeneratedToken, Generation, GenerationRequest, TextEngine } from '../text-engine';
import type { ChatWrapper, HistoryItem, LlamaModel, LlamaSequence, Token } from './bindings';
import { SequencePool } from './sequence-pool';

const DEFAULT_TEMPERATURE = 0.8;
/** A character has at most four bytes, and so at most four byte tokens. */
const MAX_CHARACTER_TOKENS = 4;
const REPLACEMENT = '\ufffd';

export interface LlamaTextOptions {
  model: string;
  seed: number;
  maxModelLen: number;
  llamaModel: LlamaModel;
  wrapper: ChatWrapper;
  sequences: readonly LlamaSequence[];
  /** Releases model and context. */
  dispose: () => Promise<void>;
}

/** A GGUF model run by llama.cpp. Counts and cached tokens are the model's own. */
export class LlamaTextEngine implements TextEngine {
  readonly ownedBy = 'cocoon-llama';
  readonly model: string;
  readonly maxModelLen: number;
  readonly #options: LlamaTextOptions;
  readonly #pool: SequencePool;

  constructor(options: LlamaTextOptions) {
    this.#options = options;
    this.model = options.model;
    this.maxModelLen = options.maxModelLen;
    this.#pool = new SequencePool(options.sequences);
  }

  async prepare(request: GenerationRequest): Promise<Generation> {
    const prompt = this.#promptTokens(request);
    const room = this.maxModelLen - prompt.length;
    if (room < (request.maxTokens ?? 1)) {
      throw new EngineError(
        `This model takes at most ${this.maxModelLen} tokens; the prompt has ${prompt.length} and the answer may have ${request.maxTokens ?? 1}. Shorten one of them.`,
        { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' },
      );
    }
    const generation = {
      promptTokens: prompt.length,
      // Known once a sequence has been found; usage is read after that.
      cachedTokens: 0,
      tokens: (signal: AbortSignal) =>
        this.#generate(request, prompt, Math.min(request.maxTokens ?? room, room), signal, (cached) => {
          generation.cachedTokens = cached;
        }),
    };
    return generation;
  }

  close(): Promise<void> {
    return this.#options.dispose();
  }

  async *#generate(
    request: GenerationRequest,
    prompt: Token[],
    limit: number,
    signal: AbortSignal,
    onCached: (tokens: number) => void,
  ): AsyncGenerator<GeneratedToken, FinishReason, undefined> {
    const sequence = await this.#pool.acquire(prompt, signal);
    try {
      // All but the last: something has to be computed to have something to continue from.
      await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
      onCached(sequence.nextTokenIndex);
      const decoder = new Decoder(this.#options.llamaModel, prompt);
      let left = limit;
      const evaluation = sequence.evaluate(prompt.slice(sequence.nextTokenIndex), {
        temperature: request.temperature ?? DEFAULT_TEMPERATURE,
        ...(request.topP === undefined ? {} : { topP: request.topP }),
        seed: request.seed ?? this.#options.seed,
        yieldEogToken: true,
      });
      for await (const token of evaluation) {
        signal.throwIfAborted();
        const isEnd = this.#options.llamaModel.isEogToken(token);
        if (isEnd && !request.ignoreEos) return 'stop';
        yield { text: isEnd ? '' : decoder.push(token), kind: 'answer' };
        if (--left === 0) return 'length';
      }
      return 'stop';
    } finally {
      this.#pool.release(sequence);
    }
  }

  #promptTokens({ prompt }: GenerationRequest): Token[] {
    const { llamaModel, wrapper } = this.#options;
    // An empty text still needs a token to begin from.
    if (prompt.kind === 'text') return llamaModel.tokenize(prompt.text === '' ? '\n' : prompt.text);
    const chatHistory: HistoryItem[] = prompt.messages.map(({ role, content }) => {
      if (role === 'assistant') return { type: 'model', response: [content] };
      return { type: role === 'system' || role === 'developer' ? 'system' : 'user', text: content };
    });
    const { contextText } = wrapper.generateContextState({
      chatHistory: [...chatHistory, { type: 'model', response: [] }],
    });
    return contextText.tokenize(llamaModel.tokenizer);
  }
}

/** Turns tokens into text, holding back those that are only part of a character. */
class Decoder {
  readonly #model: LlamaModel;
  #before: Token[];
  #pending: Token[] = [];

  constructor(model: LlamaModel, prompt: readonly Token[]) {
    this.#model = model;
    this.#before = prompt.slice(-MAX_CHARACTER_TOKENS);
  }

  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#model.detokenize(this.#pending, false, this.#before);
    if (text.endsWith(REPLACEMENT) && this.#pending.length < MAX_CHARACTER_TOKENS) return '';
    this.#before = [...this.#before, ...this.#pending].slice(-MAX_CHARACTER_TOKENS);
    this.#pending = [];
    return text;
  }
}
