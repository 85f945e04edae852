import { MAX_RAW_TOKENS, type TokenUsage } from '@cocoon/sdk/protocol/metering';

type Json = Record<string, unknown>;

/**
 * The largest numbers seen so far, field by field: an engine may report usage once, with every chunk, or in parts (payments 2.1). An engine
 * that reports none is counted by its content chunks: each is at least one token, so the count is never above the truth (ADR 0005).
 */
export class UsageCounter {
  #reported = false;
  #contentChunks = 0;
  readonly #max = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };

  /** False when what is counted are content chunks. */
  get reported(): boolean {
    return this.#reported;
  }

  add(value: Json): void {
    this.#contentChunks += contentParts(value);
    const usage = object(value.usage);
    if (usage === undefined) return;
    this.#reported = true;
    this.#raise('promptTokens', usage.prompt_tokens);
    this.#raise('cachedTokens', object(usage.prompt_tokens_details)?.cached_tokens);
    this.#raise('completionTokens', usage.completion_tokens);
    this.#raise('reasoningTokens', object(usage.completion_tokens_details)?.reasoning_tokens);
    this.#raise('reasoningTokens', usage.reasoning_tokens);
  }

  /** Raw counts; metering.ts bounds parts by their whole. */
  total(): TokenUsage {
    return this.#reported ? { ...this.#max } : { ...NOTHING, completionTokens: this.#contentChunks };
  }

  /** Negative numbers, fractions, other types and counts no engine can mean are as if they were not there. */
  #raise(field: keyof TokenUsage, value: unknown): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value > MAX_RAW_TOKENS) return;
    if (value > this.#max[field]) this.#max[field] = value;
  }
}

const NOTHING: TokenUsage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };

function contentParts(value: Json): number {
  if (!Array.isArray(value.choices)) return 0;
  let parts = 0;
  for (const item of value.choices as unknown[]) {
    const choice = object(item);
    const content = object(choice?.delta) ?? object(choice?.message) ?? choice;
    if (content !== undefined && CONTENT_FIELDS.some((field) => isContent(content[field]))) parts++;
  }
  return parts;
}

const CONTENT_FIELDS = ['content', 'text', 'reasoning_content', 'reasoning', 'refusal', 'tool_calls', 'function_call'];

function isContent(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (Array.isArray(value)) return value.length > 0;
  return object(value) !== undefined;
}

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
