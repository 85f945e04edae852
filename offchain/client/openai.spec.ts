import OpenAI, {
  APIConnectionError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from 'openai';
import { connectionLost, fromPeerError } from './errors';
import { chatChunk, chatCompletion, final, noProxy } from './testing/fake-upstream';
import { startGateway, type TestGateway } from './testing/start-gateway';

/** The stock `openai` package against the gateway, nothing adapted but the base URL. */
describe('the openai package', () => {
  let gateway: TestGateway;
  let client: OpenAI;
  const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };

  beforeEach(async () => {
    gateway = await startGateway();
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  });
  afterEach(() => gateway.close());

  test('gets a whole answer, with usage and its cost untouched', async () => {
    const { data, response } = await client.chat.completions.create(ask).withResponse();
    expect(data).toEqual(chatCompletion('hello'));
    expect(response.headers.get('x-cocoon-tokens')).toBe('5');
    expect(response.headers.get('x-cocoon-cost')).toBe('100');
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  test('gets a stream chunk by chunk while the answer is still being made (B3)', async () => {
    gateway.upstream.script = (run) => run.startStream();
    const arrived = gateway.upstream.nextRun();
    const stream = await client.chat.completions.create({ ...ask, stream: true });
    const run = await arrived;
    const iterator = stream[Symbol.asyncIterator]();
    const texts: string[] = [];
    for (const word of ['one ', 'two ', 'three']) {
      run.chunk(word); // the next is sent only after this one has been received
      const { value } = (await iterator.next()) as { value: { choices: { delta: { content: string } }[] } };
      texts.push(value.choices[0]?.delta.content ?? '');
    }
    run.endStream();
    expect((await iterator.next()).done).toBe(true);
    expect(texts.join('')).toBe('one two three');
    expect(gateway.metrics.stats().success?.[0]).toBe(1);
  });

  test('gets completions', async () => {
    gateway.upstream.script = (run) =>
      run.answerJson({ id: 'x', object: 'text_completion', choices: [{ text: 'yes' }] });
    const answer = await client.completions.create({ model: 'm', prompt: 'well?' });
    expect(answer.choices[0]?.text).toBe('yes');
    expect(gateway.upstream.runs[0]?.request.url).toBe('/v1/completions');
  });

  test('abort ends the request everywhere', async () => {
    gateway.upstream.script = (run) => run.startStream();
    const arrived = gateway.upstream.nextRun();
    const cancelled = gateway.upstream.nextCancel();
    const controller = new AbortController();
    const stream = await client.chat.completions.create({ ...ask, stream: true }, { signal: controller.signal });
    const run = await arrived;
    run.chunk('one');
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).toBe('one');
      controller.abort();
    }
    expect(await cancelled).toBe(run);
    expect(gateway.metrics.active).toBe(0);
    run.chunk('late'); // a peer that goes on talking disturbs nobody
    run.endStream();
  });

  test('abort before the first byte ends the request everywhere', async () => {
    gateway.upstream.script = () => undefined;
    const cancelled = gateway.upstream.nextCancel();
    const arrived = gateway.upstream.nextRun();
    const controller = new AbortController();
    const answer = client.chat.completions.create(ask, { signal: controller.signal });
    const rejection = expect(answer).rejects.toBeInstanceOf(APIUserAbortError);
    await arrived;
    controller.abort();
    await rejection;
    await cancelled;
    expect(gateway.metrics.active).toBe(0);
  });

  test('models.list and models.retrieve', async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    expect(models).toEqual([
      {
        id: 'm',
        object: 'model',
        created: 0,
        owned_by: 'cocoon',
        workers: [{ coefficient: 1000, running_requests: 1, max_running_requests: 10 }],
      },
    ]);
    expect((await client.models.retrieve('m')).id).toBe('m');
    await expect(client.models.retrieve('nope')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });

  test('a name made to break out of the list of models is a name, in JSON (B16)', async () => {
    const id = '"}]},{"id":"<script>';
    gateway.upstream.served = [{ name: id, workers: [] }];
    const response = await client.models.list().asResponse();
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({ object: 'list', data: [expect.objectContaining({ id })] });
  });

  test('a model name with a slash can be retrieved', async () => {
    gateway.upstream.served = [{ name: 'Qwen/Qwen3-8B', workers: [] }];
    expect((await client.models.retrieve('Qwen/Qwen3-8B')).id).toBe('Qwen/Qwen3-8B');
  });

  test.each([
    ['unknown model m', 621, NotFoundError, 404, 'model_not_found'],
    ['client balance is too low: max_tokens=1000 tokens_payed=0', 602, APIError, 402, 'insufficient_balance'],
    ['no ready workers for model m', 651, InternalServerError, 503, 'no_worker'],
    ['can run this query with coefficient=9000', 651, InternalServerError, 503, 'price_too_high'],
    ['timeout in proxy', 652, InternalServerError, 504, 'timeout'],
    ['worker: too many active queries', 602, InternalServerError, 503, 'workers_busy'],
    ['proxy is disabled', 651, InternalServerError, 503, 'not_ready'],
    ['something broke', 602, InternalServerError, 502, 'upstream_error'],
  ])('"%s" (%i) is a %p', async (text, code, errorClass, status, name) => {
    gateway.upstream.script = (run) => run.sink.failed(fromPeerError(code, text, 'm'));
    for (const stream of [false, true]) {
      const failure = await client.chat.completions.create({ ...ask, stream }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(errorClass);
      expect(failure).toMatchObject({ status, code: name });
    }
    expect(gateway.metrics.stats().failed?.[0]).toBe(2);
    expect(gateway.metrics.stats().success?.[0]).toBe(0);
  });

  test('a wrong value is a BadRequestError that names the field', async () => {
    const failure = client.chat.completions.create({ ...ask, max_tokens: -5 });
    await expect(failure).rejects.toBeInstanceOf(BadRequestError);
    await expect(failure).rejects.toMatchObject({ param: 'max_tokens', message: expect.stringContaining('integer') });
  });

  test('an engine that is down is shown as the worker reports it', async () => {
    gateway.upstream.script = (run) =>
      run.answerJson({ message: 'engine is not reachable' }, { status: 502, tokens: 0n });
    await expect(client.chat.completions.create({ ...ask, stream: true })).rejects.toMatchObject({
      status: 502,
      message: expect.stringContaining('engine is not reachable'),
    });
  });

  test("an engine's own OpenAI-shaped error passes through unchanged", async () => {
    const error = { message: 'context length exceeded', type: 'invalid_request_error', param: 'messages', code: 'ctx' };
    gateway.upstream.script = (run) => run.answerJson({ error }, { status: 400, tokens: 0n });
    await expect(client.chat.completions.create(ask)).rejects.toMatchObject({ status: 400, error });
  });

  test('no proxy ready is a 503 with the reason', async () => {
    gateway.upstream.unavailable = noProxy();
    await expect(client.chat.completions.create(ask)).rejects.toMatchObject({ status: 503, code: 'no_proxy_ready' });
    await expect(client.models.list()).rejects.toMatchObject({ status: 503 });
  });

  test('a connection lost in the middle of a stream is an error, never a silent end', async () => {
    gateway.upstream.script = (run) => {
      run.startStream();
      run.chunk('half');
      run.sink.part(Buffer.from('data: {"torn'), undefined);
      run.sink.failed(connectionLost());
    };
    const stream = await client.chat.completions.create({ ...ask, stream: true });
    const texts: string[] = [];
    const reading = (async () => {
      for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '');
    })();
    await expect(reading).rejects.toBeInstanceOf(APIError);
    await expect(reading).rejects.toMatchObject({ code: 'connection_lost' });
    expect(texts).toEqual(['half']);
  });

  test('a connection lost in the middle of a whole answer is a 502', async () => {
    gateway.upstream.script = (run) => {
      run.sink.head({ status: 200, reason: 'OK', headers: [], payload: Buffer.from('{"id":') }, undefined);
      run.sink.failed(connectionLost());
    };
    await expect(client.chat.completions.create(ask)).rejects.toMatchObject({ status: 502, code: 'connection_lost' });
  });

  test('a failure after [DONE] does not spoil a complete answer', async () => {
    gateway.upstream.script = (run) => {
      run.startStream();
      run.sink.part(Buffer.from(`data: ${JSON.stringify(chatChunk('all'))}\n\ndata: [DONE]\n\n`), undefined);
      run.sink.failed(connectionLost());
    };
    const texts: string[] = [];
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
      texts.push(chunk.choices[0]?.delta.content ?? '');
    }
    expect(texts).toEqual(['all']);
  });

  test('API keys: the right one works, a wrong one is an AuthenticationError', async () => {
    const locked = await startGateway({ config: { apiKeys: ['right-key'] } });
    const withKey = (apiKey: string) => new OpenAI({ baseURL: `${locked.url}/v1`, apiKey, maxRetries: 0 });
    try {
      await expect(withKey('right-key').chat.completions.create(ask)).resolves.toBeTruthy();
      await expect(withKey('wrong').chat.completions.create(ask)).rejects.toBeInstanceOf(AuthenticationError);
      await expect(withKey('wrong').models.list()).rejects.toBeInstanceOf(AuthenticationError);
    } finally {
      await locked.close();
    }
  });

  test('a closed gateway is a connection error', async () => {
    await gateway.close();
    await expect(client.models.list()).rejects.toBeInstanceOf(APIConnectionError);
    gateway = await startGateway();
  });

  test('a debug request gets the debug object without losing the end of the stream', async () => {
    gateway.upstream.script = (run) => {
      run.startStream();
      run.chunk('x');
      run.sink.part(Buffer.from('data: [DONE]\n\n'), {
        ...final(1n),
        workerDebug: '{"type":"worker_stats"}',
        proxyDebug: 'no json',
      });
    };
    const body = { ...ask, stream: true as const, enable_debug: true };
    const seen: unknown[] = [];
    for await (const chunk of await client.chat.completions.create(body)) seen.push(chunk);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toMatchObject({ choices: [], debug: { worker: { type: 'worker_stats' }, proxy: 'no json' } });
    expect(gateway.upstream.runs[0]?.body).not.toHaveProperty('enable_debug');
  });
});
