import { TonCode } from '@cocoon/sdk/errors';
import { findHeader } from '@cocoon/sdk/protocol/http';
import { closeHarnesses, connected, json, question, usage } from './testing/connected';
import { contentChunk, sse } from './testing/script-engine';

afterEach(closeHarnesses);

describe('worker serving a request', () => {
  it('forwards it with fields that nobody here knows (B26), relays the answer with its cost and one right length (B15), and reports the tokens used', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.setHeader('Content-Type', 'application/json');
      const body = JSON.stringify({ z: 1.0, choices: [], usage: usage(10, 5) });
      res.setHeader('Content-Length', String(body.length));
      res.end(body);
    };
    const answer = await proxy.run({
      body: { ...question, tools: [{ a: 1 }], seed: 4, x_unknown: null },
      headers: { 'X-App': 'a' },
    }).answer;
    expect(answer.parts).toHaveLength(1);
    expect(json(answer).usage).toEqual({
      ...usage(10, 5),
      prompt_total_cost: 200,
      completion_total_cost: 800,
      total_cost: 1000,
    });
    expect(answer.final?.tokensUsed).toMatchObject({
      promptTokensUsed: 10n,
      completionTokensUsed: 40n,
      totalTokensUsed: 50n,
    });
    expect(answer.final?.workerEndTime).toBeGreaterThanOrEqual(answer.final?.workerStartTime ?? Number.NaN);
    const { response } = answer;
    expect(response).toMatchObject({ statusCode: 200, httpVersion: 'HTTP/1.1', reason: 'OK' });
    const names = (response?.headers ?? []).map(({ name }) => name.toLowerCase());
    // The engine's length is that of a body without costs.
    expect(names.filter((name) => name === 'content-length')).toHaveLength(1);
    expect(findHeader(response?.headers ?? [], 'content-length')).toBe(String(answer.body.length));
    expect(names).toEqual(expect.arrayContaining(['content-type', 'x-cocoon-worker-start', 'x-cocoon-worker-end']));
    const seen = engine.requests[0];
    expect(seen?.url).toBe('/v1/chat/completions');
    expect(JSON.parse(seen?.body ?? '')).toEqual({ ...question, tools: [{ a: 1 }], seed: 4, x_unknown: null });
    expect(seen?.headers['x-app']).toBe('a');
    expect(seen?.headers.host).toBe(`127.0.0.1:${engine.port}`);
  });

  it('streams each event as it arrives, asks for usage and hides what the app did not ask for', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    let release: () => void = () => undefined;
    engine.script = async (res) => {
      res.setHeader('content-type', 'text/event-stream');
      res.write(contentChunk('a', usage(3, 1)));
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      res.end(`${contentChunk('b', usage(3, 2))}${sse({ choices: [], usage: usage(3, 2) })}data: [DONE]\n\n`);
    };
    const { answer, progress } = proxy.run({ body: { ...question, stream: true } });
    await harness.until(() => progress.body.length > 0);
    expect(progress.body.toString()).toBe(
      sse({ id: 'c', choices: [{ index: 0, delta: { content: 'a' } }], usage: null }),
    );
    expect(findHeader(progress.response?.headers ?? [], 'transfer-encoding')).toBe('chunked');
    release();
    const done = await answer;
    expect(done.body.toString()).toContain('"total_cost":380');
    expect(done.body.toString().endsWith('data: [DONE]\n\n')).toBe(true);
    expect(done.final?.tokensUsed.totalTokensUsed).toBe(19n);
    expect(JSON.parse(engine.requests[0]?.body ?? '').stream_options).toEqual({
      include_usage: true,
      continuous_usage_stats: true,
    });
  });

  it('leaves continuous usage alone when the app asked for it, and never asks an unknown engine for it', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    engine.script = (res) => void res.end(contentChunk('a', usage(3, 1)));
    const stream_options = { continuous_usage_stats: true };
    const asked = await proxy.run({ body: { ...question, stream: true, stream_options } }).answer;
    expect(asked.body.toString()).toContain('"completion_tokens":1,"prompt_total_cost"');
    engine.ownedBy = 'llamacpp';
    await harness.until(() => harness.logs.some(({ kind }) => kind === 'vllm'));
    await engine.stop();
    await harness.until(() => proxy.disabled === true);
    await engine.start(engine.port);
    await harness.until(() => proxy.disabled === false);
    await proxy.run({ body: { ...question, stream: true, stream_options: { x: 1 } } }).answer;
    expect(JSON.parse(engine.requests.at(-1)?.body ?? '').stream_options).toEqual({ x: 1, include_usage: true });
  });

  it('reports debug times when they are asked for', async () => {
    const { proxy } = await connected();
    const answer = await proxy.run({ body: question, enableDebug: true }).answer;
    expect(JSON.parse(answer.final?.workerDebug ?? '')).toMatchObject({
      type: 'worker_stats',
      start_time: expect.any(Number),
    });
  });

  it('relays errors of the engine as they are, free of charge', async () => {
    const { engine, proxy } = await connected();
    const body = '{"detail": "no",  "usage": {"completion_tokens": 100}}';
    for (const status of [400, 404, 422, 500, 503]) {
      engine.script = (res) => {
        res.writeHead(status, { 'content-type': 'application/json' }).end(body);
      };
      const answer = await proxy.run({ body: { ...question, stream: true } }).answer;
      expect(answer.response?.statusCode).toBe(status);
      expect(answer.body.toString()).toBe(body);
      expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
    }
  });

  it('relays an answer larger than one message of the protocol in parts', async () => {
    const { engine, proxy } = await connected();
    const big = { choices: [{ message: { content: 'x'.repeat(9 << 20) } }], usage: usage(1, 1) };
    engine.script = (res) => void res.end(JSON.stringify(big));
    const answer = await proxy.run({ body: question }).answer;
    expect(answer.parts.length).toBeGreaterThan(2);
    expect(json(answer).choices).toEqual(big.choices);
    expect(answer.final?.tokensUsed.totalTokensUsed).toBe(9n);
  });

  it('reuses its connections to the engine', async () => {
    const { engine, proxy } = await connected();
    for (let i = 0; i < 5; i++) await proxy.run({ body: question }).answer;
    expect(engine.connections).toBeLessThanOrEqual(2);
  });

  it('counts content chunks of an engine that reports no usage, and says so once', async () => {
    const { engine, proxy, logs } = await connected();
    engine.script = (res) => void res.end(contentChunk('a') + contentChunk('b') + contentChunk('c'));
    for (let i = 0; i < 2; i++) {
      const answer = await proxy.run({ body: { ...question, stream: true } }).answer;
      expect(answer.final?.tokensUsed.totalTokensUsed).toBe(24n);
    }
    expect(logs.filter(({ msg }) => String(msg).includes('reports no usage'))).toHaveLength(1);
  });
});

