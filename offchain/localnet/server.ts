import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import * as admin from './admin';
import { MalformedMessageError } from './cells';
import type { LocalChain } from './chain';
import { ApiError, LocalnetError, type LocalnetErrorCode, oneLine } from './errors';
import { Params } from './params';
import * as v2 from './v2';
import * as v3 from './v3';

/** The largest external message is 64 kB, a third more in base64; the rest is room for stacks. */
export const MAX_BODY = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 2_000;

interface Answer {
  status: number;
  body: unknown;
}

type JsonObject = Record<string, unknown>;

const STATUS_OF: Readonly<Record<LocalnetErrorCode, number>> = {
  // The live API answers 500 to a message that is not accepted, with this text; clients rely on the text.
  'message-rejected': 500,
  emulator: 500,
  disk: 507,
  'state-damaged': 500,
  'state-in-use': 500,
  busy: 503,
  'cannot-listen': 500,
  closed: 503,
};

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new ApiError(413, `the request body is over ${MAX_BODY} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) {
    throw tooLarge;
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) {
      throw tooLarge;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  if (body.length === 0) {
    return {};
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new ApiError(400, `the request body is not JSON: ${oneLine(error)}`);
  }
}

async function readJsonObject(request: IncomingMessage): Promise<JsonObject> {
  const value = await readJson(request);
  if (!isObject(value)) {
    throw new ApiError(400, 'the request body must be a JSON object');
  }
  return value;
}

/** Repeated names become arrays. */
function queryValues(url: URL): JsonObject {
  const values: JsonObject = Object.create(null);
  for (const name of new Set(url.searchParams.keys())) {
    const all = url.searchParams.getAll(name);
    values[name] = all.length === 1 ? all[0] : all;
  }
  return values;
}

async function requestValues(request: IncomingMessage, url: URL): Promise<JsonObject> {
  const query = queryValues(url);
  return request.method === 'POST' ? { ...query, ...(await readJsonObject(request)) } : query;
}

function problem(error: unknown, logger: Logger): { status: number; message: string } {
  if (error instanceof ApiError) {
    return { status: error.status, message: error.message };
  }
  if (error instanceof MalformedMessageError) {
    return { status: 422, message: error.message };
  }
  if (error instanceof LocalnetError) {
    return { status: STATUS_OF[error.code], message: error.message };
  }
  logger.error({ err: error }, 'a request failed unexpectedly');
  return { status: 500, message: `internal error: ${oneLine(error)}` };
}

function assertMethod(request: IncomingMessage, allowed: readonly string[]): void {
  if (!allowed.includes(request.method ?? '')) {
    throw new ApiError(405, `${request.method} is not possible here; use ${allowed.join(' or ')}`);
  }
}

function find<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) {
    throw new ApiError(404, `unknown ${what} "${name.slice(0, 80)}"; there are: ${Object.keys(table).join(', ')}`);
  }
  return found;
}

/** Answers of API v2: `{ok, result}` or `{ok, error, code}`, in JSON-RPC with the request's `id` as well. */
async function answerV2(run: () => Promise<unknown>, logger: Logger, envelope: () => JsonObject): Promise<Answer> {
  try {
    const result = await run();
    return { status: 200, body: { ok: true, result, ...envelope() } };
  } catch (error) {
    const { status, message } = problem(error, logger);
    return { status, body: { ok: false, error: message, code: status, ...envelope() } };
  }
}

function jsonRpc(chain: LocalChain, request: IncomingMessage, logger: Logger): Promise<Answer> {
  let id: unknown = null;
  const run = async (): Promise<unknown> => {
    assertMethod(request, ['POST']);
    const call = await readJsonObject(request);
    id = call.id ?? null;
    if (typeof call.method !== 'string') {
      throw new ApiError(422, 'field "method" must be the name of a method');
    }
    const params = call.params ?? {};
    if (!isObject(params)) {
      throw new ApiError(422, 'field "params" must be an object');
    }
    return await find(v2.methods, call.method, 'method')(chain, new Params(params));
  };
  return answerV2(run, logger, () => ({ id, jsonrpc: '2.0' }));
}

function restV2(chain: LocalChain, request: IncomingMessage, url: URL, name: string, logger: Logger): Promise<Answer> {
  const run = async (): Promise<unknown> => {
    const method = find(v2.methods, name, 'method');
    assertMethod(request, ['GET', 'POST']);
    return await method(chain, new Params(await requestValues(request, url)));
  };
  return answerV2(run, logger, () => ({}));
}

async function restV3(
  chain: LocalChain,
  request: IncomingMessage,
  url: URL,
  name: string,
  logger: Logger,
): Promise<Answer> {
  try {
    const method = find(v3.methods, name, 'call of API v3');
    assertMethod(request, v3.posts.has(name) ? ['POST'] : ['GET']);
    return { status: 200, body: await method(chain, new Params(await requestValues(request, url))) };
  } catch (error) {
    const { status, message } = problem(error, logger);
    return { status, body: { error: message, code: status } };
  }
}

function adminCall(
  chain: LocalChain,
  request: IncomingMessage,
  url: URL,
  name: string,
  logger: Logger,
): Promise<Answer> {
  const run = async (): Promise<unknown> => {
    const { verb, run: method } = find(admin.methods, name, 'action');
    assertMethod(request, [verb]);
    return await method(chain, new Params(await requestValues(request, url)));
  };
  return answerV2(run, logger, () => ({}));
}

async function route(chain: LocalChain, request: IncomingMessage, logger: Logger): Promise<Answer> {
  let url: URL;
  try {
    url = new URL(request.url ?? '/', 'http://localnet');
  } catch {
    // The only thing the parser says is "Invalid URL".
    return { status: 400, body: { ok: false, error: 'the request path is not a URL', code: 400 } };
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (path === '' || path === '/jsonRPC' || path === '/api/v2/jsonRPC' || path === '/api/v2') {
    return await jsonRpc(chain, request, logger);
  }
  const [, area, name] = /^\/(api\/v2|api\/v3|localnet)\/([^/]+)$/.exec(path) ?? [];
  switch (area) {
    case 'api/v2':
      return await restV2(chain, request, url, name ?? '', logger);
    case 'api/v3':
      return await restV3(chain, request, url, name ?? '', logger);
    case 'localnet':
      return await adminCall(chain, request, url, name ?? '', logger);
    default:
      return {
        status: 404,
        body: {
          ok: false,
          error: `nothing is at ${path.slice(0, 80)}; JSON-RPC is at /api/v2/jsonRPC, REST under /api/v2/ and /api/v3/, administration under /localnet/`,
          code: 404,
        },
      };
  }
}

function write(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(JSON.stringify(answer.body), 'utf8');
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    // The rest of a body nobody wants would be taken for the next request.
    ...(answer.status === 413 ? { connection: 'close' } : {}),
  });
  response.end(body);
}

/** An answer to what Node could not make a request of. */
function rawAnswer(status: string, error: string): string {
  const body = JSON.stringify({ ok: false, error, code: Number(status.slice(0, 3)) });
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

export interface ListeningServer {
  port: number;
  /** Stops listening, lets requests under way finish, then resolves. */
  close(): Promise<void>;
}

/** @throws LocalnetError when the port is taken or the address cannot be used */
export async function serve(
  chain: LocalChain,
  options: { host: string; port: number; logger: Logger },
): Promise<ListeningServer> {
  const { host, port, logger } = options;
  const server: Server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    // The connection breaking off is the client's business; the answer then goes nowhere.
    request.on('error', (error) => logger.debug({ error: oneLine(error) }, 'a request broke off'));
    response.on('error', (error) => logger.debug({ error: oneLine(error) }, 'an answer broke off'));
    route(chain, request, logger)
      .then((answer) => write(response, answer))
      .catch((error: unknown) => {
        logger.error({ err: error }, 'a request could not be answered');
        response.destroy();
      });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    logger.debug({ error: oneLine(error) }, 'a request could not be read');
    if (socket.writable) {
      socket.end(
        error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? rawAnswer('408 Request Timeout', `the request was not complete after ${REQUEST_TIMEOUT_MS} ms`)
          : rawAnswer('400 Bad Request', 'the request is not HTTP'),
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const next =
        error.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is taken; stop the program that has it, or choose another with --port`
          : `cannot listen on ${host}:${port} (${oneLine(error)}); choose another address or port`;
      reject(new LocalnetError('cannot-listen', next, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
  server.on('error', (error) => logger.error({ error: oneLine(error) }, 'the listener failed'));
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeIdleConnections();
        // Whoever is still in the middle of sending a request then will not finish it.
        setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
      }),
  };
}
