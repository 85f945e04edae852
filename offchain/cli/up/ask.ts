import { request } from 'undici';
import { z } from 'zod';
import { CliError } from '../errors';

/** What the answer's final usage chunk says: raw tokens by kind, cost in nanoTON. */
export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  totalCost: bigint;
}

const usageSchema = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  total_cost: z.number(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: z.number().nullish() }).nullish(),
});

const chunkSchema = z.object({
  choices: z
    .array(z.object({ delta: z.object({ content: z.string().nullish(), reasoning_content: z.string().nullish() }) }))
    .optional(),
  usage: usageSchema.nullish(),
  error: z.object({ message: z.string() }).optional(),
});

/**
 * Sends one streamed question to the local endpoint, hands each piece of text on as it arrives.
 * @throws CliError when the answer is an error, breaks off, or ends without usage; the abort error when `signal` fires.
 */
export async function ask(options: {
  endpoint: string;
  model: string;
  question: string;
  maxTokens: number;
  /** Ends the request: who stops the network does not wait for the rest of a long answer. */
  signal: AbortSignal;
  onText: (text: string) => void;
}): Promise<Usage> {
  const response = await request(`${options.endpoint}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: options.model,
      stream: true,
      max_tokens: options.maxTokens,
      messages: [{ role: 'user', content: options.question }],
    }),
    signal: options.signal,
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  });
  if (response.statusCode !== 200) {
    const text = await response.body.text();
    throw new CliError(`The question was refused (HTTP ${response.statusCode}): ${errorMessage(text)}`, '');
  }
  let usage: Usage | undefined;
  let done = false;
  for await (const data of sseEvents(response.body)) {
    if (data === '[DONE]') {
      done = true;
      continue;
    }
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error !== undefined) throw new CliError(`The answer broke off: ${chunk.error.message}`, '');
    const delta = chunk.choices?.[0]?.delta;
    const text = delta?.content ?? delta?.reasoning_content;
    if (text) options.onText(text);
    if (chunk.usage) {
      usage = {
        promptTokens: chunk.usage.prompt_tokens,
        cachedTokens: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0,
        completionTokens: chunk.usage.completion_tokens,
        reasoningTokens: chunk.usage.completion_tokens_details?.reasoning_tokens ?? 0,
        totalCost: BigInt(chunk.usage.total_cost),
      };
    }
  }
  if (!done) throw new CliError('The answer ended before [DONE].', 'See the logs in the state directory.');
  if (usage === undefined) throw new CliError('The answer came without usage.', 'See the logs in the state directory.');
  return usage;
}

/** The `data:` lines of a server-sent event stream; our own servers put each event on one line. */
async function* sseEvents(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
}

/** The message of an OpenAI-shaped error, or the body as it is. */
export function errorMessage(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: { message?: string } };
    return parsed.error?.message ?? body;
  } catch (error) {
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}
