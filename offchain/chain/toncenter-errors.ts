import type { Dispatcher } from 'undici';
import { ChainError } from './port';
import { isRefusedMessage, messageRejected } from './refused-message';

export function problemOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) {
    return String(error);
  }
  // Several addresses were tried and each failed: Node then reports an empty message around the reasons.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return problemOf(error.errors[0]);
  }
  return 'message' in error ? String(error.message) : String(error);
}

export function badAnswer(method: string, what: string, cause?: unknown): ChainError {
  return new ChainError(
    `the answer to ${method} is not what API v2 promises: ${what}; is ton_endpoint a toncenter v2 URL?`,
    {
      code: 'bad-answer',
      retryable: true,
      cause,
    },
  );
}

export function errorText(error: unknown): string {
  const text = typeof error === 'string' ? error : JSON.stringify(error ?? '');
  // Refusals go on for lines, and the exit code is not on the first.
  return text.replace(/\s+/g, ' ').slice(0, 600);
}

/** Carries how long the server asked to wait, for {@link retryAfterOf}. */
class HttpChainError extends ChainError {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ConstructorParameters<typeof ChainError>[1], retryAfterMs: number | undefined) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

export function retryAfterOf(error: unknown): number | undefined {
  return error instanceof HttpChainError ? error.retryAfterMs : undefined;
}

export function httpError(method: string, response: Dispatcher.ResponseData, text: string): ChainError {
  const status = response.statusCode;
  const said = text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
  if (status === 429) {
    const seconds = Number(response.headers['retry-after']);
    return new HttpChainError(
      `the endpoint limits requests (${said}); slow down or set ton_api_key_file`,
      { code: 'rate-limited', retryable: true },
      Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
    );
  }
  if (status === 401 || status === 403) {
    return new ChainError(`the endpoint refuses the API key (${said}); check ton_api_key_file`, {
      code: 'unauthorized',
      retryable: false,
    });
  }
  // toncenter reports a refused message and a missing transaction as server errors; only the text tells.
  if (method.startsWith('sendBoc') && isRefusedMessage(text)) return messageRejected(text);
  if (method === 'getTransactions' && (status === 404 || /not in db|cannot find|not found/i.test(text))) {
    return new ChainError(`the endpoint does not have that transaction (${said}); use an archival endpoint`, {
      code: 'not-found',
      retryable: false,
    });
  }
  // 200 with ok: false, 4xx and 5xx are told apart by who has to change something.
  if (status >= 400 && status < 500) {
    return new ChainError(`${method} was refused (${said})`, { code: 'bad-request', retryable: false });
  }
  return new ChainError(`the endpoint could not answer ${method} (${said}); try again later`, {
    code: 'server-error',
    retryable: true,
  });
}
