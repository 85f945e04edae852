import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Clock } from '../../node/clock';
import { listenError } from '../../node/config';
import type { ChannelAdmin } from '../admin';
import type { ClientConfig } from '../config';
import { badRequest, GatewayError } from '../errors';
import type { Metrics } from '../metrics';
import { type InferencePath, prepareRequest } from '../request-body';
import type { SpendGuard } from '../spend';
import type { Upstream } from '../upstream';
import { refuseBroken, refuseConnect } from './connection-errors';
import { Exchange } from './exchange';
import { accessCheck, apiKeyCheck, checkOrigin, PREFLIGHT_HEADERS } from './guard';
import { engineHeaders } from './headers';
import { readBody, requireJson } from './read-body';
import { sendError } from './respond';
import { findRoute, type RouteTable } from './router';
import { routes } from './routes';

export type GatewayConfig = Pick<
  ClientConfig,
  | 'apiKeys'
  | 'http_access_hash'
  | 'cors_origins'
  | 'allowed_hosts'
  | 'max_body_bytes'
  | 'max_backlog_bytes'
  | 'max_active_requests'
  | 'max_tokens'
  | 'max_coefficient'
  | 'request_timeout_s'
  | 'max_request_timeout_s'
>;

export interface GatewayDeps {
  upstream: Upstream;
  admin: ChannelAdmin;
  spend: SpendGuard;
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
}

/** One request on its way through the handlers. */
export interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  url: URL;
  requestId: string;
  logger: Logger;
}

const STALL_MS = 60_000;
const HEADERS_TIMEOUT_MS = 20_000;
const BODY_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;
/** What a caller may name its request: it goes into logs and response headers. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The OpenAI-compatible HTTP edge. Whatever comes in, exactly one answer goes out, and the process lives. */
export class Gateway {
  readonly server: Server;
  readonly #config: GatewayConfig;
  readonly #deps: GatewayDeps;
  readonly #routes: RouteTable<Call>;
  readonly #checkApiKey: (req: IncomingMessage) => void;
  readonly #running = new Set<Exchange>();
  readonly #lastResponse = new WeakMap<Duplex, ServerResponse>();
  #closing = false;