describe('worker refusing a request', () => {
  it.each([
    ['an unknown path', { path: '/v1/embeddings', body: question }, 404, 'unknown_path'],
    ['a query string', { path: '/v1/chat/completions?x=1', body: question }, 404, 'unknown_path'],
    ['GET', { method: 'GET', body: question }, 405, 'method_not_allowed'],
    ['no JSON', { body: Buffer.from('{') }, 400, 'invalid_json'],
    ['no object', { body: [] }, 400, 'invalid_body'],
    ['no model', { body: {} }, 400, 'invalid_model'],
    ['another model', { body: { model: 'n' } }, 404, 'model_not_found'],
    [
      'stream_options of another type',
      { body: { ...question, stream: true, stream_options: 1 } },
      400,
      'invalid_value',
    ],
    ['a header that is no Latin-1', { body: question, headers: { 'x-a': '€' } }, 400, 'invalid_header'],
    ['a header with a line break', { body: question, headers: { 'x-a': 'b\r\nc: d' } }, 400, 'invalid_header'],
  ])(
    'answers %s with an error in the shape of OpenAI, and does not ask the engine',
    async (_name, run, status, code) => {
      const { engine, proxy } = await connected();
      const answer = await proxy.run(run).answer;
      expect(answer.response?.statusCode).toBe(status);
      expect(json(answer).error).toMatchObject({ code, message: expect.stringMatching(/\.$/) });
      expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
      expect(engine.requests).toHaveLength(0);
    },
  );

  it('finds the model and the stream flag behind escaped keys, so that nothing streams unmetered', async () => {
    const { engine, proxy } = await connected();
    // Node 24.21 gives a later escaped key the name of one like this that it has parsed before.
    JSON.parse('{"str\\\\u0065am":1}');
    const body = Buffer.from('{"mod\\u0065l":"m","str\\u0065am":true}');
    await proxy.run({ body }).answer;
    expect(engine.requests[0]?.body).toContain('"include_usage":true');
  });

  it('refuses a price it never announced, and takes the last one for a moment after a change', async () => {
    const harness = await connected();
    const { proxy } = harness;
    expect((await proxy.run({ body: question, coefficient: 1n }).answer).error).toMatchObject({ code: TonCode.error });
    expect((await proxy.run({ body: question, coefficient: -1n }).answer).error).toMatchObject({ code: TonCode.error });
    const changed = new Promise((resolve) => proxy.once('message', resolve));
    const answer = await harness.http('/request/change_coefficient?coefficient=1.5', {
      method: 'POST',
      token: 'let-me-in',
    });
    expect(answer.body).toEqual({ coefficient: 1500 });
    expect(await changed).toMatchObject({ _: 'worker.newCoefficient', newCoefficient: 1500 });
    expect((await proxy.run({ body: question, coefficient: 1500n }).answer).response?.statusCode).toBe(200);
    expect((await proxy.run({ body: question, coefficient: 1000n }).answer).response?.statusCode).toBe(200);
  });

  it('refuses more requests than it was made for', async () => {
    const harness = await connected({ max_active_requests: 1 });
    const { engine, proxy } = harness;
    let release: () => void = () => undefined;
    engine.script = (res) => {
      release = () => res.end('{}');
    };
    const first = proxy.run({ body: question });
    await harness.until(() => engine.requests.length === 1);
    expect((await proxy.run({ body: question }).answer).error?.text).toContain('too many active queries');
    release();
    expect((await first.answer).response?.statusCode).toBe(200);
    engine.script = (res) => void res.end('{}');
    expect((await proxy.run({ body: question }).answer).response?.statusCode).toBe(200);
  });

  it.each([0, -1, Number.NaN, 1e9])('refuses a time limit of %s seconds', async (timeout) => {
    const { proxy } = await connected();
    expect((await proxy.run({ body: question, timeout }).answer).error?.text).toContain('timeout');
  });
});
