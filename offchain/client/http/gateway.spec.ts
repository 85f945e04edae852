import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { ManualClock } from '../../transport/testing/manual-clock';
import { connectionLost, fromPeerError } from '../errors';
import { chatCompletion, noProxy } from '../testing/fake-upstream';
import { startGateway, type TestGateway } from '../testing/start-gateway';

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

async function send(
  gateway: TestGateway,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  const { method = 'POST', path = '/v1/chat/completions', body } = options;
  const headers = options.headers ?? { 'content-type': 'application/json' };
  const req = httpRequest({ host: '127.0.0.1', port: gateway.port, method, path, headers, agent: false });
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  return { status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() };
}

async function sendRaw(gateway: TestGateway, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const ask = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });

function expectOpenAiError(reply: { text: string }): {
  message: string;
  type: string;
  param: string | null;
  code: string;
} {
  const { error } = JSON.parse(reply.text) as {
    error: { message: string; type: string; param: string | null; code: string };
  };
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.message.length).toBeGreaterThan(10);
  return error;
}

describe('the HTTP edge', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway({ config: { http_access_hash: 'let-me-in' } });
  });
  afterEach(() => gateway.close());

  test.each([
    ['malformed JSON', { body: '{"model":' }, 400, 'invalid_json'],
    ['no content type', { headers: {}, body: ask }, 415, 'unsupported_content_type'],
    ['a form', { headers: { 'content-type': 'text/plain' }, body: ask }, 415, 'unsupported_content_type'],
    [
      'compressed',
      { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      415,
      'unsupported_content_encoding',
    ],
    ['too large', { body: Buffer.alloc((1 << 20) + 1, 0x20) }, 413, 'body_too_large'],
    ['an unknown path', { path: '/v1/chat' }, 404, 'unknown_path'],
    ['GET on a POST path', { method: 'GET' }, 405, 'method_not_allowed'],
    ['POST on a GET path', { path: '/v1/models', body: '{}' }, 405, 'method_not_allowed'],
    ['an unusual method', { method: 'PATCH' }, 405, 'method_not_allowed'],
    [
      'a foreign web page',
      { headers: { 'content-type': 'application/json', origin: 'https://evil.example' }, body: ask },
      403,
      'origin_not_allowed',
    ],
    [
      'a foreign host name',
      { headers: { 'content-type': 'application/json', host: 'evil.example:80' }, body: ask },
      403,
      'host_not_allowed',
    ],
    ['an unexpected expectation', { headers: { expect: '200-maybe' }, body: ask }, 415, 'unsupported_content_type'],
  ])('%s is refused in the OpenAI shape', async (_name, request, status, code) => {
    const reply = await send(gateway, request);
    expect(reply.status).toBe(status);
    expect(expectOpenAiError(reply).code).toBe(code);
    expect(reply.headers['content-type']).toContain('application/json');
    expect(gateway.upstream.runs).toHaveLength(0);
  });

  test('405 says what is allowed', async () => {
    expect((await send(gateway, { method: 'GET' })).headers.allow).toBe('POST, OPTIONS');
    expect((await send(gateway, { method: 'DELETE', path: '/v1/models' })).headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  test('a body that grows past the limit without announcing it is refused', async () => {
    const req = httpRequest({
      host: '127.0.0.1',
      port: gateway.port,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
    });
    req.on('error', () => undefined); // the gateway closes while this side is still sending
    const response = once(req, 'response') as Promise<[IncomingMessage]>;
    req.write(Buffer.alloc(1 << 20, 0x20));
    req.write(Buffer.alloc(1 << 20, 0x20));
    const [res] = await response;
    expect(res.statusCode).toBe(413);
    req.destroy();
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a bad header', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'length and chunks',
      'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a broken chunk inside a body',
      'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mod\r\nZZ\r\n',
      400,
    ],
    ['huge headers', `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 405],
  ])('%s is answered with an error in the OpenAI shape', async (_name, bytes, status) => {
    const raw = await sendRaw(gateway, bytes);
    expect(raw).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expectOpenAiError({ text: raw.slice(raw.indexOf('\r\n\r\n') + 4) });
  });

  test('whatever comes in, an OpenAI error or an answer comes out, and the process lives', async () => {
    const token = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND');
    const path = fc.oneof(
      fc.constantFrom(
        '/v1/chat/completions',
        '/v1/completions',
        '/v1/models',
        '/v1/models/%',
        '/readyz',
        '/request/topup',
        '//',
        '/?a=%zz',
        '*',
      ),
      fc.webPath().map((text) => `/${text}`),
    );
    const field = fc.constantFrom(
      'model',
      'messages',
      'prompt',
      'max_tokens',
      'n',
      'timeout',
      'stream',
      'max_coefficient',
      '__proto__',
    );
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.dictionary(field, fc.jsonValue({ maxDepth: 2 })).map((value) => JSON.stringify(value)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    const contentType = fc.constantFrom('application/json', 'application/json; charset=utf-8', 'text/plain', '');
    await fc.assert(
      fc.asyncProperty(token, path, body, contentType, async (method, target, content, type) => {
        const payload = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) ? '' : content;
        const headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(payload)) };
        const reply = await send(gateway, { method, path: target, body: payload, headers });
        if (reply.status >= 400 && method !== 'HEAD') expectOpenAiError(reply);
        else expect(reply.status).toBeLessThan(500);
      }),
      { numRuns: 250 },
    );
    expect((await send(gateway, { method: 'GET', path: '/healthz' })).text).toBe('ok\n');
    expect(gateway.metrics.active).toBe(0);
  });

  test('garbage bytes never end the process', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
        const raw = await sendRaw(gateway, bytes);
        if (raw !== '') expect(raw).toMatch(/^HTTP\/1\.1 [45]\d\d /);
      }),
      { numRuns: 60 },
    );
    expect((await send(gateway, { method: 'GET', path: '/healthz' })).status).toBe(200);
  });

  test('preflight is 204; only configured origins are let in', async () => {
    const open = await startGateway({ config: { cors_origins: ['https://app.example'] } });
    const headers = {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    try {
      const preflight = await send(open, { method: 'OPTIONS', headers });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe('https://app.example');
      expect(preflight.headers['access-control-allow-headers']).toBe('content-type');
      const answer = await send(open, {
        headers: { 'content-type': 'application/json', origin: 'https://app.example' },
        body: ask,
      });
      expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
      expect(
        (await send(open, { method: 'OPTIONS', headers: { ...headers, origin: 'https://evil.example' } })).status,
      ).toBe(403);
      expect((await send(open, { method: 'OPTIONS', headers: {} })).status).toBe(204);
    } finally {
      await open.close();
    }
  });

  test("the caller's credentials and headers do not travel to the engine (1.12)", async () => {
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer sk-secret',
      cookie: 'a=b',
      'x-forwarded-for': '10.0.0.1',
    };
    await send(gateway, { headers, body: ask });
    const sent = gateway.upstream.runs[0]?.request;
    expect(sent?.headers.map(({ name }) => name.toLowerCase())).toEqual([
      'host',
      'content-type',
      'accept',
      'content-length',
    ]);
    expect(sent?.headers.find(({ name }) => name === 'Content-Length')?.value).toBe(String(sent?.payload.length));
  });

  test('engine headers: one content-length, no hop-by-hop, none that break the framing (B15)', async () => {
    gateway.upstream.script = (run) =>
      run.sink.head(
        {
          status: 200,
          reason: 'OK',
          headers: [
            { name: 'Content-Length', value: '3' },
            { name: 'CONTENT-LENGTH', value: '4' },
            { name: 'Transfer-Encoding', value: 'chunked' },
            { name: 'Connection', value: 'close' },
            { name: 'X-Cocoon-Worker-Start', value: '1.000000' },
            { name: 'X-Evil', value: 'a\r\nSet-Cookie: b' },
            { name: 'bad name', value: 'x' },
            { name: 'constructor', value: 'kept' },
            { name: 'Access-Control-Allow-Origin', value: '*' },
          ],
          payload: Buffer.from('{"a":1}'),
        },
        { tokens: { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n } },
      );
    const reply = await send(gateway, { body: ask });
    expect(reply.text).toBe('{"a":1}');
    expect(reply.headers['content-length']).toBe('7');
    expect(reply.headers['x-cocoon-worker-start']).toBe('1.000000');
    expect(reply.headers['x-cocoon-client-start']).toMatch(/^\d+\.\d{6}$/);
    expect(reply.headers.constructor).toBe('kept');
    for (const name of ['x-evil', 'set-cookie', 'bad name', 'access-control-allow-origin', 'transfer-encoding']) {
      expect(reply.headers).not.toHaveProperty([name]);
    }
  });

  test('one connection serves many requests', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    const post = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${ask.length}\r\n\r\n${ask}`;
    for (let i = 0; i < 3; i++) {
      socket.write(post);
      expect(await readUntil(socket, JSON.stringify(chatCompletion('hello')))).toContain('HTTP/1.1 200 OK');
    }
    socket.destroy();
    expect(gateway.upstream.runs).toHaveLength(3);
  });

  test('a request after a refused body on the same connection is read correctly', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789');
    expect(await readUntil(socket, 'unknown_path')).toContain('404');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await readUntil(socket, 'ok\n')).toContain('200 OK');
    socket.destroy();
  });

  test('a body that stops half way ends that request', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(
      'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"model',
    );
    socket.resume();
    socket.end();
    await once(socket, 'close');
    expect((await send(gateway, { method: 'GET', path: '/healthz' })).status).toBe(200);
    expect(gateway.metrics.active).toBe(0);
  });

  test('a port that is taken is an error naming the key', async () => {
    await expect(startGateway({ port: gateway.port })).rejects.toMatchObject({ code: 'CONFIG', key: 'http_port' });
  });

  test('readyz, metrics and jsonstats tell the state', async () => {
    const get = (path: string) => send(gateway, { method: 'GET', path });
    expect((await get('/readyz')).status).toBe(200);
    gateway.upstream.unavailable = noProxy();
    const notReady = await get('/readyz');
    expect(notReady.status).toBe(503);
    expect(expectOpenAiError(notReady).code).toBe('no_proxy_ready');
    expect((await get('/healthz')).status).toBe(200);
    expect((await send(gateway, { body: ask })).status).toBe(503);
    gateway.upstream.unavailable = undefined;
    await send(gateway, { body: ask });
    expect((await get('/metrics')).text).toContain('cocoon_client_requests_total{outcome="success",status="200"} 1');
    const { stats } = JSON.parse((await get('/jsonstats')).text) as { stats: Record<string, number[]> };
    expect([stats.queries?.[0], stats.success?.[0], stats.failed?.[0]]).toEqual([2, 1, 1]); // B10
    expect(stats.queries).toHaveLength(7);
  });

  test('too many requests at once are told to come back', async () => {
    const small = await startGateway({ config: { max_active_requests: 1 } });
    try {
      small.upstream.script = () => undefined;
      const arrived = small.upstream.nextRun();
      const first = send(small, { body: ask });
      const run = await arrived;
      expect(await send(small, { body: ask })).toMatchObject({ status: 429 });
      run.answerJson(chatCompletion('done'));
      expect((await first).status).toBe(200);
      expect(small.metrics.active).toBe(0);
    } finally {
      await small.close();
    }
  });

  describe('endpoints that move money', () => {
    const paths = ['/request/topup', '/request/withdraw', '/request/close', '/request/charge'];

    test.each(paths)('%s: POST with the key only', async (path) => {
      expect(
        (await send(gateway, { method: 'GET', path, headers: { authorization: 'Bearer let-me-in' } })).status,
      ).toBe(405);
      for (const authorization of ['', 'Bearer wrong', 'Basic let-me-in']) {
        const refused = await send(gateway, { path, headers: { authorization } });
        expect(refused.status).toBe(401);
        expectOpenAiError(refused);
      }
      expect((await send(gateway, { path: `${path}?access_hash=let-me-in`, headers: {} })).status).toBe(401);
      expect(gateway.admin.calls).toHaveLength(0);

      const done = await send(gateway, { path: `${path}?proxy=EQabc`, headers: { authorization: 'Bearer let-me-in' } });
      expect(JSON.parse(done.text)).toMatchObject({ status: 'done', proxy: 'EQabc', amount: 15 });
      expect(gateway.admin.calls).toEqual([{ action: path.split('/')[2], proxy: 'EQabc' }]);
    });

    test('without a configured key they are off, and the answer names the key', async () => {
      const open = await startGateway();
      try {
        for (const path of paths) {
          const refused = await send(open, { path, headers: { authorization: 'Bearer undefined' } });
          expect(refused.status).toBe(403);
          expect(expectOpenAiError(refused)).toMatchObject({
            param: 'http_access_hash',
            message: expect.stringContaining('http_access_hash'),
          });
        }
        expect(open.admin.calls).toHaveLength(0);
      } finally {
        await open.close();
      }
    });

    test('the proxy may be named in a JSON body', async () => {
      const headers = { authorization: 'Bearer let-me-in', 'content-type': 'application/json' };
      await send(gateway, { path: '/request/charge', headers, body: '{"proxy":"EQx"}' });
      expect(gateway.admin.calls).toEqual([{ action: 'charge', proxy: 'EQx' }]);
      const wrong = await send(gateway, { path: '/request/charge', headers, body: '{"proxy":5}' });
      expect(wrong.status).toBe(400);
    });
  });
});

