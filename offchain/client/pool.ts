import type { RegisteredProxy } from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { RootConfig } from '../node/root-watch';
import { GatewayError } from './errors';
import type { Metrics } from './metrics';
import type { ProxySession } from './session';
import type { ProxySlot } from './slot';
import { ProxyRefusedError } from './terms';
import type {
  AnswerHead,
  AnswerSink,
  FinalInfo,
  ModelInfo,
  Pricing,
  RunningRequest,
  Upstream,
  UpstreamRequest,
} from './upstream';

export interface PoolOptions {
  /** How many proxies to be connected to. */
  connections: number;
  root(): RootConfig | undefined;
  /** Starts keeping a connection to one registered proxy. */
  openSlot(target: RegisteredProxy): ProxySlot;
  /** From 0 up to 1; decides which proxies are chosen. */
  random(): number;
  metrics: Metrics;
  logger: Logger;
}

/** The proxies this client uses: chosen at random from the registry, requests spread over those that are ready. */
export class ProxyPool implements Upstream {
  readonly #options: PoolOptions;
  #slots: ProxySlot[] = [];
  /** Get no new requests, and are closed when those that run there have ended. */
  readonly #leaving = new Set<ProxySlot>();
  #turn = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Fills free places, and replaces proxies that have left the registry or have been unusable for long. */
  update(): void {
    const root = this.#options.root();
    if (root === undefined) return;
    const registered = new Map(root.proxies.map((proxy) => [targetKey(proxy), proxy]));
    const spare = [...registered.keys()].filter((key) => !this.#slots.some((slot) => targetKey(slot.target) === key));
    this.#slots = this.#slots.filter((slot) => {
      const gone = !registered.has(targetKey(slot.target));
      // A proxy that does not come up is kept while there is no other to try.
      if (!gone && !(slot.unusable && spare.length > 0)) return true;
      this.#options.logger.info({ target: targetKey(slot.target), gone }, 'leaving this proxy');
      this.#leave(slot);
      return false;
    });
    while (this.#slots.length < this.#options.connections && spare.length > 0) {
      const [key] = spare.splice(Math.floor(this.#options.random() * spare.length), 1);
      this.#slots.push(this.#options.openSlot(registered.get(key as string) as RegisteredProxy));
    }
  }

  #leave(slot: ProxySlot): void {
    this.#leaving.add(slot);
    const end = () => {
      this.#leaving.delete(slot);
      slot.close();
    };
    if (slot.session === undefined) end();
    else slot.session.whenIdle(end);
  }

  /** What the root allows has changed. Channels keep their terms, so that no connection ends for new ones. */
  rootChanged(): void {
    this.update();
    for (const slot of [...this.#slots, ...this.#leaving]) slot.session?.rootChanged();
  }

  /** Whether a proxy takes requests that are paid through this client contract. */
  uses(client: Address): boolean {
    return this.#ready().some(({ terms }) => terms?.client.equals(client));
  }

  close(): void {
    for (const slot of [...this.#slots, ...this.#leaving]) slot.close();
    this.#slots = [];
  }

  get readyCount(): number {
    return this.#ready().length;
  }

  #ready(): ProxySession[] {
    return this.#slots.map((slot) => slot.session).filter((session) => session?.ready) as ProxySession[];
  }

  /** The least loaded ready session; equally loaded ones take turns. */
  #choose(except: ReadonlySet<ProxySession>): ProxySession | undefined {
    const candidates = this.#ready().filter((session) => !except.has(session));
    let best: ProxySession | undefined;
    this.#turn += 1;
    for (let i = 0; i < candidates.length; i++) {
      const session = candidates[(i + this.#turn) % candidates.length] as ProxySession;
      if (best === undefined || session.activeRequests < best.activeRequests) best = session;
    }
    return best;
  }

  run(request: UpstreamRequest, sink: AnswerSink): RunningRequest {
    const attempt = new Attempts(
      request,
      sink,
      (tried) => this.#choose(tried),
      () => this.notReady() ?? noProxyLeft(),
      () => this.#options.metrics.failover(),
    );
    attempt.start();
    return attempt;
  }

  async models(): Promise<readonly ModelInfo[]> {
    const sessions = this.#ready();
    if (sessions.length === 0) throw this.notReady() ?? noProxyLeft();
    const answers = await Promise.allSettled(sessions.map((session) => session.models()));
    const merged = new Map<string, ModelInfo>();
    let failure: unknown;
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        failure = answer.reason;
        continue;
      }
      for (const { name, workers } of answer.value) {
        merged.set(name, { name, workers: [...(merged.get(name)?.workers ?? []), ...workers] });
      }
    }
    if (failure !== undefined && answers.every((answer) => answer.status === 'rejected')) throw failure;
    return [...merged.values()];
  }

  /** Each channel has the terms of its own contract: the dearest of those that may be used. */
  pricing(): Pricing | undefined {
    const terms = this.#ready().flatMap((session) => session.terms?.params ?? []);
    const [first, ...others] = terms;
    return first === undefined ? this.#options.root()?.params : others.reduce(dearest, first);
  }

  notReady(): GatewayError | undefined {
    if (this.readyCount > 0) return undefined;
    if (this.#options.root() === undefined)
      return notReadyError('The root contract has not been read yet. Retry shortly.', 'starting');
    if (this.#slots.length === 0)
      return notReadyError('No proxy is registered on this network. Retry when one is.', 'no_proxy_registered');
    const problems = this.#slots.map((slot) => slot.problem).filter((problem) => problem !== undefined);
    const unfunded = problems.find(
      (problem) => problem instanceof ProxyRefusedError && problem.code === 'wallet_underfunded',
    );
    if (unfunded !== undefined) {
      return new GatewayError(`The payment channel cannot be opened: ${unfunded.message}.`, {
        status: 402,
        type: 'insufficient_balance',
        code: 'wallet_underfunded',
      });
    }
    const ended = problems.find((problem) => problem instanceof ProxyRefusedError && /^channel_/.test(problem.code));
    if (ended !== undefined) return notReadyError(`No proxy can be used: ${ended.message}.`, 'channel_closed');
    const first = problems[0];
    const why = first === undefined ? 'the connection or the payment channel is being opened' : first.message;
    return notReadyError(
      `No proxy is ready: ${why}. Retry shortly; GET /jsonstats shows the connections.`,
      'no_proxy_ready',
    );
  }

  /** The proxy_connections part of /jsonstats. */
  stats(): Record<string, unknown>[] {
    return this.#slots.map((slot) => ({
      address: targetKey(slot.target),
      is_ready: slot.session?.ready ?? false,
      proxy_sc_address: slot.session?.terms?.proxy.toString() ?? '',
      params_version: slot.session?.terms?.params.paramsVersion ?? null,
      price_per_token: slot.session?.terms?.params.pricePerToken ?? null,
      running_requests: slot.session?.activeRequests ?? 0,
      problem: slot.problem?.message ?? '',
    }));
  }
}

/** Tries one request on one proxy after another until one begins to answer (B27). */
class Attempts implements RunningRequest, AnswerSink {
  readonly #request: UpstreamRequest;
  readonly #sink: AnswerSink;
  readonly #choose: (tried: ReadonlySet<ProxySession>) => ProxySession | undefined;
  readonly #none: () => GatewayError;
  readonly #onFailover: () => void;
  readonly #tried = new Set<ProxySession>();
  #running: RunningRequest | undefined;
  #answering = false;
  #cancelled = false;
  /** Tells the caller how the first proxy refused: the reason to show when no other one does better. */
  #firstRefusal: (() => void) | undefined;

