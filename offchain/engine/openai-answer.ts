import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EngineRequest } from './openai-request';
import { StopFilter } from './stop-filter';
import type { FinishReason, GeneratedToken, Generation } from './text-engine';

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

interface Envelope {
  id: string;
  object: string;
  created: number;
  model: string;
}

/** Counts tokens as they are generated and cuts the text at stop sequences; the same for streams and whole answers. */
class Answer {
  #completion = 0;
  #reasoning = 0;
  readonly #generation: Generation;
  readonly #stop: StopFilter;

  constructor(generation: Generation, stop: readonly string[]) {
    this.#generation = generation;
    this.#stop = new StopFilter(stop);
  }

  /** Yields text to send; a token whose text is held back yields an empty one, so that its usage is still reported. */
  async *pieces(signal: AbortSignal): AsyncGenerator<GeneratedToken, FinishReason, undefined> {
    const tokens = this.#generation.tokens(signal);
    try {
      for (;;) {
        const next = await tokens.next();
        if (next.done) {
          const rest = this.#stop.flush();
          if (rest !== '') yield { text: rest, kind: 'answer' };
          return next.value;
        }
        this.#completion++;
        if (next.value.kind === 'reasoning') {
          this.#reasoning++;
          yield next.value;
          continue;
        }
        yield { text: this.#stop.push(next.value.text), kind: 'answer' };
        if (this.#stop.hit) return 'stop';
      }
    } finally {
      await tokens.return('stop');
    }
  }

  usage(): Usage {
    const { promptTokens, cachedTokens } = this.#generation;
    return {
      prompt_tokens: promptTokens,
      completion_tokens: this.#completion,
      total_tokens: promptTokens + this.#completion,
      prompt_tokens_details: { cached_tokens: cachedTokens },
      completion_tokens_details: { reasoning_tokens: this.#reasoning },
    };
  }
}

export interface AnswerContext {
  request: EngineRequest;
  generation: Generation;
  model: string;
  /** Unix milliseconds */
  nowMs: number;
  /** Aborts when the caller has gone. */
  signal: AbortSignal;
}

/** Collects the whole answer and sends it as one JSON object. */
export async function sendWhole(res: ServerResponse, context: AnswerContext): Promise<void> {
  const { request } = context;
  const answer = new Answer(context.generation, request.stop);
  const pieces = answer.pieces(context.signal);
  const texts: Record<GeneratedToken['kind'], string[]> = { answer: [], reasoning: [] };
  let next = await pieces.next();
  for (; !next.done; next = await pieces.next()) texts[next.value.kind].push(next.value.text);
  const content = texts.answer.join('');
  const reasoning = texts.reasoning.join('');
  const end = { logprobs: null, finish_reason: next.value };
  const choice =
    request.endpoint === 'chat'
      ? {
          index: 0,
          message: { role: 'assistant', content, ...(reasoning === '' ? {} : { reasoning_content: reasoning }) },
          ...end,
        }
      : { index: 0, text: content, ...end };
  const body = JSON.stringify({ ...envelope(context, 'whole'), choices: [choice], usage: answer.usage() });
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

/** Sends the answer as server-sent events, token by token. Nothing is sent before the first token is there. */
export async function sendStream(res: ServerResponse, context: AnswerContext): Promise<void> {
  const { request, signal } = context;
  const answer = new Answer(context.generation, request.stop);
  const pieces = answer.pieces(signal);
  const frame = envelope(context, 'chunk');
  const write = async (choices: readonly object[], final?: 'usage') => {
    const usage = final || request.continuousUsage ? answer.usage() : null;
    const event = JSON.stringify({ ...frame, choices, ...(request.includeUsage ? { usage } : {}) });
    if (!res.write(`data: ${event}\n\n`)) await once(res, 'drain', { signal });
  };
  let next = await pieces.next();
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  const isChat = request.endpoint === 'chat';
  if (isChat) await write([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
  for (; !next.done; next = await pieces.next()) {
    const { text, kind } = next.value;
    // A token that adds no text yet matters only to somebody who follows the usage.
    if (text === '' && !request.continuousUsage) continue;
    await write([
      isChat ? { index: 0, delta: delta(text, kind), finish_reason: null } : { index: 0, text, finish_reason: null },
    ]);
  }
  const end = { finish_reason: next.value };
  await write([isChat ? { index: 0, delta: {}, ...end } : { index: 0, text: '', ...end }]);
  if (request.includeUsage) await write([], 'usage');
  res.end('data: [DONE]\n\n');
}

function delta(text: string, kind: GeneratedToken['kind']): object {
  return kind === 'reasoning' ? { reasoning_content: text } : { content: text };
}

function envelope({ request, model, nowMs }: AnswerContext, form: 'whole' | 'chunk'): Envelope {
  const chat = request.endpoint === 'chat';
  return {
    id: `${chat ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`,
    object: chat ? `chat.completion${form === 'chunk' ? '.chunk' : ''}` : 'text_completion',
    created: Math.floor(nowMs / 1000),
    model,
  };
}
