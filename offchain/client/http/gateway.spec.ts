import { chatCompletion, final, noProxy } from '../testing/fake-upstream';
import { ask, expectOpenAiError, send } from '../testing/gateway-calls';
import { startGateway, type TestGateway } from '../testing/start-gateway';

describe('the HTTP edge', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway({ config: { http_access_hash: 'let-me-in' } });
  });
  afterEach(() => gateway.close());

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
        final(0n),
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

  test('a port that is taken is an error naming the key', async () => {
    await expect(startGateway({ port: gateway.port })).rejects.toMatchObject({ code: 'CONFIG', key: 'http_port' });
  });

  test('readyz, metrics and jsonstats tell the state; what failed is not what succeeded (B10)', async () => {
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
    expect([stats.queries?.[0], stats.success?.[0], stats.failed?.[0]]).toEqual([2, 1, 1]);
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
