import OpenAI, { APIError } from 'openai';
import pino from 'pino';
import type { EngineClock } from './clock';
import { INTRODUCTION } from './demo/grammar';
import { tokenize } from './demo/tokenizer';
import { type DemoEngineOptions, type EngineServer, startDemoEngine } from './index';

const logger = pino({ level: 'silent' });
const model = 'demo';
const messages = [{ role: 'user' as const, content: 'What is a payment channel, and why does it need no trust?' }];

/** Sleeps end at once and are written down; time is what was slept. */
class QuickClock implements EngineClock {
  slept: number[] = [];
  now = 1_700_000_000_000;
  nowMs = () => this.now;
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.now += ms;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let engine: EngineServer;
let client: OpenAI;
afterEach(() => engine.close());

async function start(options: Partial<DemoEngineOptions> = {}): Promise<void> {
  engine = await startDemoEngine({ port: 0, model, logger, clock: new QuickClock(), ...options });
  client = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

async function refused(request: Promise<unknown>): Promise<APIError> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof APIError)) throw new Error(`expected an API error, got ${error}`);
  return error;
}

/** Fields that the types of the client do not have. */
const with_ = (fields: Record<string, unknown>) =>
  ({ model, messages, ...fields }) as OpenAI.ChatCompletionCreateParamsNonStreaming;

