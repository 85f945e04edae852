import { TonCode } from '@cocoon/sdk/errors';

/** The errors a client of the proxy can see, and the ones that stop the proxy. */

interface ErrorKind {
  status: number;
  reason: string;
  /** OpenAI's `type`: what family of mistake this is. */
  type: string;
  tonCode: number;
  /** Whether the same request may succeed a little later. */
  retryable: boolean;
}

const kind = (status: number, reason: string, type: string, tonCode: number, retryable: boolean): ErrorKind => ({
  status,
  reason,
  type,
  tonCode,
  retryable,
});

/** One entry for every way a request can end other than with an answer. */
export const REQUEST_ERRORS = {
  invalid_request: kind(400, 'Bad Request', 'invalid_request_error', TonCode.protocolViolation, false),
  config_version_too_low: kind(409, 'Conflict', 'invalid_request_error', TonCode.error, true),
  insufficient_balance: kind(402, 'Payment Required', 'insufficient_quota', TonCode.error, false),
  price_above_limit: kind(402, 'Payment Required', 'insufficient_quota', TonCode.notReady, false),
  channel_closing: kind(403, 'Forbidden', 'invalid_request_error', TonCode.notReady, false),
  model_not_found: kind(404, 'Not Found', 'invalid_request_error', TonCode.protocolViolation, false),
  request_too_large: kind(413, 'Payload Too Large', 'invalid_request_error', TonCode.protocolViolation, false),
  too_many_requests: kind(429, 'Too Many Requests', 'rate_limit_error', TonCode.notReady, true),
  request_cancelled: kind(499, 'Client Closed Request', 'invalid_request_error', TonCode.cancelled, false),
  worker_failed: kind(502, 'Bad Gateway', 'server_error', TonCode.error, true),
  worker_lost: kind(502, 'Bad Gateway', 'server_error', TonCode.error, true),
  no_worker: kind(503, 'Service Unavailable', 'server_error', TonCode.notReady, true),
  all_workers_busy: kind(503, 'Service Unavailable', 'server_error', TonCode.notReady, true),
  proxy_not_ready: kind(503, 'Service Unavailable', 'server_error', TonCode.notReady, true),
  request_timeout: kind(504, 'Gateway Timeout', 'server_error', TonCode.timeout, true),
} as const satisfies Record<string, ErrorKind>;

export type RequestErrorCode = keyof typeof REQUEST_ERRORS;

/** A request that ends without an answer: shown to the client with its status, code and next step. */
export class RequestError extends Error {
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
  }

  get kind(): ErrorKind {
    return REQUEST_ERRORS[this.code];
  }

  /** The body OpenAI's clients understand. */
  body(): { error: { message: string; type: string; param: null; code: string } } {
    return { error: { message: this.message, type: this.kind.type, param: null, code: this.code } };
  }
}

/** The proxy cannot go on, and starting again would not help until somebody acts. */
export class ProxyFatalError extends Error {
  readonly code: 'rollback' | 'chain';

  constructor(code: ProxyFatalError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ProxyFatalError';
    this.code = code;
  }
}

/** A peer broke the protocol: its connection ends, with this line in the log. */
export class PeerViolation extends Error {
  /** TON code of the error frame. */
  readonly code: TonCode;

  constructor(message: string, code: TonCode = TonCode.protocolViolation) {
    super(message);
    this.name = 'PeerViolation';
    this.code = code;
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
