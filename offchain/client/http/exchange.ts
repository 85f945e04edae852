import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Clock, unixSeconds } from '../../node/clock';
import { type GatewayError, protocolError, timedOut } from '../errors';
import type { Metrics } from '../metrics';
import type { SpendReservation } from '../spend';
import type { AnswerHead, AnswerSink, FinalInfo, RunningRequest, Upstream, UpstreamRequest } from '../upstream';
import { clientDebug, insertDebug } from './debug';
import { answerErrorBody } from './engine-error';
import { responseHeaders } from './headers';
import { sendError } from './respond';
import { SseRelay, splitDone, sseEvent } from './sse';

export interface ExchangeLimits {
  /** Most answer bytes kept for a caller who reads slowly, or for an answer that is sent whole. */
  backlogBytes: number;
  /** How long a caller may take to read the rest of a finished answer without taking any byte of it. */
  stallMs: number;
}

export interface ExchangeDeps {
  upstream: Upstream;
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
  limits: ExchangeLimits;
}

/**
 * One request from the moment it is valid to its end. Streams go out as they arrive; any other answer is collected, so that its cost can
 * stand in the headers and a failure half way still gets its proper status. Ends exactly once, whatever happens on either side.
 *
 *   waiting --head(stream)--> streaming --final--> done
 *      |  \--head(other)----> collecting --final--> done
 *      \-- failed / timeout / caller gone, from every state --> done
 */
export class Exchange implements AnswerSink {
  /** Resolves when the request has ended everywhere. */
  readonly ended: Promise<void>;
  readonly #deps: ExchangeDeps;
  readonly #res: ServerResponse;
  readonly #request: UpstreamRequest;
  readonly #wantsStream: boolean;
  readonly #reservation: SpendReservation;
  readonly #startedMs: number;
  #state: 'waiting' | 'streaming' | 'collecting' | 'done' = 'waiting';
  #running: RunningRequest | undefined;
  #cancelTimer: () => void = () => undefined;
  #resolveEnded: () => void = () => undefined;
  #head: AnswerHead | undefined;
  #headMs = 0;
  #sse: SseRelay | undefined;
  #collected: Buffer[] = [];
  #collectedBytes = 0;
  /** The closing event of a stream, held back while debug information may still have to go before it. */
  #heldDone: Buffer | undefined;

