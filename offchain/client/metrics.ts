import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { liveGauge } from '../node/gauge';
import { Rate } from '../node/rates';
import type { TokenCounts } from './upstream';

/** Counts of this gateway, for Prometheus (/metrics) and in the live network's form (/jsonstats). */
export class Metrics {
  readonly registry = new Registry();
  readonly #active: Gauge;
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #tokens: Counter;
  readonly #failovers: Counter;
  readonly #rates: Record<'queries' | 'success' | 'failed' | 'bytes_received' | 'bytes_sent' | 'time', Rate>;
  #activeCount = 0;

  constructor(nowMs: () => number) {
    const registers = [this.registry];
    const rate = () => new Rate(nowMs);
    this.#rates = {
      queries: rate(),
      success: rate(),
      failed: rate(),
      bytes_received: rate(),
      bytes_sent: rate(),
      time: rate(),
    };
    this.#active = new Gauge({
      name: 'cocoon_client_active_requests',
      help: 'Inference requests being served',
      registers,
    });
    this.#requests = new Counter({
      name: 'cocoon_client_requests_total',
      help: 'Finished inference requests by outcome and HTTP status (499: the caller left)',
      labelNames: ['outcome', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'cocoon_client_request_seconds',
      help: 'Time from a valid request to the end of its answer',
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
      registers,
    });
    this.#tokens = new Counter({
      name: 'cocoon_client_tokens_total',
      help: 'Adjusted tokens paid for, by kind',
      labelNames: ['kind'],
      registers,
    });
    this.#failovers = new Counter({
      name: 'cocoon_client_failovers_total',
      help: 'Requests moved to another proxy before any answer',
      registers,
    });
  }

  /** A gauge whose value is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    liveGauge(this.registry, name, help, read);
  }

  get active(): number {
    return this.#activeCount;
  }

  started(): void {
    this.#activeCount++;
    this.#active.inc();
    this.#rates.queries.add(1);
  }

  /** @param end.status what the caller got; an engine's error answer is a failed request too (B10) */
  finished(end: { status: number; seconds: number }): void {
    this.#activeCount--;
    this.#active.dec();
    const outcome = end.status < 400 ? 'success' : end.status === 499 ? 'cancelled' : 'failed';
    this.#requests.inc({ outcome, status: end.status });
    this.#seconds.observe(end.seconds);
    this.#rates.time.add(end.seconds);
    if (outcome === 'success') this.#rates.success.add(1);
    else this.#rates.failed.add(1);
  }

  /** A request refused before it went to the network: it counts as a query that failed. */
  refused(status: number): void {
    this.started();
    this.finished({ status, seconds: 0 });
  }

  tokens(tokens: TokenCounts): void {
    for (const kind of ['prompt', 'cached', 'completion', 'reasoning'] as const) {
      this.#tokens.inc({ kind }, Number(tokens[kind]));
    }
  }

  failover(): void {
    this.#failovers.inc();
  }

  bytes(received: number, sent: number): void {
    if (received > 0) this.#rates.bytes_received.add(received);
    if (sent > 0) this.#rates.bytes_sent.add(sent);
  }

  stats(): Record<string, number[]> {
    return Object.fromEntries(Object.entries(this.#rates).map(([name, rate]) => [name, rate.toJSON()]));
  }
}
