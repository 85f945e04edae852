export type EngineErrorType = 'invalid_request_error' | 'not_found_error' | 'rate_limit_error' | 'server_error';

export interface EngineErrorDetails {
  status: number;
  type: EngineErrorType;
  code: string;
  /** The request field that is wrong. */
  param?: string;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** An error an engine answers with, in OpenAI's shape. The message says what to do next. */
export class EngineError extends Error {
  readonly status: number;
  readonly type: EngineErrorType;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, details: EngineErrorDetails) {
    super(message, { cause: details.cause });
    this.name = 'EngineError';
    this.status = details.status;
    this.type = details.type;
    this.code = details.code;
    this.param = details.param ?? null;
    this.headers = details.headers ?? {};
  }

  toBody(): string {
    return JSON.stringify({
      error: { message: this.message, type: this.type, param: this.param, code: this.code },
    });
  }
}

export function invalid(param: string, message: string, code = 'invalid_value'): EngineError {
  return new EngineError(message, { status: 400, type: 'invalid_request_error', code, param });
}

/** What a caller sees of an error nobody planned for; the log has the rest. */
export function toEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError('The engine failed on this request. Retry; its log has the cause.', {
    status: 500,
    type: 'server_error',
    code: 'internal_error',
    cause: error,
  });
}
