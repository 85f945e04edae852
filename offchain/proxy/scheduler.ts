import { RequestError } from './errors';

/** What the scheduler knows about one worker connection. Limits are per connection. */
export interface WorkerSeat {
  readonly id: number;
  /** Model name without commit and hash. */
  readonly model: string;
  /** Price coefficient in thousandths (1000 = ×1). */
  coefficient: number;
  readonly limit: number;
  enabled: boolean;
}

/** A worker's place taken for one request; `release` exactly once, with the duration when it answered. */
export interface Lease<S extends WorkerSeat> {
  readonly seat: S;
  /** Coefficient at the time of choice: the price the request is metered with. */
  readonly coefficient: number;
  release(answeredInMs?: number): void;
}

export interface SchedulerOptions {
  now(): number;
  /** Requests that may wait for a place, per model. */
  queueLimit: number;
}

interface Load<S> {
  seat: S;
  running: number;
  /** Smoothed duration of answered requests; undefined before the first. */
  latencyMs: number | undefined;
  measuredAt: number;
  /** Order of last assignment, for fairness among equals. */
  assigned: number;
}

interface Waiter<S extends WorkerSeat> {
  maxCoefficient: number;
  resolve(lease: Lease<S>): void;
  reject(error: RequestError): void;
}

const MAX_KNOWN_MODELS = 1000;
/** In an error message. */
const MAX_LISTED_MODELS = 20;
const SMOOTHING = 0.2;
/** A measurement loses half its weight in this time, so a worker that was slow once is tried again. */
const HALF_LIFE_MS = 60_000;
/** Scores this close are equal: noise of a few percent must not send all traffic to one worker. */
const TIE = 1.25;

/** Chooses workers: enabled, cheap enough, below its limit, then the smallest (running + 1) × latency, equals in turn. */
export class Scheduler<S extends WorkerSeat> {
  private readonly loads = new Map<number, Load<S>>();
  /** Models served now or lately, in the order they were last offered. */
  private readonly knownModels = new Set<string>();
  private readonly queues = new Map<string, Waiter<S>[]>();
  private readonly options: SchedulerOptions;
  private assignments = 0;

  constructor(options: SchedulerOptions) {
    this.options = options;
  }

  add(seat: S): void {
    this.loads.set(seat.id, { seat, running: 0, latencyMs: undefined, measuredAt: 0, assigned: 0 });
    this.remember(seat.model);
    this.serve(seat.model);
  }

  /** A worker can name any model: those that nobody serves any more are remembered only so far back. */
  private remember(model: string): void {
    this.knownModels.delete(model);
    this.knownModels.add(model);
    if (this.knownModels.size <= MAX_KNOWN_MODELS) return;
    const served = new Set([...this.loads.values()].map(({ seat }) => seat.model));
    const oldest = [...this.knownModels].find((known) => !served.has(known));
    if (oldest !== undefined) this.knownModels.delete(oldest);
  }

  /** Forgets a worker. Requests waiting for a model that lost its last worker are told at once. */
  remove(id: number): void {
    const load = this.loads.get(id);
    if (!load) return;
    this.loads.delete(id);
    this.refuseHopeless(load.seat.model);
  }

  /** Call after enabling, disabling or repricing a seat. */
  changed(seat: S): void {
    this.serve(seat.model);
    this.refuseHopeless(seat.model);
  }

  seats(): { seat: S; running: number; latencyMs: number | undefined }[] {
    return [...this.loads.values()].map(({ seat, running, latencyMs }) => ({ seat, running, latencyMs }));
  }

  waiting(): number {
    let total = 0;
    for (const queue of this.queues.values()) total += queue.length;
    return total;
  }

  /**
   * A place on a worker for `model`, at once or when one becomes free. Rejects with RequestError: model_not_found,
   * no_worker, price_above_limit, all_workers_busy (queue full); with the signal's reason when aborted while waiting.
   */
  acquire(model: string, maxCoefficient: number, signal: AbortSignal): Promise<Lease<S>> {
    try {
      signal.throwIfAborted();
      this.checkPossible(model, maxCoefficient);
      const queue = this.queues.get(model) ?? [];
      // Nobody overtakes: while others wait for the same model, a new request lines up behind them.
      const lease = queue.length === 0 ? this.take(model, maxCoefficient) : undefined;
      if (lease) return Promise.resolve(lease);
      if (queue.length >= this.options.queueLimit) {
        throw new RequestError(
          'all_workers_busy',
          `all workers of ${model} are busy and ${queue.length} requests wait; try again shortly`,
        );
      }
      this.queues.set(model, queue);
      return this.enqueue(queue, model, maxCoefficient, signal);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private enqueue(queue: Waiter<S>[], model: string, maxCoefficient: number, signal: AbortSignal): Promise<Lease<S>> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', onAbort);
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter<S> = {
        maxCoefficient,
        resolve: (lease) => {
          leave();
          resolve(lease);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort);
      queue.push(waiter);
      // A cheap request may fit where the ones ahead of it do not.
      this.serve(model);
    });
  }

