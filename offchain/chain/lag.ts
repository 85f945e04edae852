import type { Clock } from '../transport/clock';
import type { Endpoint, EndpointHealth } from './endpoint-health';
import { ChainError } from './port';

/** How often an endpoint in use is asked for its time. */
const FRESH_MS = 60_000;
/** How far an endpoint may be behind another before it is left out. */
export const MAX_LAG_S = 60;

export interface LagOptions {
  endpoints: readonly Endpoint[];
  health: EndpointHealth;
  clock: Clock;
  timeOf(endpoint: Endpoint): Promise<number>;
}

/**
 * A server whose view of the network stands still answers as if nothing were wrong; another's time shows it. It takes
 * another endpoint, because it may be this machine's clock that is wrong.
 * @throws ChainError `stale`
 */
export async function checkLag(endpoint: Endpoint, { endpoints, health, clock, timeOf }: LagOptions): Promise<void> {
  if (endpoints.length === 1 || health.freshWithin(endpoint, FRESH_MS)) return;
  const time = await endpoint.chain.time();
  if (clock.nowMs() / 1000 - time > MAX_LAG_S) {
    const others = endpoints.filter((other) => other !== endpoint);
    const results = await Promise.allSettled(others.map(timeOf));
    const times = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (times.some((other) => other - time > MAX_LAG_S)) throw lagging(endpoint, time);
  }
  health.fresh(endpoint);
}

export function lagging(endpoint: Endpoint, time: number): ChainError {
  return new ChainError(
    `${endpoint.name} is behind the network: its last block is of ${new Date(time * 1000).toISOString()}`,
    { code: 'stale', retryable: true },
  );
}