  constructor(config: GatewayConfig, deps: GatewayDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#checkApiKey = apiKeyCheck(config.apiKeys);
    this.#routes = routes({
      ...deps,
      checkApiKey: this.#checkApiKey,
      checkAccess: accessCheck(config.http_access_hash),
      infer: (call, path) => this.#infer(call, path),
    });
    this.server = createServer({
      requestTimeout: BODY_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    this.server.on('request', (req, res) => void this.#handle(req, res));
    this.server.on('checkExpectation', (req, res) => void this.#handle(req, res));
    this.server.on('connect', (_req, socket) => refuseConnect(socket));
    this.server.on('clientError', (error, socket) => this.#brokenRequest(error, socket));
  }

  /** @returns the port @throws ConfigError naming the key to change when the port cannot be had */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) =>
        reject(listenError(error, { host, port, hostKey: 'http_host', portKey: 'http_port' }));
      this.server.once('error', failed);
      this.server.listen(port, host, () => {
        this.server.off('error', failed);
        this.server.on('error', (err) => this.#deps.logger.error({ err }, 'HTTP server error'));
        const bound = this.server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  /** Takes no new requests, gives running ones `graceMs` to end, then ends them with an error. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const error = shuttingDown();
    const cancel = this.#deps.clock.after(graceMs, () => {
      for (const exchange of this.#running) exchange.abort(error);
    });
    await Promise.all([...this.#running].map((exchange) => exchange.ended));
    cancel();
    this.server.closeIdleConnections();
    // Callers who do not take their last bytes do not hold the process up.
    const force = this.#deps.clock.after(1000, () => this.server.closeAllConnections());
    await closed;
    force();
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const requestId = callerRequestId(req) ?? randomUUID();
    res.setHeader('x-request-id', requestId);
    this.#lastResponse.set(req.socket, res);
    const logger = this.#deps.logger.child({ requestId });
    let inference = false;
    try {
      const cors = checkOrigin(req, {
        corsOrigins: this.#config.cors_origins,
        allowedHosts: this.#config.allowed_hosts,
        keyRequired: this.#config.apiKeys.length > 0,
      });
      for (const name in cors) res.setHeader(name, cors[name] as string);
      if (req.method === 'OPTIONS') return this.#preflight(req, res);
      const url = parseUrl(req.url ?? '/');
      const route = findRoute(this.#routes, req.method ?? 'GET', url.pathname);
      inference = route.inference;
      await route.handler({ req, res, url, requestId, logger }, route.rest);
    } catch (error) {
      const shown = sendError(res, error);
      if (shown.code === 'internal_error') logger.error({ err: error }, 'request handler failed');
      if (inference) this.#deps.metrics.refused(shown.status);
      // Unread body bytes would be taken for the next request.
      if (!req.complete) req.resume();
    }
  }

  #preflight(req: IncomingMessage, res: ServerResponse): void {
    const asked = req.headers['access-control-request-headers'];
    const headers =
      req.headers.origin === undefined
        ? {}
        : { ...PREFLIGHT_HEADERS, 'access-control-allow-headers': asked ?? 'authorization, content-type' };
    res.writeHead(204, { allow: 'GET, POST, OPTIONS', ...headers });
    res.end();
  }

  async #infer(call: Call, path: InferencePath): Promise<void> {
    const { req, res } = call;
    if (this.#closing) throw shuttingDown();
    this.#checkApiKey(req);
    requireJson(req);
    if (this.#running.size >= this.#config.max_active_requests) {
      throw new GatewayError(
        `This gateway is serving ${this.#running.size} requests, its limit. Retry shortly, or raise "max_active_requests".`,
        {
          status: 429,
          type: 'service_unavailable',
          code: 'too_many_requests',
          headers: { 'retry-after': '1' },
        },
      );
    }
    const body = await readBody(req, this.#config.max_body_bytes);
    const prepared = prepareRequest(body, path, {
      maxTokens: this.#config.max_tokens,
      maxCoefficient: this.#config.max_coefficient,
      timeoutS: this.#config.request_timeout_s,
      maxTimeoutS: this.#config.max_request_timeout_s,
    });
    const notReady = this.#deps.upstream.notReady();
    if (notReady !== undefined) throw notReady;
    if (res.destroyed) return; // the caller left while sending
    const { model, payload, maxTokens, maxCoefficient, timeoutS, enableDebug, stream } = prepared;
    const reservation = this.#deps.spend.reserve(
      { bodyBytes: payload.length, maxTokens, maxCoefficient },
      this.#deps.upstream.pricing(),
    );
    const request = {
      requestId: randomBytes(32),
      model,
      url: path,
      headers: engineHeaders(payload, stream),
      payload,
      maxTokens,
      maxCoefficient,
      timeoutS,
      enableDebug,
    };
    const limits = { backlogBytes: this.#config.max_backlog_bytes, stallMs: STALL_MS };
    const exchange = new Exchange({ ...this.#deps, logger: call.logger, limits }, res, request, {
      stream,
      reservation,
    });
    this.#running.add(exchange);
    this.#deps.metrics.bytes(body.length, 0);
    exchange.start();
    await exchange.ended;
    this.#running.delete(exchange);
  }

  #brokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const last = this.#lastResponse.get(socket);
    if (last !== undefined && !last.writableFinished && last.req.complete) {
      // Something senseless behind a request that is still being answered: that answer is the last one here.
      last.once('finish', () => socket.destroy());
      return;
    }
    // The answer is on its way already, or was the last one of this connection: nothing may follow it.
    if (last?.headersSent && !(last.writableFinished && last.shouldKeepAlive)) {
      socket.destroy();
      return;
    }
    refuseBroken(socket, error);
  }
}

function shuttingDown(): GatewayError {
  return new GatewayError('The gateway is shutting down. Retry when it is back.', {
    status: 503,
    type: 'service_unavailable',
    code: 'shutting_down',
    maybeCharged: true,
  });
}

function callerRequestId(req: IncomingMessage): string | undefined {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : undefined;
}

/** @throws GatewayError 400 */
function parseUrl(target: string): URL {
  const parsed = target.startsWith('/') ? URL.parse(`http://gateway${target}`) : URL.parse(target);
  if (parsed === null) throw badRequest('The request target is not a valid URL path.', 'malformed_url');
  return parsed;
}
