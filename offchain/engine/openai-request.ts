import { z } from 'zod';
import { EngineError, invalid } from './errors';
import type { ChatMessage, GenerationRequest } from './text-engine';

/** A validated request of either endpoint. */
export interface EngineRequest {
  endpoint: 'chat' | 'completions';
  stream: boolean;
  includeUsage: boolean;
  /** Usage so far with every chunk, as vLLM offers it. */
  continuousUsage: boolean;
  stop: readonly string[];
  generation: GenerationRequest;
}

const nullable = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
const count = z.number().int().min(1).max(1_000_000);

const shared = {
  model: z.string(),
  max_tokens: nullable(count),
  stream: nullable(z.boolean()),
  stream_options: nullable(
    z.looseObject({ include_usage: nullable(z.boolean()), continuous_usage_stats: nullable(z.boolean()) }),
  ),
  stop: nullable(z.union([z.string().transform((one) => [one]), z.array(z.string()).max(16)])),
  n: nullable(z.number().int().min(1)),
  seed: nullable(z.number().int()),
  temperature: nullable(z.number().min(0).max(2)),
  top_p: nullable(z.number().min(0).max(1)),
  ignore_eos: nullable(z.boolean()),
};

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part), z.null()]).optional(),
});

const chatSchema = z.looseObject({
  ...shared,
  messages: z.array(message).min(1),
  max_completion_tokens: nullable(count),
  reasoning_effort: nullable(z.enum(['none', 'minimal', 'low', 'medium', 'high'])),
  logprobs: nullable(z.boolean()),
  response_format: nullable(z.looseObject({ type: z.string() })),
  tool_choice: nullable(z.unknown()),
});

const completionSchema = z.looseObject({
  ...shared,
  prompt: z.union([z.string(), z.array(z.string())], {
    error: 'must be a string or an array with one string; token ids are not supported',
  }),
  best_of: nullable(z.number().int()),
  echo: nullable(z.boolean()),
  suffix: nullable(z.string()),
  logprobs: nullable(z.number().int()),
});

/** @throws EngineError 400 or 404 naming the field */
export function parseChat(body: unknown, model: string): EngineRequest {
  const data = parse(chatSchema, body, model);
  if (data.logprobs) throw invalid('logprobs', 'This engine reports no probabilities. Leave "logprobs" out.');
  const format = data.response_format?.type ?? 'text';
  if (format !== 'text') {
    throw invalid('response_format', `This engine writes plain text, not "${format}". Leave "response_format" out.`);
  }
  const choice = data.tool_choice ?? 'auto';
  if (choice !== 'auto' && choice !== 'none') {
    throw invalid(
      'tool_choice',
      'This engine never calls a tool. Leave "tool_choice" out, or set it to "none" or "auto".',
    );
  }
  const reasoning = data.reasoning_effort === 'none' ? undefined : data.reasoning_effort;
  return {
    endpoint: 'chat',
    ...streaming(data),
    stop: data.stop ?? [],
    generation: {
      prompt: { kind: 'chat', messages: data.messages.map(toMessage) },
      maxTokens: data.max_completion_tokens ?? data.max_tokens,
      ...sampling(data),
      reasoning,
    },
  };
}

/** @throws EngineError 400 or 404 naming the field */
export function parseCompletion(body: unknown, model: string): EngineRequest {
  const data = parse(completionSchema, body, model);
  const prompts = typeof data.prompt === 'string' ? [data.prompt] : data.prompt;
  const [text] = prompts;
  if (text === undefined || prompts.length !== 1) {
    throw invalid(
      'prompt',
      `"prompt" has ${prompts.length} texts, and this engine completes one per request. Send one request each.`,
    );
  }
  if ((data.best_of ?? 1) !== 1)
    throw invalid('best_of', 'This engine writes one completion per request. Leave "best_of" out.');
  if (data.echo) throw invalid('echo', 'This engine does not repeat the prompt. Leave "echo" out.');
  if (data.suffix) throw invalid('suffix', 'This engine cannot fill text in before a suffix. Leave "suffix" out.');
  if (data.logprobs) throw invalid('logprobs', 'This engine reports no probabilities. Leave "logprobs" out.');
  return {
    endpoint: 'completions',
    ...streaming(data),
    stop: data.stop ?? [],
    generation: { prompt: { kind: 'text', text }, maxTokens: data.max_tokens, ...sampling(data), reasoning: undefined },
  };
}

interface StreamFields {
  stream: boolean | undefined;
  stream_options: { include_usage: boolean | undefined; continuous_usage_stats: boolean | undefined } | undefined;
}

function streaming(data: StreamFields): Pick<EngineRequest, 'stream' | 'includeUsage' | 'continuousUsage'> {
  const stream = data.stream ?? false;
  if (data.stream_options !== undefined && !stream) {
    throw invalid('stream_options', '"stream_options" is only for streams. Leave it out, or set "stream" to true.');
  }
  const includeUsage = data.stream_options?.include_usage ?? false;
  return {
    stream,
    includeUsage,
    continuousUsage: includeUsage && (data.stream_options?.continuous_usage_stats ?? false),
  };
}

interface SamplingFields {
  seed: number | undefined;
  temperature: number | undefined;
  top_p: number | undefined;
  ignore_eos: boolean | undefined;
}

function sampling(data: SamplingFields): Pick<GenerationRequest, 'temperature' | 'topP' | 'seed' | 'ignoreEos'> {
  return { temperature: data.temperature, topP: data.top_p, seed: data.seed, ignoreEos: data.ignore_eos ?? false };
}

function toMessage({ role, content }: z.output<typeof message>, index: number): ChatMessage {
  if (content === null || content === undefined) return { role, content: '' };
  if (typeof content === 'string') return { role, content };
  const texts = content.map(({ type, text }) => {
    if (type === 'text' && text !== undefined) return text;
    throw invalid(
      `messages[${index}].content`,
      `This engine reads text only, and a part has type "${type}". Send text parts.`,
    );
  });
  return { role, content: texts.join('') };
}

function parse<T extends z.ZodType<{ model: string; n?: number | undefined }>>(
  schema: T,
  body: unknown,
  model: string,
): z.output<T> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('body', 'The body must be a JSON object.', 'invalid_body');
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = (issue?.path ?? []).reduce<string>(
      (text, key) =>
        typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`,
      '',
    );
    throw invalid(path, `"${path}" is not valid: ${issue?.message ?? 'unknown reason'}.`);
  }
  if (parsed.data.model !== model) {
    throw new EngineError(`The model "${parsed.data.model}" is not served here. This engine serves "${model}".`, {
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
    });
  }
  if ((parsed.data.n ?? 1) !== 1)
    throw invalid(
      'n',
      'This engine writes one answer per request. Set "n" to 1 and send the request again as often as you like.',
    );
  return parsed.data;
}