  constructor(
    deps: ExchangeDeps,
    res: ServerResponse,
    request: UpstreamRequest,
    options: { stream: boolean; reservation: SpendReservation },
  ) {
    this.#deps = deps;
    this.#res = res;
    this.#request = request;
    this.#wantsStream = options.stream;
    this.#reservation = options.reservation;
    this.#startedMs = deps.clock.nowMs();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  start(): void {
    const { timeoutS } = this.#request;
    this.#deps.metrics.started();
    this.#cancelTimer = this.#deps.clock.after(timeoutS * 1000, () => this.#abort(timedOut(timeoutS)));
    this.#res.once('close', () => this.#callerGone());
    this.#res.on('error', (err) => this.#deps.logger.debug({ err }, 'writing an answer failed'));
    const running = this.#deps.upstream.run(this.#request, this);
    if (this.#isDone()) running.cancel();
    else this.#running = running;
  }

  /** Ends the request from this side, as at shutdown. */
  abort(error: GatewayError): void {
    this.#abort(error);
  }

  head(head: AnswerHead, final: FinalInfo | undefined): void {
    if (this.#isDone()) return;
    if (this.#state !== 'waiting') {
      this.#abort(protocolError('two beginnings of one answer'));
      return;
    }
    this.#head = head;
    this.#headMs = this.#deps.clock.nowMs();
    const streams = this.#wantsStream && final === undefined && head.status >= 200 && head.status < 300;
    this.#state = streams ? 'streaming' : 'collecting';
    if (streams) {
      const headers = this.#answerHeaders();
      if (/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) this.#sse = new SseRelay();
      this.#res.writeHead(head.status, { 'cache-control': 'no-cache', 'x-accel-buffering': 'no', ...headers });
      this.#res.flushHeaders();
    }
    if (head.payload.length > 0) this.#take(head.payload);
    if (final !== undefined) this.#complete(final);
  }

  part(data: Buffer, final: FinalInfo | undefined): void {
    if (this.#isDone()) return;
    if (this.#state === 'waiting') {
      this.#abort(protocolError('a part of an answer that has not begun'));
      return;
    }
    if (data.length > 0) this.#take(data);
    if (final !== undefined) this.#complete(final);
  }

  failed(error: GatewayError, tokens?: bigint): void {
    if (this.#isDone()) return;
    // What had begun to arrive may be charged for, whatever the reason of its end.
    if (tokens !== undefined && (tokens > 0n || this.#head === undefined)) this.#reservation.settle(tokens);
    this.#finish({ error });
  }

  #take(data: Buffer): void {
    if (this.#state === 'collecting') {
      this.#collectedBytes += data.length;
      if (this.#collectedBytes > this.#deps.limits.backlogBytes) {
        this.#abort(protocolError('it is larger than any answer may be'));
      } else {
        this.#collected.push(data);
      }
      return;
    }
    const ready = this.#sse === undefined ? data : this.#sse.push(data);
    if (this.#request.enableDebug && this.#sse?.done) {
      const { before, done } = splitDone(ready);
      this.#write(before);
      this.#heldDone = done;
    } else {
      this.#write(ready);
    }
  }

  #write(data: Buffer | string): void {
    if (data.length === 0) return;
    // The connection to the proxy carries every caller's answer, so it is never held up for one slow reader: that one is let go.
    if (this.#res.writableLength + data.length > this.#deps.limits.backlogBytes) {
      this.#deps.logger.warn(
        { backlog: this.#res.writableLength },
        'the caller does not read its answer; ending the request',
      );
      this.#res.destroy();
      return;
    }
    this.#res.write(data);
    this.#deps.metrics.bytes(0, data.length);
  }

  #complete(final: FinalInfo): void {
    if (this.#isDone()) return;
    this.#reservation.settle(final.tokens.total, final.pricePerToken);
    this.#deps.metrics.tokens(final.tokens);
    if (this.#state === 'streaming') {
      this.#write(this.#sse?.flush() ?? '');
      if (this.#request.enableDebug) this.#write(this.#debugEvent(final));
      this.#write(this.#heldDone ?? '');
      this.#endResponse();
    } else {
      this.#sendCollected(final);
    }
    this.#finish({ final });
  }

  #sendCollected(final: FinalInfo): void {
    const head = this.#head as AnswerHead;
    const headers = this.#answerHeaders();
    headers['x-cocoon-tokens'] = final.tokens.total.toString();
    headers['x-cocoon-cost'] = (final.tokens.total * final.pricePerToken).toString();
    let body: Buffer | string =
      this.#collected.length === 1 ? (this.#collected[0] as Buffer) : Buffer.concat(this.#collected);
    if (head.status >= 400) {
      body = answerErrorBody(body, head.status);
      headers['content-type'] = 'application/json; charset=utf-8';
    } else if (this.#request.enableDebug) {
      body = insertDebug(body, this.#debug(final));
    }
    headers['content-length'] = String(Buffer.byteLength(body));
    this.#res.writeHead(head.status, headers);
    this.#res.write(body);
    this.#deps.metrics.bytes(0, body.length);
    this.#endResponse();
  }

  #answerHeaders(): Record<string, string> {
    const headers = responseHeaders((this.#head as AnswerHead).headers);
    headers['x-cocoon-client-start'] = unixSeconds(this.#startedMs);
    headers['x-cocoon-client-end'] = unixSeconds(this.#deps.clock.nowMs());
    return headers;
  }

  #debug(final: FinalInfo): Record<string, unknown> {
    return clientDebug(final, { startMs: this.#startedMs, headMs: this.#headMs, endMs: this.#deps.clock.nowMs() });
  }

  #debugEvent(final: FinalInfo): string {
    const json = JSON.stringify({ object: 'cocoon.debug', choices: [], debug: this.#debug(final) });
    return this.#sse === undefined ? `${json}\n` : sseEvent(json);
  }

  #callerGone(): void {
    if (this.#isDone()) return;
    this.#running?.cancel();
    this.#finish({ cancelled: true });
  }

  #abort(error: GatewayError): void {
    if (this.#isDone()) return;
    this.#running?.cancel();
    this.#finish({ error });
  }

  #finish(outcome: { final: FinalInfo } | { error: GatewayError } | { cancelled: true }): void {
    const streaming = this.#state === 'streaming';
    this.#state = 'done';
    this.#cancelTimer();
    this.#collected = [];
    // Refusals cost nothing; where the network may have gone on working, the reservation stays spent.
    if ('error' in outcome && !outcome.error.maybeCharged && this.#head === undefined) this.#reservation.settle(0n);
    const seconds = (this.#deps.clock.nowMs() - this.#startedMs) / 1000;
    if ('error' in outcome) {
      const { error } = outcome;
      this.#deps.logger.info({ code: error.code, status: error.status, err: error.cause }, 'request failed');
      if (!streaming) sendError(this.#res, error);
      else this.#endStreamWith(error);
    }
    const status =
      'final' in outcome ? (this.#head as AnswerHead).status : 'error' in outcome ? outcome.error.status : 499;
    this.#deps.metrics.finished({ status, seconds });
    this.#resolveEnded();
  }

  /** The status line is gone already: the error is the last event, and [DONE] never follows it. */
  #endStreamWith(error: GatewayError): void {
    if (this.#sse === undefined) this.#write(`${error.toBody()}\n`);
    else if (!this.#sse.done || this.#heldDone !== undefined) this.#write(sseEvent(error.toBody()));
    this.#endResponse();
  }

  #endResponse(): void {
    const res = this.#res;
    res.end();
    // A caller who never takes the rest would keep it in memory for good.
    if (!res.writableFinished) res.setTimeout(this.#deps.limits.stallMs, () => res.destroy());
  }

  #isDone(): boolean {
    return this.#state === 'done';
  }
}
