import { Counter, Histogram, Registry } from 'prom-client';
import type { Clock } from '../node/clock';
import { liveGauge } from '../node/gauge';
import { Rate } from '../node/rates';
import type { QueryResult } from './running-query';

export interface MetricsSource {
  enabled: () => boolean;
  engineUp: () => boolean;
  modelAllowed: () => boolean;
  readyProxies: () => number;
  active: () => number;
  signedTokens: () => bigint;
}

const KINDS = ['prompt', 'cached', 'completion', 'reasoning'] as const;

/** Counts for /metrics and for the `stats` part of /jsonstats. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #queries: Counter<'outcome'>;
  readonly #tokens: Counter<'kind'>;
  readonly #seconds: Histogram<'outcome'>;
  readonly #unreported: Counter;
  readonly #rates: Record<string, Rate>;

  constructor(source: MetricsSource, clock: Clock) {
    const registers = [this.#registry];
    this.#queries = new Counter({
      name: 'cocoon_worker_queries_total',
      help: 'Requests by how they ended',
      labelNames: ['outcome'],
      registers,
    });
    this.#tokens = new Counter({
      name: 'cocoon_worker_tokens_total',
      help: 'Adjusted tokens of requests that are paid for',
      labelNames: ['kind'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'cocoon_worker_query_seconds',
      help: 'Time from the request to the last byte of its answer',
      labelNames: ['outcome'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300],
      registers,
    });
    this.#unreported = new Counter({
      name: 'cocoon_worker_unreported_usage_total',
      help: 'Answers for which the engine reported no usage',
      registers,
    });
    const gauge = (name: string, help: string, read: () => number) => liveGauge(this.#registry, name, help, read);
    gauge('cocoon_worker_enabled', '1 while requests are wanted', () => Number(source.enabled()));
    gauge('cocoon_worker_engine_up', '1 while the engine answers', () => Number(source.engineUp()));
    gauge('cocoon_worker_model_allowed', '1 while the root lists the model', () => Number(source.modelAllowed()));
    gauge('cocoon_worker_ready_proxies', 'Proxies this worker is connected to', source.readyProxies);
    gauge('cocoon_worker_active_queries', 'Requests running now', source.active);
    gauge('cocoon_worker_signed_tokens', 'Adjusted tokens for which vouchers are held', () =>
      Number(source.signedTokens()),
    );
    const nowMs = () => clock.nowMs();
    const names = ['queries', 'success', 'failed', 'rejected', 'time', 'total', ...KINDS];
    this.#rates = Object.fromEntries(names.map((name) => [name, new Rate(nowMs)]));
  }

  ended({ outcome, used, durationMs }: QueryResult): void {
    this.#queries.inc({ outcome });
    this.#seconds.observe({ outcome }, durationMs / 1000);
    this.#rate('queries', 1);
    this.#rate(outcome === 'completed' ? 'success' : 'failed', 1);
    this.#rate('time', durationMs / 1000);
    if (outcome !== 'completed' && outcome !== 'cancelled' && outcome !== 'timeout') return;
    this.#rate('total', Number(used.total));
    for (const kind of KINDS) {
      this.#tokens.inc({ kind }, Number(used[kind]));
      this.#rate(kind, Number(used[kind]));
    }
  }

  rejected(): void {
    this.#queries.inc({ outcome: 'rejected' });
    this.#rate('queries', 1);
    this.#rate('rejected', 1);
  }

  unreportedUsage(): void {
    this.#unreported.inc();
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  stats(): Record<string, unknown> {
    const { queries, success, failed, rejected, time } = this.#rates;
    const tokens = ['total', ...KINDS].map((name) => [`${name}_adjusted_tokens_used`, this.#rates[name]]);
    return { queries, success, failed, rejected, time, ...Object.fromEntries(tokens) };
  }

  #rate(name: string, amount: number): void {
    this.#rates[name]?.add(amount);
  }
}
