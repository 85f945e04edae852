import { TonCode } from '@cocoon/sdk/errors';
import { httpHeader } from '@cocoon/sdk/protocol/http';
import type { AdjustedTokens, TokenUsage } from '@cocoon/sdk/protocol/metering';
import { decodeAs, type HttpHeader, type HttpResponse } from '@cocoon/sdk/protocol/tl';
import type { Logger } from 'pino';
import { type Clock, unixSeconds } from '../node/clock';
import { type AnswerWriter, type Final, NO_TOKENS } from './answer-writer';
import { type EngineKind, type EngineRequest, toEngineRequest } from './engine-request';
import { badRequest, RequestRefused } from './errors';
import type { AnswerHandler, EngineCall, EngineClient, EngineFailure } from './forward';
import { Meter } from './meter';
import { responseHeaders } from './response-headers';

/** Sent in one message at most; the protocol's limit is 16 MiB with everything around it. */
const MAX_PART_BYTES = 4 << 20;

/** How a request ended, for metrics. */
export type Outcome =
  | 'completed'
  | 'refused'
  | 'engine_error'
  | 'engine_failed'
  | 'cancelled'
  | 'timeout'
  | 'connection_lost';

export interface QueryResult {
  outcome: Outcome;
  used: AdjustedTokens;
  durationMs: number;
}

export interface QueryDeps {
  engine: EngineClient;
  engineKind: EngineKind;
  model: string;
  apiKey: string | undefined;
  clock: Clock;
  logger: Logger;
  /** nanoTON per adjusted token, for the cost fields of the answer. */
  pricePerToken: bigint;
  adjust: (usage: TokenUsage) => AdjustedTokens;
  writer: AnswerWriter;
  /** False while the proxy is behind with reading. */
  writable: () => boolean;
  drained: () => Promise<void>;
  /** Called exactly once. */
  onEnd: (result: QueryResult) => void;
  /** The engine streamed an answer and reported no usage for it. */
  onUnreportedUsage: () => void;
}

export interface QueryInput {
  /** Boxed http.request as the client sent it. */
  query: Buffer;
  /** The proxy's limit for this request, seconds. */
  timeoutS: number;
}

/**
 * One request from the proxy's message to the last message of its answer. Ends exactly once, whatever the engine, the proxy and the clock do.
 *
 *   waiting --head--> answering --end--> over
 *      \-- refused / engine failed / cancel / timeout / connection lost, from every state --> over
 */
export class RunningQuery implements AnswerHandler {
  readonly #deps: QueryDeps;
  readonly #startMs: number;
  #call: EngineCall | undefined;
  #meter: Meter | undefined;
  #cancelTimer: () => void = () => undefined;
  #firstByteMs: number | undefined;
  /** The engine's head until it goes out with the first bytes; undefined afterwards. */
  #head: Omit<HttpResponse, 'payload'> | undefined;
  /** Body of an answer that is not streamed, kept to go out in one message. */
  #collected: Buffer[] | undefined;
  #collectedBytes = 0;
  /** Streamed bytes of this turn of the event loop. */
  readonly #burst: Buffer[] = [];
  #engineStatus = 0;
  #over = false;
  #paused = false;

  constructor(deps: QueryDeps) {
    this.#deps = deps;
    this.#startMs = deps.clock.nowMs();
  }

