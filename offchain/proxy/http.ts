import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { errorText, ProxyFatalError } from './errors';
import { NothingToSettle, type Settled } from './settlement';

export interface HttpOptions {
  host: string;
  port: number;
  /** Bearer token of the money-moving endpoints; undefined refuses them all. */
  accessHash: string | undefined;
  logger: Logger;
  /** Reasons why no new requests are taken; empty when ready. */
  notReady(): string[];
  metrics(): Promise<string>;
  stats(): Record<string, unknown>;
  actions: {
    charge(client: string): Promise<Settled>;
    payout(worker: string): Promise<Settled>;
    withdraw(): Promise<Settled>;
    commit(): Promise<{ seqno: number }>;
  };
}

/** An answer that is not 200: `code` is stable, `message` says what to do. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
  }
}

type Handler = (query: URLSearchParams) => Promise<unknown>;
interface Route {
  method: 'GET' | 'POST';
  /** Moves money or makes the proxy act: needs the bearer token. */
  guarded: boolean;
  handle: Handler;
}

/** The operator's HTTP interface. All answers but /metrics are JSON. */
export class OperatorHttp {
  private readonly options: HttpOptions;
  private readonly server: Server;
  private readonly routes: Map<string, Route>;

  constructor(options: HttpOptions) {
    this.options = options;
    const { actions, stats, notReady } = options;
    const read = (handle: Handler): Route => ({ method: 'GET', guarded: false, handle });
    const act = (handle: Handler): Route => ({ method: 'POST', guarded: true, handle });
    this.routes = new Map([
      ['/healthz', read(async () => ({ status: 'ok' }))],
      ['/readyz', read(async () => readiness(notReady()))],
      ['/jsonstats', read(async () => stats())],
      ['/metrics', read(() => options.metrics())],
      ['/request/charge', act(async (query) => settled(await actions.charge(required(query, 'client'))))],
      ['/request/payout', act(async (query) => settled(await actions.payout(required(query, 'worker'))))],
      ['/request/withdraw', act(async () => settled(await actions.withdraw()))],
      ['/request/commit', act(async () => ({ committed: await actions.commit() }))],
    ]);
    this.server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
      // Endpoints take no body: what is sent is read away, within the request timeout.
      request.resume();
      void this.serve(request, response);
    });
  }

  /** Resolves with the bound port. */
  async listen(): Promise<number> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          new ProxyFatalError(
            'config',
            taken
              ? `http_port ${port} is taken; stop the other program or choose another http_port`
              : `http_port ${port}: ${error.message}`,
            error,
          ),
        );
      });
      this.server.listen(port, host, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://proxy');
      const route = this.routes.get(url.pathname);
      if (!route)
        throw new HttpError(404, 'not_found', `no such path; known are ${[...this.routes.keys()].join(', ')}`);
      if (request.method !== route.method) {
        response.setHeader('Allow', route.method);
        throw new HttpError(405, 'method_not_allowed', `${url.pathname} is answered to ${route.method} only`);
      }
      if (route.guarded) this.authorize(request.headers.authorization);
      const answer = await route.handle(url.searchParams);
      if (typeof answer === 'string') write(response, 200, 'text/plain; version=0.0.4; charset=utf-8', answer);
      else writeJson(response, 200, answer);
    } catch (error) {
      const known = asHttpError(error);
      if (!known) this.options.logger.error({ path: request.url, reason: errorText(error) }, 'operator request failed');
      const { status, code, message } = known ?? new HttpError(502, 'settlement_failed', errorText(error));
      if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      const body = error instanceof NotReady ? error.body : { error: { code, message } };
      writeJson(response, status, body);
    }
  }

  private authorize(header: string | undefined): void {
    const { accessHash } = this.options;
    if (accessHash === undefined) {
      throw new HttpError(
        403,
        'access_hash_not_set',
        'this endpoint moves money and needs http_access_hash in the configuration; set it and send it as Authorization: Bearer',
      );
    }
    const given = /^Bearer (.+)$/.exec(header ?? '')?.[1] ?? '';
    const digest = (text: string) => createHash('sha256').update(text).digest();
    if (!timingSafeEqual(digest(given), digest(accessHash))) {
      throw new HttpError(
        401,
        'unauthorized',
        'send the http_access_hash of the configuration as Authorization: Bearer',
      );
    }
  }
}

class NotReady extends HttpError {
  readonly body: unknown;

  constructor(reasons: string[]) {
    super(503, 'not_ready', reasons.join('; '));
    this.body = { ready: false, reasons };
  }
}

function readiness(reasons: string[]): unknown {
  if (reasons.length > 0) throw new NotReady(reasons);
  return { ready: true, reasons: [] };
}

function required(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (!value) throw new HttpError(400, 'missing_parameter', `say whose: ?${name}=<owner or contract address>`);
  return value;
}

function settled({ transaction, tokens, amountNano }: Settled): unknown {
  const { hash, lt, account } = transaction;
  return {
    transaction: { hash, lt: lt.toString(), account },
    tokens: tokens.toString(),
    amount_nano: amountNano.toString(),
  };
}

function asHttpError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (error instanceof NothingToSettle) return new HttpError(409, 'nothing_to_settle', error.message);
  return undefined;
}

function writeJson(response: ServerResponse, status: number, body: unknown): void {
  write(
    response,
    status,
    'application/json',
    JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)),
  );
}

function write(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}
