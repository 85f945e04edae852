import { findHeader } from '@cocoon/sdk/protocol/http';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { CANCEL_PROTO } from '@cocoon/sdk/protocol/versions';
import type { RequestRow } from '../ledger';
import type { Reservation } from './accounts';
import { ClientFrames, debugTexts, type FinalFacts, stamped } from './client-frames';
import { errorText, RequestError } from './errors';
import {
  badAnswer,
  type ClientSide,
  lost,
  outOfOrder,
  type RequestDeps,
  type RequestFacts,
  type WorkerSide,
  workerFailure,
} from './request-parts';
import { type Effect, isFinal, type RequestEvent, type RequestState, TRANSITIONS } from './request-states';
import type { Lease } from './scheduler';
import { NO_TOKENS, type RequestTokens } from './tokens';
import { readHead } from './worker-answer';
import type { WorkerFrame } from './worker-frames';

/** Made once: it only tells the scheduler's queue that nobody waits any more. */
const ENDED = new RequestError('request_cancelled', 'the request has ended');

/** One relayed request: drives the table of request-states, performs its effects, and ends exactly once. */
export class RelayedRequest {
  readonly facts: RequestFacts;
  readonly client: ClientSide;
  readonly key: string;
  readonly abort = new AbortController();
  state: RequestState = 'queued';
  worker: WorkerSide | undefined;
  /** Set when the client's connection has ended: nothing more is sent to it. */
  clientGone = false;
  private readonly deps: RequestDeps;
  private readonly reservation: Reservation;
  private readonly frames: ClientFrames;
  private lease: Lease<WorkerSide> | undefined;
  private bodyType: 'sse' | 'json' = 'json';
  private response: TlType<'http.response'> | undefined;
  private headSent = false;
  private told = false;
  private error: RequestError | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(facts: RequestFacts, client: ClientSide, reservation: Reservation, deps: RequestDeps) {
    this.facts = facts;
    this.client = client;
    this.reservation = reservation;
    this.deps = deps;
    this.key = facts.id.toString('hex');
    this.frames = new ClientFrames(client.proto, facts.clientRequestId);
    this.arm(facts.deadlineAt - deps.now());
  }

  get errorCode(): string | undefined {
    return this.error?.code;
  }

  get coefficient(): number {
    return this.lease?.coefficient ?? 0;
  }

  assigned(lease: Lease<WorkerSide>): void {
    // The request may have ended between the scheduler's choice and this call.
    if (this.state !== 'queued') {
      lease.release();
      return;
    }
    this.lease = lease;
    this.worker = lease.seat;
    this.handle('assigned');
  }

  /** Ends or moves the request because of `error`. */
  fail(
    event: Extract<RequestEvent, 'refused' | 'workerLost' | 'cancel' | 'timeout' | 'violation'>,
    error: RequestError,
  ): void {
    this.handle(event, undefined, error);
  }

  answered(frame: WorkerFrame): void {
    if (this.state === 'forwarded' && (frame.event === 'head' || frame.event === 'lastHead')) {
      this.response = this.parse(frame);
      if (!this.response) {
        this.fail('violation', badAnswer());
        return;
      }
    }
    this.handle(frame.event, frame, frame.error ? workerFailure(frame.error) : undefined);
  }

  private handle(event: RequestEvent, frame?: WorkerFrame, error?: RequestError): void {
    const transition = TRANSITIONS[this.state][event];
    if (!transition) return;
    if (transition.effects.includes('sendError') || transition.to === 'draining') {
      // The first reason stays: a cancel that drains and then meets a lost worker is still a cancel.
      this.error ??= error ?? outOfOrder(event, this.state);
    }
    const worker = this.worker;
    this.state = transition.to;
    if (isFinal(this.state)) {
      clearTimeout(this.timer);
      this.abort.abort(ENDED);
      this.deps.ended(this);
    }
    this.perform(transition.effects, frame, worker).catch((cause: unknown) => {
      this.deps.logger.error(
        { request: this.key, reason: errorText(cause) },
        'a request could not be ended as planned',
      );
      this.tellError(frame?.tokens ?? NO_TOKENS);
    });
  }

  private async perform(
    effects: readonly Effect[],
    frame: WorkerFrame | undefined,
    worker: WorkerSide | undefined,
  ): Promise<void> {
    let tokens = NO_TOKENS;
    for (const effect of effects) {
      if (effect === 'settle') {
        tokens = this.deps.payable(frame?.tokens ?? NO_TOKENS, this.reservation, this.client.account);
        await this.settle(tokens);
        if (this.state === 'done' && frame) this.sendLast({ ...frame, tokens });
        this.deps.notify(this, tokens);
      } else if (effect === 'release') this.release();
      else if (effect === 'sendError') this.tellError(tokens, frame);
      else if (effect === 'forward') this.forward();
      else if (effect === 'sendHead') this.sendHead();
      else if (effect === 'sendPart') this.sendPart(frame!);
      else if (effect === 'stopWorker') this.stopWorker();
      else if (effect === 'dropWorker') worker?.drop(this.error ?? new Error('protocol violation'));
    }
  }

