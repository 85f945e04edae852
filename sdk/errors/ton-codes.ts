/** Codes that error messages of the network carry, and what they become at the OpenAI-compatible edge. */

export const TonCode = {
  failure: 601,
  error: 602,
  warning: 603,
  protocolViolation: 621,
  notReady: 651,
  timeout: 652,
  cancelled: 653,
} as const;
export type TonCode = (typeof TonCode)[keyof typeof TonCode];

/** An error as OpenAI's clients understand it, and whether the same request may succeed a little later. */
export interface EdgeError {
  readonly status: number;
  /** OpenAI's `error.type` */
  readonly type: string;
  /** OpenAI's `error.code`, stable */
  readonly code: string;
  readonly retryable: boolean;
}

const edge = (status: number, type: string, code: string, retryable: boolean): EdgeError => ({
  status,
  type,
  code,
  retryable,
});

/** Rejections that the live proxy words in a fixed way: the text says more than its code. */
const BY_TEXT: readonly (readonly [RegExp, EdgeError])[] = [
  [/^client balance is too low/, edge(402, 'insufficient_quota', 'insufficient_balance', false)],
  [/^unknown model/, edge(404, 'invalid_request_error', 'model_not_found', false)],
  [/^client is closing/, edge(403, 'invalid_request_error', 'channel_closing', false)],
  [/can run this query with coefficient/, edge(402, 'insufficient_quota', 'price_above_limit', false)],
  [/too many active queries|no (?:ready )?workers for model/, edge(503, 'server_error', 'no_worker', true)],
];

const BY_CODE: ReadonlyMap<number, EdgeError> = new Map([
  [TonCode.failure, edge(500, 'server_error', 'network_failure', false)],
  [TonCode.error, edge(502, 'server_error', 'network_error', true)],
  [TonCode.warning, edge(502, 'server_error', 'network_warning', true)],
  [TonCode.protocolViolation, edge(400, 'invalid_request_error', 'protocol_violation', false)],
  [TonCode.notReady, edge(503, 'server_error', 'not_ready', true)],
  [TonCode.timeout, edge(504, 'server_error', 'timeout', true)],
  [TonCode.cancelled, edge(499, 'invalid_request_error', 'request_cancelled', false)],
]);

/** A code nobody declared, from a peer of another make: the peer failed, and we cannot say why. */
const UNKNOWN = edge(502, 'server_error', 'unknown_network_error', false);

/** HTTP status and OpenAI error kind for an error from the network. */
export function edgeErrorOf(code: number, text: string): EdgeError {
  return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? BY_CODE.get(code) ?? UNKNOWN;
}
