import { Counter, Registry } from 'prom-client';
import { liveGauge } from '../node/gauge';
import type { RequestTokens } from './tokens';

/** What the gauges show, read when somebody asks. */
export interface GaugeSources {
  running(): number;
  waiting(): number;
  workers(): number;
  clients(): number;
  ready(): boolean;
  termsOutdated(): boolean;
}

/** Prometheus metrics of one proxy; its own registry, so that several can live in one process. */
export class ProxyMetrics {
  readonly registry = new Registry();
  readonly totals = { done: 0, failed: 0, cancelled: 0, refused: 0 };
  readonly tokens = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n };
  private readonly requests = new Counter({
    name: 'cocoon_proxy_requests_total',
    help: 'Requests that ended, by outcome and error code',
    labelNames: ['outcome', 'code'],
    registers: [this.registry],
  });
  private readonly adjusted = new Counter({
    name: 'cocoon_proxy_adjusted_tokens_total',
    help: 'Adjusted tokens of finished requests, by kind',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  constructor(sources: GaugeSources) {
    this.gauge('cocoon_proxy_requests_running', 'Requests taken and not ended', sources.running);
    this.gauge('cocoon_proxy_requests_waiting', 'Requests waiting for a worker', sources.waiting);
    this.gauge('cocoon_proxy_workers', 'Worker connections ready for requests', sources.workers);
    this.gauge('cocoon_proxy_clients', 'Authenticated client connections', sources.clients);
    this.gauge('cocoon_proxy_terms_outdated', "1 when the root has newer terms than this proxy's contract", () =>
      sources.termsOutdated() ? 1 : 0,
    );
    this.gauge('cocoon_proxy_ready', '1 when new requests are taken', () => (sources.ready() ? 1 : 0));
  }

  requestEnded(outcome: string, code: string | undefined): void {
    this.requests.inc({ outcome, code: code ?? '' });
    if (outcome in this.totals) this.totals[outcome as keyof typeof this.totals]++;
  }

  tokensUsed(tokens: RequestTokens): void {
    for (const kind of ['prompt', 'cached', 'completion', 'reasoning', 'total'] as const) {
      this.tokens[kind] += tokens[kind];
      if (kind !== 'total') this.adjusted.inc({ kind }, Number(tokens[kind]));
    }
  }

  private gauge(name: string, help: string, read: () => number): void {
    liveGauge(this.registry, name, help, read);
  }
}
