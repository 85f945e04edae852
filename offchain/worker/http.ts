import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Address } from '@ton/core';
import type { Logger } from 'pino';
import { OutcomeError } from '../chain/outcome';
import { ChainError } from '../chain/port';
import { WalletError } from '../chain/wallet-errors';
import { coefficientSchema } from './config';
import { PayoutError, type PayoutResult } from './earnings';
import { ConfigError } from './errors';

export interface HttpOptions {
  host: string;
  port: number;
  /** Bearer token of the endpoints that change something; empty refuses them all. */
  accessHash: string;
  logger: Logger;
  /** Reasons why no requests can be served; empty when ready. */
  notReady(): string[];
  metrics(): Promise<string>;
  stats(): Promise<Record<string, unknown>>;
  actions: {
    setEnabled(enabled: boolean): void;
    payout(proxy: Address | undefined): Promise<PayoutResult>;
    changeCoefficient(coefficient: number): void;
  };
}

/** An answer that is not 200: `code` is stable, `message` says what to do. */
class HttpError extends Error {
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
  /** Changes something: needs the bearer token. */
  guarded: boolean;
  handle(query: URLSearchParams): Promise<Answer | string>;
}

/** The operator's HTTP interface. All answers but /metrics are JSON. */
export class OperatorHttp {
  readonly #options: HttpOptions;
  readonly #server: Server;
  readonly #routes: Map<string, Route>;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#routes = routes(options);
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
      // No endpoint takes a body: what is sent is read away.
      request.resume();
      void this.#serve(request, response);
    });
  }

  /** Resolves with the bound port. @throws ConfigError when the port cannot be had */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        const detail = taken ? `port ${port} on ${host} is taken. Stop what uses it, or choose another` : error.message;
        reject(new ConfigError('http_port', detail));
      });
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
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://worker');
      const route = this.#routes.get(pathname);
      if (route === undefined) {
        throw new HttpError(
          404,
          'not_found',
          `There is nothing at this path. Known are ${[...this.#routes.keys()].join(', ')}.`,
        );
      }
      if (request.method !== route.method && !(request.method === 'HEAD' && route.method === 'GET')) {
        response.setHeader('allow', route.method);
        throw new HttpError(405, 'method_not_allowed', `${pathname} answers ${route.method} only.`);
      }
      if (route.guarded) authorize(request.headers.authorization, this.#options.accessHash);
      const answer = await route.handle(searchParams);
      if (typeof answer === 'string') write(response, 200, 'text/plain; version=0.0.4; charset=utf-8', answer);
      else writeJson(response, answer.status, answer.body);
    } catch (error) {
      const shown = toHttpError(error);
      if (shown.status >= 500) this.#options.logger.error({ err: error, path: request.url }, 'operator request failed');
      if (shown.status === 401) response.setHeader('www-authenticate', 'Bearer');
      writeJson(response, shown.status, { error: { code: shown.code, message: shown.message } });
    }
  }
}

function routes({ notReady, metrics, stats, actions }: HttpOptions): Map<string, Route> {
  const read = (handle: Route['handle']): Route => ({ method: 'GET', guarded: false, handle });
  const act = (handle: Route['handle']): Route => ({ method: 'POST', guarded: true, handle });
  const ok = (body: unknown): Answer => ({ status: 200, body });
  const setEnabled = (enabled: boolean) =>
    act(async () => {
      actions.setEnabled(enabled);
      return ok({ enabled });
    });
  return new Map([
    ['/healthz', read(async () => ok({ status: 'ok' }))],
    [
      '/readyz',
      read(async () => {
        const reasons = notReady();
        return { status: reasons.length === 0 ? 200 : 503, body: { ready: reasons.length === 0, reasons } };
      }),
    ],
    ['/metrics', read(() => metrics())],
    ['/jsonstats', read(async () => ok(await stats()))],
    ['/request/enable', setEnabled(true)],
    ['/request/disable', setEnabled(false)],
    ['/request/payout', act(async (query) => ok(shownPayout(await actions.payout(proxyParameter(query)))))],
    [
      '/request/change_coefficient',
      act(async (query) => {
        const coefficient = coefficientParameter(query);
        actions.changeCoefficient(coefficient);
        return ok({ coefficient });
      }),
    ],
  ]);
}

function authorize(header: string | undefined, accessHash: string): void {
  if (accessHash === '') {
    throw new HttpError(
      403,
      'access_hash_not_set',
      'This endpoint changes something and needs "http_access_hash" in the configuration. Set it, and send it as Authorization: Bearer.',
    );
  }
  const given = /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(accessHash))) {
    throw new HttpError(
      401,
      'unauthorized',
      'Send the "http_access_hash" of the configuration as Authorization: Bearer.',
    );
  }
}

function proxyParameter(query: URLSearchParams): Address | undefined {
  const text = query.get('proxy');
  if (text === null || text === '') return undefined;
  try {
    return Address.parse(text);
  } catch {
    throw new HttpError(400, 'invalid_parameter', '"proxy" must be the address of a proxy contract.');
  }
}

/** As the live worker takes it: a factor, such as 1.5, which is 1500 thousandths. */
function coefficientParameter(query: URLSearchParams): number {
  const text = query.get('coefficient') ?? '';
  const parsed = coefficientSchema.safeParse(
    /^\d{1,6}(\.\d{1,9})?$/.test(text) ? Math.trunc(Math.round(Number(text) * 1e6) / 1000) : undefined,
  );
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    'invalid_parameter',
    'Give ?coefficient= as a factor of the base price, such as 1 or 1.5 (0 to 999999).',
  );
}

function shownPayout({ worker, proxy, transaction, tokens, amountNano }: PayoutResult): unknown {
  return {
    proxy: proxy.toString(),
    worker: worker.toString(),
    tokens: tokens.toString(),
    amount_nano: amountNano.toString(),
    transaction: {
      hash: transaction.hash().toString('hex'),
      lt: transaction.lt.toString(),
      account: worker.toString(),
    },
  };
}

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof PayoutError) return new HttpError(409, error.code, error.message);
  if (error instanceof WalletError || error instanceof OutcomeError || error instanceof ChainError) {
    return new HttpError(502, error.code, error.message);
  }
  return new HttpError(500, 'internal_error', 'The worker failed on this request; its log has the cause.');
}

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