  constructor(
    request: UpstreamRequest,
    sink: AnswerSink,
    choose: (tried: ReadonlySet<ProxySession>) => ProxySession | undefined,
    none: () => GatewayError,
    onFailover: () => void,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#choose = choose;
    this.#none = none;
    this.#onFailover = onFailover;
  }

  start(): void {
    const session = this.#choose(this.#tried);
    if (session === undefined) {
      if (this.#firstRefusal !== undefined) this.#firstRefusal();
      else this.#sink.failed(this.#none());
      return;
    }
    if (this.#tried.size > 0) this.#onFailover();
    this.#tried.add(session);
    const running = session.run(this.#request, this);
    // It may have failed at once and be running elsewhere by now.
    if ([...this.#tried].at(-1) === session) this.#running = running;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#running?.cancel();
  }

  head(head: AnswerHead, final: FinalInfo | undefined): void {
    if (this.#cancelled) return;
    if (!this.#answering && isRefusal(head, final)) {
      this.#firstRefusal ??= () => this.#sink.head(head, final);
      this.start();
      return;
    }
    this.#answering = true;
    this.#sink.head(head, final);
  }

  part(data: Buffer, final: FinalInfo | undefined): void {
    if (!this.#cancelled) this.#sink.part(data, final);
  }

  failed(error: GatewayError, tokens?: bigint): void {
    if (this.#cancelled) return;
    if (this.#answering || !error.elsewhere) {
      this.#sink.failed(error, tokens);
      return;
    }
    this.#firstRefusal ??= () => this.#sink.failed(error, tokens);
    this.start();
  }
}

/** Statuses with which a proxy says "not here, not now": no money on this channel, model unknown here, nobody free. */
const REFUSALS = new Set([402, 404, 503]);

/** A whole answer that cost nothing and that another proxy may well give differently. */
function isRefusal(head: AnswerHead, final: FinalInfo | undefined): boolean {
  return final !== undefined && final.tokens.total === 0n && REFUSALS.has(head.status);
}

function dearest(a: Pricing, b: Pricing): Pricing {
  return {
    pricePerToken: a.pricePerToken > b.pricePerToken ? a.pricePerToken : b.pricePerToken,
    promptMultiplier: Math.max(a.promptMultiplier, b.promptMultiplier),
    completionMultiplier: Math.max(a.completionMultiplier, b.completionMultiplier),
    reasoningMultiplier: Math.max(a.reasoningMultiplier, b.reasoningMultiplier),
  };
}

function targetKey(target: RegisteredProxy): string {
  return `${target.clients.host}:${target.clients.port}`;
}

function notReadyError(message: string, code: string): GatewayError {
  return new GatewayError(message, { status: 503, type: 'service_unavailable', code, headers: { 'retry-after': '2' } });
}

function noProxyLeft(): GatewayError {
  return notReadyError('No proxy is ready. Retry shortly.', 'no_proxy_ready');
}
