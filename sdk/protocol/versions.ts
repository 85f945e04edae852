/**
 * Protocol versions this implementation speaks. 1 and 2 are those of the live network; 0 (answers without final_info)
 * is spoken by peers that announce no range. 3 adds `client.cancelQuery` and `proxy.cancelQuery` and is this project's.
 */
export const MIN_PROTO = 1;
export const MAX_PROTO = 3;

/** First version in which a running request can be cancelled. */
export const CANCEL_PROTO = 3;
/** First version in which final_info carries start and end times. */
export const TIMESTAMPS_PROTO = 2;

/**
 * The version two peers will speak: the highest that both know, or undefined when they have none in common.
 * A peer that announces no range speaks 0 only; pass `minimum` 0 where that is acceptable (the proxy of the live
 * network accepts it). An empty range (minimum above maximum) and numbers that are not integers have nothing in common.
 */
export function negotiate(remoteMin = 0, remoteMax = 0, minimum = MIN_PROTO): number | undefined {
  if (!Number.isInteger(remoteMin) || !Number.isInteger(remoteMax) || remoteMin > remoteMax) return undefined;
  const version = Math.min(remoteMax, MAX_PROTO);
  return version >= Math.max(remoteMin, minimum) ? version : undefined;
}