  /** @throws RequestError model_not_found, no_worker or price_above_limit when waiting would be pointless */
  checkPossible(model: string, maxCoefficient: number): void {
    if (!this.knownModels.has(model)) {
      const known = [...this.knownModels].sort().slice(0, MAX_LISTED_MODELS);
      throw new RequestError(
        'model_not_found',
        `unknown model ${JSON.stringify(model)}; ${known.length ? `this proxy serves ${known.join(', ')}` : 'no worker has offered any model to this proxy yet'}`,
      );
    }
    const enabled = [...this.loads.values()].filter(({ seat }) => seat.model === model && seat.enabled);
    if (enabled.length === 0) {
      throw new RequestError(
        'no_worker',
        `no ready worker for model ${model} at the moment; try again in a few seconds`,
      );
    }
    const cheapest = Math.min(...enabled.map(({ seat }) => seat.coefficient));
    if (cheapest > maxCoefficient) {
      throw new RequestError(
        'price_above_limit',
        `the cheapest worker for ${model} asks coefficient ${cheapest} (×${cheapest / 1000}), the request allows ${maxCoefficient}; raise max_coefficient to ${cheapest}`,
      );
    }
  }

  private take(model: string, maxCoefficient: number): Lease<S> | undefined {
    const free = [...this.loads.values()].filter(
      ({ seat, running }) =>
        seat.model === model && seat.enabled && seat.coefficient <= maxCoefficient && running < seat.limit,
    );
    if (free.length === 0) return undefined;
    const mean = this.meanLatency(model);
    const scored = free.map((load) => ({ load, score: (load.running + 1) * this.expectedMs(load, mean) }));
    const best = Math.min(...scored.map(({ score }) => score));
    const equals = scored.filter(({ score }) => score <= best * TIE).map(({ load }) => load);
    return this.lease(equals.reduce((a, b) => (b.assigned < a.assigned ? b : a)));
  }

  private lease(load: Load<S>): Lease<S> {
    load.running++;
    load.assigned = ++this.assignments;
    let released = false;
    return {
      seat: load.seat,
      coefficient: load.seat.coefficient,
      release: (answeredInMs) => {
        if (released) throw new Error('a worker place was released twice');
        released = true;
        load.running--;
        if (answeredInMs !== undefined) {
          load.latencyMs =
            load.latencyMs === undefined ? answeredInMs : load.latencyMs + SMOOTHING * (answeredInMs - load.latencyMs);
          load.measuredAt = this.options.now();
        }
        this.serve(load.seat.model);
      },
    };
  }

  /** Hands free places to those who wait, first come first served among those a free worker is cheap enough for. */
  private serve(model: string): void {
    for (const waiter of [...(this.queues.get(model) ?? [])]) {
      const lease = this.take(model, waiter.maxCoefficient);
      if (lease) waiter.resolve(lease);
    }
  }

  private refuseHopeless(model: string): void {
    for (const waiter of [...(this.queues.get(model) ?? [])]) {
      try {
        this.checkPossible(model, waiter.maxCoefficient);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        waiter.reject(error);
      }
    }
  }

  private meanLatency(model: string): number {
    const measured = [...this.loads.values()].flatMap(({ seat, latencyMs }) =>
      seat.model === model && latencyMs !== undefined ? [latencyMs] : [],
    );
    return measured.length ? measured.reduce((a, b) => a + b, 0) / measured.length : 1;
  }

  /** A new worker is expected to be average; an old measurement drifts back to average. */
  private expectedMs(load: Load<S>, mean: number): number {
    if (load.latencyMs === undefined) return mean;
    const age = Math.max(0, this.options.now() - load.measuredAt);
    return mean + (load.latencyMs - mean) * 0.5 ** (age / HALF_LIFE_MS);
  }
}
