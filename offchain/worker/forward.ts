import { type Dispatcher, errors, Pool } from 'undici';
import { ConfigError } from '../node/config';

/** Where the engine is. `prefix` has no slash at its end. */
export interface EngineTarget {
  origin: string;
  prefix: string;
}

/**
 * Reads forward_requests_to: "host", "host:port" or an http(s) URL, with or without a path. A "/v1" at its end, as most programs write base
 * URLs, is understood: requests carry it themselves.
 * @throws ConfigError
 */
export function parseTarget(text: string): EngineTarget {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') throw unusable(text);
  const withScheme = scheme === undefined ? `http://${text}` : text;
  if (!URL.canParse(withScheme)) throw unusable(text);
  const url = new URL(withScheme);
  if (url.hostname === '' || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw unusable(text);
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '') };
}

function unusable(text: string): ConfigError {
  return new ConfigError(
    'forward_requests_to',
    `"${text}" must be host:port or an http(s) URL without user, query or fragment, such as 127.0.0.1:8000`,
  );
}

/** The engine answered nothing, or stopped in the middle. `answered`: a status line had come. */
export class EngineFailure extends Error {
  readonly answered: boolean;

  constructor(message: string, answered: boolean, cause: unknown) {
    super(message, { cause });
    this.name = 'EngineFailure';
    this.answered = answered;
  }
}

/** Receives one answer: `head`, any number of `data`, then `end`; or `failed` at any point, after which nothing comes. */
export interface AnswerHandler {
  head(status: number, reason: string, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  data(chunk: Buffer): void;
  end(): void;
  failed(error: EngineFailure): void;
}

/** A request under way. */
export interface EngineCall {
  /** Ends the request at the engine; the handler is not called any more. */
  abort(): void;
  /** Stops and resumes reading, when what was read cannot be passed on. */
  pause(): void;
  resume(): void;
}

export interface EngineClientOptions {
  target: EngineTarget;
  /** Most requests at a time; each has its connection, which is kept for the next. */
  connections: number;
  connectTimeoutMs?: number;
}

/** Keeps connections to one engine. Time limits are the caller's: an answer may take as long as its request allows. */
export class EngineClient {
  readonly target: EngineTarget;
  readonly #pool: Pool;

  constructor(options: EngineClientOptions) {
    this.target = options.target;
    this.#pool = new Pool(options.target.origin, {
      connections: options.connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.connectTimeoutMs ?? 5000 },
    });
  }

  post(path: string, headers: Record<string, string>, body: Buffer, handler: AnswerHandler): EngineCall {
    const call = new Call(
      this.#pool,
      { path: this.target.prefix + path, method: 'POST', headers, body },
      handler,
      this.target.origin,
    );
    call.start();
    return call;
  }

  /** @param signal ends the request; rejects then, and when there is no answer */
  async get(
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{ status: number; body: string }> {
    const { statusCode, body } = await this.#pool.request({
      path: this.target.prefix + path,
      method: 'GET',
      headers,
      signal,
    });
    return { status: statusCode, body: await body.text() };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

class Call implements EngineCall, Dispatcher.DispatchHandler {
  readonly #pool: Pool;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: AnswerHandler;
  readonly #origin: string;
  #controller: Dispatcher.DispatchController | undefined;
  #answered = false;
  #over = false;
  #retried = false;

  constructor(pool: Pool, options: Dispatcher.DispatchOptions, handler: AnswerHandler, origin: string) {
    this.#pool = pool;
    this.#options = options;
    this.#handler = handler;
    this.#origin = origin;
  }

  start(): void {
    this.#pool.dispatch(this.#options, this);
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new Error('the request was ended by the worker'));
  }

  pause(): void {
    if (!this.#over) this.#controller?.pause();
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Aborted while it waited for a connection: it is not to begin now.
    if (this.#over) controller.abort(new Error('the request was ended by the worker'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    reason?: string,
  ): void {
    if (this.#over || status < 200) return;
    this.#answered = true;
    this.#handler.head(status, reason ?? '', headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#handler.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    if (!this.#answered && !this.#retried && isClosedByPeer(error)) {
      // A kept connection that the engine closed while the request was on its way: nothing came back, so it may go once more.
      this.#retried = true;
      this.start();
      return;
    }
    this.#over = true;
    const detail = describe(error);
    const message = this.#answered
      ? `The engine ended the answer before it was complete (${detail}).`
      : `The engine at ${this.#origin} does not answer (${detail}).`;
    this.#handler.failed(new EngineFailure(message, this.#answered, error));
  }
}

function isClosedByPeer(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return error instanceof errors.SocketError || code === 'ECONNRESET' || code === 'EPIPE';
}

function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'no connection in time';
  return error.message || code || error.name;
}