  private forward(): void {
    const { facts, worker } = this;
    const remaining = (facts.deadlineAt - this.deps.now()) / 1000;
    const base = {
      query: facts.query,
      signedPayment: this.deps.payoutVoucher(worker!.account),
      coefficient: BigInt(this.coefficient),
      // The worker stops first, so that its own error and its count still arrive in time.
      timeout: Math.max(0.1, remaining * 0.95),
      requestId: facts.id,
    };
    try {
      const message: TlObject =
        worker!.proto >= 1
          ? { _: 'proxy.runQueryEx', ...base, ...(facts.enableDebug ? { enableDebug: true } : {}) }
          : { _: 'proxy.runQuery', ...base };
      if (!worker!.send(message)) this.fail('workerLost', lost());
    } catch (cause) {
      this.fail(
        'refused',
        new RequestError('request_too_large', `the request cannot be sent to the worker: ${errorText(cause)}`),
      );
    }
  }

  private sendHead(): void {
    const response = this.response!;
    this.headSent = this.toClient(() => this.frames.head(response));
  }

  private sendPart(frame: WorkerFrame): void {
    this.toClient(() => this.frames.part(frame.data));
  }

  private sendLast(frame: WorkerFrame): void {
    if (this.told) return;
    this.told = true;
    const final = this.final(frame.tokens, frame);
    const response = this.response!;
    this.toClient(
      () => (this.headSent ? this.frames.part(frame.data, final) : this.frames.head(response, final)),
      () => this.errorFrame(badAnswer(), final),
    );
  }

  /** The head with our time stamps; undefined when the worker sent something else. */
  private parse(frame: WorkerFrame): TlType<'http.response'> | undefined {
    const response = readHead(frame.data);
    if (!response) return undefined;
    const type = findHeader(response.headers, 'content-type') ?? '';
    if (type.toLowerCase().startsWith('text/event-stream')) this.bodyType = 'sse';
    return stamped(response, this.facts.startedAt, this.deps.now());
  }

  private tellError(tokens: RequestTokens, frame?: WorkerFrame): void {
    if (this.told) return;
    this.told = true;
    const error = this.error ?? badAnswer();
    const final = this.final(tokens, frame);
    this.toClient(
      () => this.errorFrame(error, final),
      () => this.errorFrame(badAnswer(), final),
    );
  }

  private errorFrame(error: RequestError, final: FinalFacts): TlObject {
    return this.headSent ? this.frames.errorPart(error, final, this.bodyType) : this.frames.errorHead(error, final);
  }

  /**
   * What a worker sends can just fit its own message and not the client's. The client is still there then and must hear how its
   * request ended.
   * @param instead of the last frame, when that is what cannot be sent
   */
  private toClient(frame: () => TlObject, instead?: () => TlObject): boolean {
    if (this.clientGone) return false;
    try {
      if (this.client.send(frame())) return true;
    } catch (cause) {
      this.deps.logger.warn({ request: this.key, reason: errorText(cause) }, 'a frame could not be sent to the client');
      if (instead) return this.toClient(instead);
      if (!this.told) {
        this.fail('violation', badAnswer());
        return false;
      }
    }
    this.clientGone = true;
    this.fail('cancel', new RequestError('request_cancelled', 'the client does not take the answer'));
    return false;
  }

  private stopWorker(): void {
    if (this.worker && this.worker.proto >= CANCEL_PROTO) {
      this.worker.send({ _: 'proxy.cancelQuery', requestId: this.facts.id });
      this.arm(this.deps.drainTimeoutMs);
      return;
    }
    // A live worker cannot be asked to stop: it runs to its end or its own time limit, and its count is awaited.
    const left = Math.max(0, this.facts.deadlineAt - this.deps.now());
    this.arm(left + this.deps.drainTimeoutMs);
  }

  private settle(tokens: RequestTokens): Promise<void> {
    this.lease?.release(this.state === 'done' ? this.deps.now() - this.facts.startedAt : undefined);
    return this.deps.settle(this.row(tokens), tokens, this.worker!.account, this.reservation, this.client.account);
  }

  private release(): void {
    this.lease?.release();
    this.deps.record(this.row(NO_TOKENS), this.reservation);
  }

  private row(tokens: RequestTokens): RequestRow {
    return {
      id: this.key,
      client: this.client.account.owner,
      worker: this.worker?.account.owner ?? null,
      model: this.facts.model,
      coefficient: this.coefficient,
      outcome: this.state === 'done' || this.state === 'cancelled' ? this.state : 'failed',
      error: this.error ? `${this.error.code}: ${this.error.message}` : null,
      ...tokens,
      costNano: 0n,
      feeNano: 0n,
      startedAt: this.facts.startedAt,
      endedAt: this.deps.now(),
    };
  }

  private final(tokens: RequestTokens, frame: WorkerFrame | undefined): FinalFacts {
    const start = this.facts.startedAt / 1000;
    const end = this.deps.now() / 1000;
    return {
      tokens,
      proxyTimes: { start, end },
      ...(frame?.times ? { workerTimes: frame.times } : {}),
      ...(this.facts.enableDebug ? { debug: debugTexts(frame?.debug, start, end) } : {}),
    };
  }

  private arm(afterMs: number): void {
    clearTimeout(this.timer);
    const seconds = (this.facts.deadlineAt - this.facts.startedAt) / 1000;
    this.timer = setTimeout(
      () =>
        this.fail(
          'timeout',
          new RequestError(
            'request_timeout',
            `no complete answer within ${seconds} s; allow more with the timeout parameter`,
          ),
        ),
      Math.max(0, afterMs),
    );
  }
}
