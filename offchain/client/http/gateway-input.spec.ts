import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { chatCompletion } from '../testing/fake-upstream';
import { ask, expectOpenAiError, readUntil, send, sendRaw } from '../testing/gateway-calls';
import { startGateway, type TestGateway } from '../testing/start-gateway';

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

  test('whatever comes in, an OpenAI error or an answer comes out, and the process lives (B2)', async () => {
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
});
