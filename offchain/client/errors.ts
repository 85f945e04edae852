import { TonCode } from '@cocoon/sdk';

/** OpenAI's error vocabulary. `type` is the family a caller branches on, `code` the exact reason. */
export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'insufficient_balance'
  | 'service_unavailable'
  | 'timeout_error'
  | 'server_error';

export interface ErrorDetails {
  status: number;
  type: ErrorType;
  code: string;
  /** The request field at fault, when there is one. */
  param?: string | null;
  /** Response headers that belong to this error, such as Allow or Retry-After. */
  headers?: Readonly<Record<string, string>>;
  /** True when another proxy may well answer the very same request. */
  elsewhere?: boolean;
  /** True when the network may have worked, and charged, for the request all the same. */
  maybeCharged?: boolean;
  cause?: unknown;
}

/** An expected failure of one request. `message` says what is wrong and what to do; it is shown to the caller. */
export class GatewayError extends Error {
  readonly status: number;
  readonly type: ErrorType;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly elsewhere: boolean;
  readonly maybeCharged: boolean;

  constructor(message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.name = 'GatewayError';
    this.status = details.status;
    this.type = details.type;
    this.code = details.code;
    this.param = details.param ?? null;
    this.headers = details.headers ?? {};
    this.elsewhere = details.elsewhere ?? false;
    this.maybeCharged = details.maybeCharged ?? false;
  }

  /** The body every error of this gateway has: `{error:{message,type,param,code}}`. */
  toBody(): string {
    return JSON.stringify({
      error: { message: this.message, type: this.type, param: this.param, code: this.code },
    });
  }
}

export function badRequest(message: string, code: string, param: string | null = null): GatewayError {
  return new GatewayError(message, { status: 400, type: 'invalid_request_error', code, param });
}

/** What a caller learns of an error nobody planned for: nothing internal; the log has the rest under the request id. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError(
    'The gateway failed on this request. Retry; the gateway log has the cause under the id in the x-request-id header.',
    {
      status: 500,
      type: 'server_error',
      code: 'internal_error',
      cause: error,
    },
  );
}

/**
 * Maps an error reported by a proxy to what the caller sees. The protocol has few codes and carries the reason in its text, so the text
 * decides and the code is the fallback.
 * @param model the model the caller asked for, to name it in the message
 */
export function fromPeerError(tonCode: number, text: string, model: string): GatewayError {
  const detail = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  if (/client balance is too low/i.test(text)) {
    return new GatewayError(
      `The payment channel cannot cover this request (${detail}). Lower max_tokens, or top the channel up: POST /request/topup.`,
      { status: 402, type: 'insufficient_balance', code: 'insufficient_balance', elsewhere: true },
    );
  }
  if (/unknown model/i.test(text)) {
    return new GatewayError(
      `The model '${model}' does not exist on this network. GET /v1/models lists the models being served.`,
      {
        status: 404,
        type: 'invalid_request_error',
        code: 'model_not_found',
        param: 'model',
        elsewhere: true,
      },
    );
  }
  if (/with coefficient/i.test(text)) {
    return unavailable(
      'price_too_high',
      `No worker serves '${model}' at your max_coefficient (${detail}). Raise max_coefficient or retry later.`,
    );
  }
  if (/no (ready )?workers/i.test(text)) {
    return unavailable(
      'no_worker',
      `No worker for '${model}' is ready now. Retry shortly; GET /v1/models shows who is serving.`,
    );
  }
  if (/too many active/i.test(text)) {
    return unavailable('workers_busy', `Every worker for '${model}' is at its limit. Retry shortly.`);
  }
  if (/client is clos/i.test(text)) {
    return unavailable(
      'channel_closing',
      'The payment channel with this proxy is closing. Wait until it is closed, then open a new one.',
    );
  }
  if (tonCode === TonCode.timeout || /\btimeout\b/i.test(text)) {
    return new GatewayError(
      `The answer did not arrive in time (${detail}). Raise "timeout" in the request or ask for fewer tokens.`,
      {
        status: 504,
        type: 'timeout_error',
        code: 'timeout',
      },
    );
  }
  if (tonCode === TonCode.notReady)
    return unavailable('not_ready', `The proxy cannot take requests now (${detail}). Retry shortly.`);
  if (tonCode === TonCode.protocolViolation || /invalid|bad request|unknown option/i.test(text)) {
    return badRequest(
      `The request was refused by the network: ${detail}. Correct it and send it again.`,
      'rejected_by_network',
    );
  }
  return new GatewayError(
    `The network could not answer this request: ${detail || `error ${tonCode}`}. Retry the request.`,
    {
      status: 502,
      type: 'server_error',
      code: 'upstream_error',
    },
  );
}

function unavailable(code: string, message: string): GatewayError {
  return new GatewayError(message, {
    status: 503,
    type: 'service_unavailable',
    code,
    elsewhere: true,
    headers: { 'retry-after': '2' },
  });
}

/** The connection to the proxy ended before the answer did. */
export function connectionLost(cause?: unknown): GatewayError {
  return new GatewayError('The connection to the proxy was lost before the answer was complete. Retry the request.', {
    status: 502,
    type: 'server_error',
    code: 'connection_lost',
    elsewhere: true,
    maybeCharged: true,
    cause,
  });
}

/** A peer broke the order or shape of answer messages; the answer cannot be trusted any further. */
export function protocolError(what: string): GatewayError {
  return new GatewayError(`The proxy sent an answer that makes no sense (${what}). Retry the request.`, {
    status: 502,
    type: 'server_error',
    code: 'bad_upstream_answer',
    maybeCharged: true,
  });
}

export function timedOut(timeoutS: number): GatewayError {
  return new GatewayError(
    `No complete answer within ${timeoutS} s. Raise "timeout" in the request, or ask for fewer tokens.`,
    {
      status: 504,
      type: 'timeout_error',
      code: 'timeout',
    },
  );
}

/** The request fits the body limit and not one frame of the network (B14). */
export function requestTooLarge(): GatewayError {
  return new GatewayError(
    'The request is larger than one message of the network may be (16 MiB). Send less in one request.',
    {
      status: 413,
      type: 'invalid_request_error',
      code: 'body_too_large',
    },
  );
}