describe('demo engine', () => {
  it('answers in readable sentences about the question, and says first what it is', async () => {
    await start();
    const { choices, usage } = await client.chat.completions.create({ model, messages });
    const text = choices[0]?.message.content ?? '';
    expect(text.startsWith(INTRODUCTION)).toBe(true);
    expect(text).toMatch(/payment|channel|trust/);
    expect(choices[0]?.finish_reason).toBe('stop');
    expect(usage?.completion_tokens).toBe(tokenize(text).length);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  it('gives the same answer to the same question and seed, and another to another', async () => {
    await start();
    const ask = async (fields: Record<string, unknown> = {}) =>
      (await client.chat.completions.create(with_(fields))).choices[0]?.message.content;
    const first = await ask();
    expect(await ask()).toBe(first);
    expect(await ask({ seed: 7 })).not.toBe(first);
    await engine.close();
    await start({ seed: 2 });
    expect(await ask()).not.toBe(first);
    await engine.close();
    await start();
    expect(await ask()).toBe(first);
  });

  it('streams token by token what it answers whole, paced as configured, with usage when asked', async () => {
    const clock = new QuickClock();
    await start({ clock, tokensPerSecond: 50 });
    const whole = await client.chat.completions.create({ model, messages });
    clock.slept = [];
    const before = clock.now;
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts: string[] = [];
    let usage: OpenAI.CompletionUsage | undefined;
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content;
      if (text) texts.push(text);
      if (chunk.usage) usage = chunk.usage;
    }
    expect(texts.join('')).toBe(whole.choices[0]?.message.content);
    expect(usage).toEqual({ ...whole.usage, prompt_tokens_details: { cached_tokens: 16 } });
    expect(texts).toHaveLength(usage?.completion_tokens ?? 0);
    expect(clock.now - before).toBeCloseTo(texts.length * 20, 0);
    expect(clock.slept.length).toBe(texts.length);
  });

  it('reports usage with every chunk when asked, growing by one token', async () => {
    await start();
    const body = {
      model,
      messages,
      stream: true,
      max_tokens: 6,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    };
    const response = await fetch(`${engine.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
    const events = (await response.text()).split('\n\n').filter((line) => line !== '');
    expect(events.at(-1)).toBe('data: [DONE]');
    const counts = events.slice(0, -1).map((event) => JSON.parse(event.slice(6)).usage.completion_tokens);
    // The first is the role, sent with the first token; the last two are the reason of the end and the final usage.
    expect(counts).toEqual([1, 1, 2, 3, 4, 5, 6, 6, 6]);
  });

  it('ends at max_tokens, counts reasoning when asked for it, and goes on without end for load tests', async () => {
    await start();
    const short = await client.chat.completions.create({ model, messages, max_completion_tokens: 5, max_tokens: 9 });
    expect(short.choices[0]?.finish_reason).toBe('length');
    expect(short.usage?.completion_tokens).toBe(5);
    const thought = await client.chat.completions.create({ model, messages, reasoning_effort: 'low' });
    const message: object = thought.choices[0]?.message ?? {};
    const reasoning = 'reasoning_content' in message ? String(message.reasoning_content) : '';
    expect(thought.usage?.completion_tokens_details?.reasoning_tokens).toBe(tokenize(reasoning).length);
    expect(tokenize(reasoning).length).toBeGreaterThan(5);
    const long = await client.chat.completions.create(with_({ max_tokens: 2000, ignore_eos: true }));
    expect(long.usage?.completion_tokens).toBe(2000);
  });

  it('stops before a stop sequence, however the tokens cut it', async () => {
    await start();
    for (const stop of ['demo engine', ['no such', 'Coco'], 'not a real']) {
      const { choices } = await client.chat.completions.create({ model, messages, stop });
      const first = Array.isArray(stop) ? 'Coco' : stop;
      expect(choices[0]?.message.content).toBe(INTRODUCTION.slice(0, INTRODUCTION.indexOf(first)));
      expect(choices[0]?.finish_reason).toBe('stop');
    }
  });

  it('knows the beginning of a prompt it has seen lately, in blocks, and forgets it', async () => {
    const clock = new QuickClock();
    await start({ clock });
    const long = [{ role: 'user' as const, content: 'token '.repeat(100) }];
    const cached = async (more: { role: 'user'; content: string }[] = []) =>
      (await client.chat.completions.create({ model, messages: [...long, ...more], max_tokens: 1 })).usage
        ?.prompt_tokens_details?.cached_tokens;
    expect(await cached()).toBe(0);
    expect(await cached()).toBe(96);
    expect(await cached([{ role: 'user', content: 'and more' }])).toBe(96);
    clock.now += 3_600_000;
    expect(await cached()).toBe(0);
  });

  it('stops working when the caller goes', async () => {
    let sleeping: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => {
      sleeping = resolve;
    });
    let ended: (reason: unknown) => void = () => undefined;
    const stopped = new Promise((resolve) => {
      ended = resolve;
    });
    const clock: EngineClock = {
      nowMs: () => 0,
      sleep: (_ms, signal) => {
        sleeping();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended(signal.reason);
            reject(signal.reason);
          });
        });
      },
    };
    await start({ clock });
    const controller = new AbortController();
    const request = client.chat.completions.create({ model, messages, stream: true }, { signal: controller.signal });
    const outcome = request.then(
      () => 'answered',
      (error: Error) => error.name,
    );
    await asleep;
    controller.abort();
    expect(await outcome).not.toBe('answered');
    expect(await stopped).toMatchObject({ name: 'CallerGoneError' });
  });

  it('completes plain prompts, and says who it is', async () => {
    await start();
    const { choices, usage } = await client.completions.create({
      model,
      prompt: 'Once upon a channel',
      max_tokens: 20,
    });
    expect(choices[0]?.text.startsWith(INTRODUCTION)).toBe(true);
    expect(usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 20 });
    const { data } = await client.models.list();
    expect(data).toMatchObject([{ id: model, owned_by: 'cocoon-demo' }]);
    expect((await fetch(`${engine.url}/health`)).status).toBe(200);
  });

  it.each([
    ['another model', { model: 'gpt' }, 404, 'model', /serves "demo"/],
    ['no messages', { messages: [] }, 400, 'messages', /messages/],
    ['several answers', { n: 2 }, 400, 'n', /one answer per request/],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      'messages[0].content',
      /reads text only/,
    ],
    ['a negative limit', { max_tokens: -1 }, 400, 'max_tokens', /max_tokens/],
    [
      'too long a prompt',
      { messages: [{ role: 'user', content: 'a b c '.repeat(20_000) }] },
      400,
      'messages',
      /Shorten it/,
    ],
    ['a JSON answer', { response_format: { type: 'json_object' } }, 400, 'response_format', /plain text/],
    ['a tool call', { tool_choice: 'required' }, 400, 'tool_choice', /never calls a tool/],
    ['stream options without a stream', { stream_options: {} }, 400, 'stream_options', /only for streams/],
  ])('refuses %s and says what is wrong', async (_name, fields, status, param, text) => {
    await start();
    const error = await refused(client.chat.completions.create(with_(fields)));
    expect(error).toMatchObject({ status, param });
    expect(error.message).toMatch(text);
  });

  it.each([
    ['GET', '/v1/chat/completions', undefined, 405, 'method_not_allowed'],
    ['POST', '/v1/models', '{}', 405, 'method_not_allowed'],
    ['POST', '/v1/embeddings', '{}', 404, 'unknown_path'],
    ['POST', '/v1/completions', '{', 400, 'invalid_json'],
    ['POST', '/v1/completions', '[1]', 400, 'invalid_body'],
    ['POST', '/v1/completions', '{"model":"demo","prompt":[1,2]}', 400, 'invalid_value'],
    ['POST', '/v1/chat/completions', `"${'x'.repeat(9 << 20)}"`, 413, 'body_too_large'],
  ])('answers %s %s with %# as an OpenAI error', async (method, path, body, status, code) => {
    await start();
    const response = await fetch(engine.url + path, { method, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: unknown }).error).toMatchObject({
      code,
      message: expect.stringMatching(/\.$/),
    });
  });

  it('names the port that is taken', async () => {
    await start();
    await expect(startDemoEngine({ port: engine.port, model, logger })).rejects.toThrow(
      `Port ${engine.port} on 127.0.0.1 is taken`,
    );
  });
});
