import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { isLoopback } from '../transport/security';
import { type Access, accessCheck } from './bearer';
import { listenError } from './config';
import { hostAllowed, hostName } from './host';

export interface OperatorHttpOptions {
  host: string;
  port: number;
  /** Bearer token of the actions; empty refuses them all. */
  accessHash: string;
  logger: Logger;
  /** Reasons why no requests can be served; empty when ready. */
  notReady(): string[];
  /** What the operator should know although requests are served; shown by /readyz. */
  notices?(): string[];
  /** The text of /metrics, in Prometheus' format. */
  metrics(): Promise<string>;
  /** The content of /jsonstats. */
  stats(): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** What the operator can have done, by path: POST and the bearer token only. Each returns the JSON to answer with. */
  actions: Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;
  /** What the operator is told of an error that is no HttpError; undefined: only that the log has the cause. */
  describe(error: unknown): HttpError | undefined;
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

interface Answer {
  status: number;
  body: unknown;
}

interface Route {
  method: 'GET' | 'POST';
  /** Changes something or moves money: needs the bearer token. */
  guarded: boolean;
  /** A text is sent as it is. */
  handle(query: URLSearchParams): Promise<Answer | string>;
}

const ok = (body: unknown): Answer => ({ status: 200, body });

/** The operator's HTTP interface of a node. All answers but /metrics are JSON; errors are {error: {code, message}}. */
export class OperatorHttp {
  readonly #options: OperatorHttpOptions;
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #access: (request: IncomingMessage) => Access;

  constructor(options: OperatorHttpOptions) {
    this.#options = options;
    this.#routes = routes(options);
    this.#access = accessCheck(options.accessHash);
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
      // No endpoint takes a body: what is sent is read away, within the request timeout.
      request.resume();
      void this.#serve(request, response);
    });
  }

  /** Resolves with the bound port. @throws ConfigError naming the key to change when the port cannot be had */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(listenError(error, { host, port, hostKey: 'http_host', portKey: 'http_port' })),
      );
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#checkHost(request);
      const url = URL.parse(request.url ?? '/', 'http://node');
      if (url === null) throw new HttpError(400, 'bad_path', 'The path of the request is not valid.');
      const { pathname, searchParams } = url;
      const route = this.#routes.get(pathname);
      if (route === undefined) {
        const known = [...this.#routes.keys()].join(', ');
        throw new HttpError(404, 'not_found', `There is nothing at this path. Known are ${known}.`);
      }
      if (request.method !== route.method && !(request.method === 'HEAD' && route.method === 'GET')) {
        response.setHeader('allow', route.method === 'GET' ? 'GET, HEAD' : 'POST');
        throw new HttpError(405, 'method_not_allowed', `${pathname} answers ${route.method} only.`);
      }
      if (route.guarded) this.#authorize(request);
      const answer = await route.handle(searchParams);
      if (typeof answer === 'string') write(response, 200, 'text/plain; version=0.0.4; charset=utf-8', answer);
      else writeJson(response, answer.status, answer.body);
    } catch (error) {
      const { status, code, message } = this.#describe(error);
      if (status >= 500) this.#options.logger.error({ err: error, path: request.url }, 'operator request failed');
      if (status === 401) response.setHeader('www-authenticate', 'Bearer');
      writeJson(response, status, { error: { code, message } });
    }
  }

  /** On loopback only this machine may look; a page in its browser, called by a name of its own, may not. @throws HttpError */
  #checkHost(request: IncomingMessage): void {
    const name = hostName(request.headers.host);
    if (name === undefined || hostAllowed(name) || !isLoopback(this.#options.host)) return;
    throw new HttpError(
      403,
      'host_not_allowed',
      `This node is not reached by the name "${name}". Call it by its address.`,
    );
  }

  /** @throws HttpError */
  #authorize(request: IncomingMessage): void {
    const access = this.#access(request);
    if (access === 'off') {
      throw new HttpError(
        403,
        'access_hash_not_set',
        'This endpoint changes something and needs "http_access_hash" in the configuration. Set it, restart, and send it as Authorization: Bearer.',
      );
    }
    if (access === 'wrong') {
      throw new HttpError(
        401,
        'unauthorized',
        'Send the "http_access_hash" of the configuration as Authorization: Bearer.',
      );
    }
  }

  #describe(error: unknown): HttpError {
    if (error instanceof HttpError) return error;
    const internal = 'The node failed on this request; its log has the cause.';
    return this.#options.describe(error) ?? new HttpError(500, 'internal_error', internal);
  }
}

function routes({ notReady, notices, metrics, stats, actions }: OperatorHttpOptions): ReadonlyMap<string, Route> {
  const read = (handle: Route['handle']): Route => ({ method: 'GET', guarded: false, handle });
  const readiness = (reasons: string[]): Answer => {
    const ready = reasons.length === 0;
    return { status: ready ? 200 : 503, body: { ready, reasons, ...(notices && { notices: notices() }) } };
  };
  return new Map<string, Route>([
    ['/healthz', read(async () => ok({ status: 'ok' }))],
    ['/readyz', read(async () => readiness(notReady()))],
    ['/metrics', read(() => metrics())],
    ['/jsonstats', read(async () => ok(await stats()))],
    ...Object.entries(actions).map(([path, act]): [string, Route] => [
      path,
      { method: 'POST', guarded: true, handle: async (query) => ok(await act(query)) },
    ]),
  ]);
}

/** Amounts and counters are bigint and may pass 2^53: they travel as decimal texts. */
function writeJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  write(response, status, 'application/json', text);
}

function write(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