describe('a request that does not go well', () => {
  test('the time limit is kept by a timer of the gateway, before and during an answer', async () => {
    const clock = new ManualClock();
    const gateway = await startGateway({ clock });
    const body = JSON.stringify({ model: 'm', messages: [], timeout: 5, stream: true });
    try {
      gateway.upstream.script = () => undefined;
      const arrived = gateway.upstream.nextRun();
      const waiting = send(gateway, { body });
      const first = await arrived;
      clock.advance(4999);
      expect(first.cancelled).toBe(false);
      clock.advance(1);
      expect(first.cancelled).toBe(true);
      const late = await waiting;
      expect(late.status).toBe(504);
      expect(expectOpenAiError(late).code).toBe('timeout');

      const again = gateway.upstream.nextRun();
      const streaming = send(gateway, { body });
      const second = await again;
      second.startStream();
      second.chunk('one');
      clock.advance(5000);
      const cut = await streaming;
      expect(cut.status).toBe(200);
      expect(cut.text).toContain('"one"');
      expect(cut.text).not.toContain('[DONE]');
      const last = cut.text.trim().split('\n\n').at(-1) as string;
      expect(expectOpenAiError({ text: last.replace(/^data: /, '') }).code).toBe('timeout');
    } finally {
      const closing = gateway.close();
      clock.advance(2000);
      await closing;
    }
  });

  test('an upstream that dies ends the request at every stage, once', async () => {
    const gateway = await startGateway();
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    try {
      for (let stage = 0; stage < 4; stage++) {
        gateway.upstream.script = (run) => {
          if (stage > 0) run.startStream();
          for (let i = 1; i < stage; i++) run.chunk(`chunk ${i}`);
          run.sink.failed(connectionLost());
          run.chunk('after the end');
          run.endStream();
        };
        const reply = await send(gateway, { body });
        expect(reply.status).toBe(stage === 0 ? 502 : 200);
        expect(reply.text).toContain('connection_lost');
        expect(reply.text).not.toContain('after the end');
        expect(reply.text).not.toContain('[DONE]');
      }
      expect(gateway.metrics.active).toBe(0);
      expect(gateway.metrics.stats().failed?.[0]).toBe(4);
    } finally {
      await gateway.close();
    }
  });

  test('answers in the wrong order are a failure of that request only', async () => {
    const gateway = await startGateway();
    try {
      gateway.upstream.script = (run) => run.chunk('no beginning');
      expect(await send(gateway, { body: ask })).toMatchObject({ status: 502 });
      gateway.upstream.script = (run) => {
        run.sink.head({ status: 200, reason: '', headers: [], payload: Buffer.from('{') }, undefined);
        run.startStream();
      };
      expect(await send(gateway, { body: ask })).toMatchObject({ status: 502 });
      expect(gateway.upstream.runs.every((run) => run.cancelled)).toBe(true);
    } finally {
      await gateway.close();
    }
  });

  test('a caller who does not read is let go when its backlog is full; the memory stays bounded', async () => {
    const gateway = await startGateway({ config: { max_backlog_bytes: 1 << 20 } });
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    try {
      const arrived = gateway.upstream.nextRun();
      const cancelled = gateway.upstream.nextCancel();
      gateway.upstream.script = (run) => run.startStream();
      socket.pause();
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const run = await arrived;
      const megabyte = 'x'.repeat(256 << 10);
      let sent = 0;
      while (!run.cancelled && sent < 1000) {
        run.chunk(megabyte);
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await cancelled;
      // Kernel buffers take a few MiB, the gateway one.
      expect(sent * 256).toBeLessThan(32 << 10);
      expect(gateway.metrics.active).toBe(0);
    } finally {
      socket.destroy();
      await gateway.close();
    }
  });

  test('a slow reader still gets the whole answer', async () => {
    const gateway = await startGateway({ config: { max_backlog_bytes: 32 << 20 } });
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    try {
      const words = Array.from({ length: 40 }, (_, i) => `${i}:${'y'.repeat(100_000)}`);
      gateway.upstream.script = (run) => {
        run.startStream();
        for (const word of words) run.chunk(word);
        run.endStream();
      };
      const reply = await send(gateway, { body });
      const chunks = reply.text.trim().split('\n\n');
      expect(chunks).toHaveLength(words.length + 1);
      expect(chunks.at(-1)).toBe('data: [DONE]');
    } finally {
      await gateway.close();
    }
  });

  test('spend limits: what could cost too much is not sent, and what was reserved comes back', async () => {
    // 100 output tokens at x8, coefficient 1: 800 adjusted tokens, plus the body's bytes, at 20 nanoTON.
    const gateway = await startGateway({ limits: { perRequest: 20_000n, perDay: 40_000n } });
    const body = (maxTokens: number) =>
      JSON.stringify({ model: 'm', messages: [], max_tokens: maxTokens, max_coefficient: 1000 });
    try {
      const dear = await send(gateway, { body: body(1000) });
      expect(dear.status).toBe(402);
      expect(expectOpenAiError(dear)).toMatchObject({
        code: 'spend_limit_reached',
        param: 'max_spend_per_request_nano',
      });
      expect(gateway.upstream.runs).toHaveLength(0);

      gateway.upstream.script = (run) => run.answerJson({}, { tokens: 10n });
      for (let i = 1; i <= 5; i++) {
        expect((await send(gateway, { body: body(100) })).status).toBe(200);
        expect(gateway.spend.spentToday).toBe(BigInt(i) * 200n);
      }
      gateway.upstream.script = (run) => run.sink.failed(connectionLost());
      await send(gateway, { body: body(100) });
      expect(gateway.spend.spentToday).toBeGreaterThan(17_000n); // it may have been charged: stays reserved
      await send(gateway, { body: body(100) });
      expect(gateway.spend.spentToday).toBeGreaterThan(34_000n);
      const over = await send(gateway, { body: body(100) });
      expect(expectOpenAiError(over).param).toBe('max_spend_per_day_nano');
    } finally {
      await gateway.close();
    }
  });

  test('a failure that used tokens counts them; one that used none gives everything back', async () => {
    const gateway = await startGateway({ limits: { perDay: 10_000_000n } });
    const refusal = fromPeerError(602, 'something broke', 'm');
    try {
      gateway.upstream.script = (run) => run.sink.failed(refusal, 0n);
      await send(gateway, { body: ask });
      expect(gateway.spend.spentToday).toBe(0n);
      gateway.upstream.script = (run) => run.sink.failed(refusal, 7n);
      await send(gateway, { body: ask });
      expect(gateway.spend.spentToday).toBe(140n);
    } finally {
      await gateway.close();
    }
  });

  test('closing ends running requests with an error, then the listener', async () => {
    const gateway = await startGateway();
    gateway.upstream.script = () => undefined;
    const arrived = gateway.upstream.nextRun();
    const waiting = send(gateway, { body: ask });
    await arrived;
    await gateway.close();
    const reply = await waiting;
    expect(reply.status).toBe(503);
    expect(expectOpenAiError(reply).code).toBe('shutting_down');
    expect(gateway.upstream.runs[0]?.cancelled).toBe(true);
  });
});

async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end) && !text.includes(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}
