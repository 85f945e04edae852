import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type Clock, systemClock } from '../../node/clock';
import type { ActionResult, ChannelAction, ChannelAdmin } from '../admin';
import { Gateway, type GatewayConfig } from '../http/gateway';
import { Metrics } from '../metrics';
import { SpendGuard, type SpendLimits } from '../spend';
import { FakeUpstream } from './fake-upstream';

export const silentLogger = pino({ level: 'silent' });

export class FakeAdmin implements ChannelAdmin {
  readonly calls: { action: ChannelAction; proxy: string | undefined }[] = [];

  async act(action: ChannelAction, proxy: string | undefined): Promise<ActionResult> {
    this.calls.push({ action, proxy });
    return { action, proxy: proxy ?? 'only', status: 'done', transaction: 'ab', amount: 15n, note: 'done' };
  }

  async stats(): Promise<Record<string, unknown>> {
    return { status: { enabled: true } };
  }
}

export interface TestGateway {
  url: string;
  port: number;
  gateway: Gateway;
  upstream: FakeUpstream;
  admin: FakeAdmin;
  metrics: Metrics;
  spend: SpendGuard;
  close(): Promise<void>;
}

/** A gateway on a free loopback port, with a scripted network behind it. */
export async function startGateway(
  options: { config?: Partial<GatewayConfig>; limits?: Partial<SpendLimits>; clock?: Clock; port?: number } = {},
): Promise<TestGateway> {
  const clock = options.clock ?? systemClock;
  const config: GatewayConfig = {
    apiKeys: [],
    http_access_hash: '',
    cors_origins: [],
    allowed_hosts: [],
    max_body_bytes: 1 << 20,
    max_backlog_bytes: 1 << 20,
    max_active_requests: 100,
    max_tokens: 1000,
    max_coefficient: 4000,
    request_timeout_s: 120,
    max_request_timeout_s: 3600,
    ...options.config,
  };
  const upstream = new FakeUpstream();
  const admin = new FakeAdmin();
  const metrics = new Metrics(() => clock.nowMs());
  const limits: SpendLimits = { perRequest: undefined, perDay: undefined, ...options.limits };
  const spend = new SpendGuard(limits, mkdtempSync(join(tmpdir(), 'cocoon-client-')), clock);
  const gateway = new Gateway(config, { upstream, admin, spend, metrics, clock, logger: silentLogger });
  const port = await gateway.listen('127.0.0.1', options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    gateway,
    upstream,
    admin,
    metrics,
    spend,
    close: () => gateway.close(0),
  };
}
