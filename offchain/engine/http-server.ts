import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { EngineClock } from './clock';
import { EngineError, invalid, toEngineError } from './errors';
import { sendStream, sendWhole } from './openai-answer';
import { type EngineRequest, parseChat, parseCompletion } from './openai-request';
import type { TextEngine } from './text-engine';

export interface EngineServer {
  /** Without a trailing slash, e.g. http://127.0.0.1:8000 */
  url: string;
  port: number;
  /** Ends running answers and frees the port. */
  close(): Promise<void>;
}

export interface EngineServerOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
  engine: TextEngine;
  clock: EngineClock;
  logger: Logger;
  /** Most answers at a time; further requests get 503. */
  maxActive?: number;
  maxBodyBytes?: number;
}

const PARSERS: Record<string, (body: unknown, model: string) => EngineRequest> = {
  '/v1/chat/completions': parseChat,
  '/v1/completions': parseCompletion,
};

/** Serves an engine with OpenAI's HTTP interface. @throws Error naming the port when it is taken */
export async function serveEngine(options: EngineServerOptions): Promise<EngineServer> {
  const { engine, logger } = options;
  const running = new Set<AbortController>();
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 15_000, maxHeaderSize: 32_768 }, (req, res) => {
    handle(req, res, options, running).catch((error: unknown) => fail(res, error, logger));
  });
  // As every HTTP server on a reused connection: keep it for longer than clients do, so that they never meet a closing one.
  server.keepAliveTimeout = 75_000;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `http://${host}:${port}`;
  logger.info({ url, model: engine.model, engine: engine.ownedBy }, 'engine is listening');
  let closing: Promise<void> | undefined;
  const close = async () => {
    for (const controller of running) controller.abort(new Error('the engine is stopping'));
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    await engine.close();
  };
  return {
    url,
    port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function handle(
  req: IncomingMessage,
  res: ServerResponse,
  options: EngineServerOptions,
  running: Set<AbortController>,
): Promise<void> {
  const { engine, clock } = options;
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  if (path === '/health' || path === '/v1/models') {
    requireMethod(req, path, 'GET', 'HEAD');
    sendJson(res, 200, path === '/health' ? { status: 'ok' } : modelList(engine));
    return;
  }
  const parseRequest = PARSERS[path];
  if (parseRequest === undefined) {
    throw new EngineError(
      `There is nothing at ${path}. This engine has ${Object.keys(PARSERS).join(', ')}, /v1/models and /health.`,
      {
        status: 404,
        type: 'not_found_error',
        code: 'unknown_path',
      },
    );
  }
  requireMethod(req, path, 'POST');
  const request = parseRequest(parseJson(await readBody(req, options.maxBodyBytes ?? 8 << 20)), engine.model);
  if (running.size >= (options.maxActive ?? 256)) {
    throw new EngineError(`The engine is busy with ${running.size} answers. Retry shortly.`, {
      status: 503,
      type: 'server_error',
      code: 'engine_overloaded',
      headers: { 'retry-after': '1' },
    });
  }
  const controller = new AbortController();
  running.add(controller);
  // The caller has gone, or the answer is sent: aborting what has ended changes nothing.
  res.once('close', () => controller.abort(new CallerGoneError()));
  try {
    const generation = await engine.prepare(request.generation);
    const context = { request, generation, model: engine.model, nowMs: clock.nowMs(), signal: controller.signal };
    await (request.stream ? sendStream(res, context) : sendWhole(res, context));
  } finally {
    running.delete(controller);
  }
}

class CallerGoneError extends Error {
  constructor() {
    super('the caller closed the connection');
    this.name = 'CallerGoneError';
  }
}

function fail(res: ServerResponse, error: unknown, logger: Logger): void {
  if (res.destroyed) {
    logger.debug('the caller closed the connection; the answer was stopped');
    return;
  }
  const shown = toEngineError(error);
  if (shown.status >= 500 && shown.code === 'internal_error') logger.error({ err: error }, 'request failed');
  if (!res.headersSent) {
    res.writeHead(shown.status, {
      ...shown.headers,
      'content-type': 'application/json',
      ...(shown.status === 413 ? { connection: 'close' } : {}),
    });
    res.end(shown.toBody());
    return;
  }
  // Half an answer is out: in a stream the error can still be said, then the missing [DONE] and the cut connection tell the rest.
  if (String(res.getHeader('content-type')).startsWith('text/event-stream')) res.write(`data: ${shown.toBody()}\n\n`);
  res.socket?.destroySoon();
}

function modelList(engine: TextEngine): object {
  const model = {
    id: engine.model,
    object: 'model',
    created: 0,
    owned_by: engine.ownedBy,
    max_model_len: engine.maxModelLen,
  };
  return { object: 'list', data: [model] };
}

function requireMethod(req: IncomingMessage, path: string, ...allowed: string[]): void {
  if (allowed.includes(req.method ?? '')) return;
  throw new EngineError(`${req.method} is not possible on ${path}. Use ${allowed[0]}.`, {
    status: 405,
    type: 'invalid_request_error',
    code: 'method_not_allowed',
    headers: { allow: allowed.join(', ') },
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw invalid('body', `The body is not JSON: ${(error as Error).message}.`, 'invalid_json');
  }
}

async function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > limit) {
      throw new EngineError(`The body is larger than ${limit} bytes. Send less in one request.`, {
        status: 413,
        type: 'invalid_request_error',
        code: 'body_too_large',
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}

function sendJson(res: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

function listenError(error: NodeJS.ErrnoException, { host, port }: EngineServerOptions): Error {
  if (error.code === 'EADDRINUSE') {
    return new Error(`Port ${port} on ${host} is taken. Stop what uses it, or choose another with --port.`, {
      cause: error,
    });
  }
  return new Error(`The engine cannot listen on ${host}:${port}: ${error.message}.`, { cause: error });
}