  start({ query, timeoutS }: QueryInput): void {
    const { clock, engine, engineKind, model, apiKey } = this.#deps;
    let request: EngineRequest;
    try {
      request = toEngineRequest(readRequest(query), { model, engine: engineKind, apiKey });
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      this.#refuse(error, 'refused');
      return;
    }
    // A little less than the proxy waits, so that it learns from here what was used.
    this.#cancelTimer = clock.after(timeoutS * 950, () => this.#stop('timeout', TonCode.timeout, 'worker: timeout'));
    if (!request.stream) this.#collected = [];
    const { hideChunkUsage } = request;
    this.#startMeter = (contentType) => {
      const { adjust, pricePerToken } = this.#deps;
      return new Meter({ contentType, adjust, pricePerToken, hideChunkUsage });
    };
    this.#call = engine.post(request.path, request.headers, request.body, this);
  }

  /** The client does not want the rest. What was generated so far is reported, and paid for. */
  cancel(): void {
    this.#stop('cancelled', TonCode.cancelled, 'cancelled by the client');
  }

  /** The proxy is gone: nobody can be told anything. */
  connectionLost(): void {
    if (this.#over) return;
    this.#call?.abort();
    this.#finish('connection_lost', this.#used());
  }

  head(status: number, reason: string, received: Readonly<Record<string, string | string[] | undefined>>): void {
    const { clock } = this.#deps;
    const encoding = String(received['content-encoding'] ?? 'identity').toLowerCase();
    if (encoding !== 'identity') {
      this.#refuse(
        engineTrouble(`The engine sent its answer compressed (${encoding}), although it was asked not to.`),
        'engine_failed',
      );
      return;
    }
    const type = String(received['content-type'] ?? '');
    if (status < 300 && /^text\/html/i.test(type)) {
      // A login page or a proxy in between: the app would take it for a completion.
      const { origin } = this.#deps.engine.target;
      this.#refuse(
        engineTrouble(`The engine at ${origin} answered with ${type} instead of JSON or an event stream.`),
        'engine_failed',
      );
      return;
    }
    this.#engineStatus = status;
    const times = [
      httpHeader('X-Cocoon-Worker-Start', unixSeconds(this.#startMs)),
      httpHeader('X-Cocoon-Worker-End', unixSeconds(clock.nowMs())),
    ];
    this.#head = {
      _: 'http.response',
      httpVersion: 'HTTP/1.1',
      statusCode: status,
      reason,
      headers: [...responseHeaders(received), ...times],
    };
    const contentType = received['content-type'];
    // An error costs nothing, whatever its body says.
    if (status < 400) this.#meter = this.#startMeter(Array.isArray(contentType) ? contentType[0] : contentType);
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    this.#firstByteMs ??= this.#deps.clock.nowMs();
    const bytes = this.#metered(() => this.#meter?.push(chunk) ?? chunk);
    if (bytes === undefined || bytes.length === 0) return;
    if (this.#collected === undefined) {
      this.#burst.push(bytes);
      if (this.#burst.length === 1) queueMicrotask(() => this.#sendBurst());
      return;
    }
    this.#collected.push(bytes);
    this.#collectedBytes += bytes.length;
    if (this.#collectedBytes > MAX_PART_BYTES) this.#send(this.#takeCollected());
  }

  end(): void {
    if (this.#over) return;
    const rest = this.#metered(() => this.#meter?.end() ?? Buffer.alloc(0));
    if (rest === undefined) return;
    if (this.#meter?.reported === false && this.#meter.rawUsage().completionTokens > 0) this.#deps.onUnreportedUsage();
    const bytes = Buffer.concat([...this.#burst.splice(0), ...(this.#collected?.splice(0) ?? []), rest]);
    const used = this.#used();
    this.#send(bytes, this.#final(used));
    this.#finish(this.#engineStatus >= 400 ? 'engine_error' : 'completed', used);
  }

  failed(failure: EngineFailure): void {
    if (this.#over) return;
    this.#sendBurst();
    this.#deps.logger.warn({ err: failure }, failure.message);
    // Nothing has gone out yet: a proper HTTP answer can still be given.
    if (this.#head !== undefined || !failure.answered)
      this.#refuse(engineTrouble(`${failure.message} Retry the request.`), 'engine_failed');
    else this.#stop('engine_failed', TonCode.failure, failure.message);
  }

  /** Set when the request is known; the meter needs what the engine was asked for and what it answers with. */
  #startMeter: (contentType: string | undefined) => Meter = () => {
    throw new Error('an answer came before the request');
  };

  /** @returns undefined when the body could not be metered; the request is over then */
  #metered(step: () => Buffer): Buffer | undefined {
    try {
      return step();
    } catch (error) {
      this.#sendBurst();
      this.#deps.logger.error({ err: error }, 'the answer of the engine cannot be passed on');
      const message = `The answer of the engine cannot be passed on: ${(error as Error).message}.`;
      if (this.#head !== undefined) this.#refuse(engineTrouble(message), 'engine_failed');
      else this.#stop('engine_failed', TonCode.failure, message);
      return undefined;
    }
  }

  /** What the engine wrote in one go leaves in one message; a token that comes alone leaves alone, in the same turn. */
  #sendBurst(): void {
    if (this.#over || this.#burst.length === 0) return;
    this.#send(Buffer.concat(this.#burst.splice(0)));
    this.#holdBack();
  }

  /** Sends bytes in as many messages as they need; the first goes with the head, the last with the final count. */
  #send(bytes: Buffer, final?: Final): void {
    const { writer } = this.#deps;
    let at = 0;
    const next = (): Buffer => {
      const part = bytes.subarray(at, at + MAX_PART_BYTES);
      at += part.length;
      return part;
    };
    const last = (): Final | undefined => (at === bytes.length ? final : undefined);
    if (this.#head !== undefined) {
      const payload = next();
      const complete = at === bytes.length && final !== undefined;
      const length = complete
        ? httpHeader('Content-Length', String(payload.length))
        : httpHeader('Transfer-Encoding', 'chunked');
      writer.head({ ...this.#head, headers: [...this.#head.headers, length], payload }, last());
      this.#head = undefined;
      if (complete) return;
    } else if (bytes.length === 0) {
      if (final !== undefined) writer.part(bytes, final);
      return;
    }
    while (at < bytes.length) writer.part(next(), last());
  }

  #takeCollected(): Buffer {
    const bytes = Buffer.concat(this.#collected ?? [], this.#collectedBytes);
    this.#collected = undefined;
    this.#collectedBytes = 0;
    return bytes;
  }

  /** Reads no more from the engine while the proxy does not read what it was sent. */
  #holdBack(): void {
    if (this.#paused || this.#over || this.#deps.writable()) return;
    this.#paused = true;
    this.#call?.pause();
    this.#deps.drained().then(
      () => {
        this.#paused = false;
        this.#call?.resume();
      },
      () => this.connectionLost(),
    );
  }

  /** Ends the request with an HTTP error as its whole answer; it costs nothing. */
  #refuse(refusal: RequestRefused, outcome: Outcome): void {
    if (this.#over) return;
    this.#call?.abort();
    const { clock, writer } = this.#deps;
    const payload = refusal.toBody();
    const headers: HttpHeader[] = [
      httpHeader('Content-Type', 'application/json'),
      httpHeader('X-Cocoon-Worker-Start', unixSeconds(this.#startMs)),
      httpHeader('X-Cocoon-Worker-End', unixSeconds(clock.nowMs())),
      httpHeader('Content-Length', String(payload.length)),
    ];
    const status = { statusCode: refusal.status, reason: refusal.reason };
    writer.head({ _: 'http.response', httpVersion: 'HTTP/1.1', ...status, headers, payload }, this.#final(NO_TOKENS));
    this.#finish(outcome, NO_TOKENS);
  }

  #stop(outcome: Outcome, code: number, text: string): void {
    if (this.#over) return;
    this.#sendBurst();
    this.#call?.abort();
    const used = this.#used();
    this.#deps.writer.error(code, text, this.#final(used));
    this.#finish(outcome, used);
  }

  #used(): AdjustedTokens {
    return this.#meter?.used() ?? NO_TOKENS;
  }

  #final(used: AdjustedTokens): Final {
    return { used, startMs: this.#startMs, firstByteMs: this.#firstByteMs, endMs: this.#deps.clock.nowMs() };
  }

  #finish(outcome: Outcome, used: AdjustedTokens): void {
    this.#over = true;
    this.#cancelTimer();
    this.#deps.onEnd({ outcome, used, durationMs: this.#deps.clock.nowMs() - this.#startMs });
  }
}

/** @throws RequestRefused when the bytes are no http.request: they come from the client, the proxy passes them on unread */
function readRequest(query: Buffer) {
  try {
    return decodeAs('http.request', query);
  } catch (error) {
    throw badRequest(`The query is no http.request: ${(error as Error).message}.`, 'invalid_query');
  }
}

function engineTrouble(message: string): RequestRefused {
  return new RequestRefused(message, { status: 502, reason: 'Bad Gateway', code: 'engine_unavailable' });
}
