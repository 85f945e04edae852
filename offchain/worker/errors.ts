export interface RefusalDetails {
  status: number;
  reason: string;
  code: string;
  param?: string;
}

/** A request that gets an HTTP error as its answer, in OpenAI's shape, without the engine having been asked. */
export class RequestRefused extends Error {
  readonly status: number;
  readonly reason: string;
  readonly code: string;
  readonly param: string | null;

  constructor(message: string, details: RefusalDetails) {
    super(message);
    this.name = 'RequestRefused';
    this.status = details.status;
    this.reason = details.reason;
    this.code = details.code;
    this.param = details.param ?? null;
  }

  toBody(): Buffer {
    const type = this.status >= 500 ? 'server_error' : 'invalid_request_error';
    return Buffer.from(JSON.stringify({ error: { message: this.message, type, param: this.param, code: this.code } }));
  }
}

export function badRequest(message: string, code: string, param?: string): RequestRefused {
  return new RequestRefused(message, {
    status: 400,
    reason: 'Bad Request',
    code,
    ...(param === undefined ? {} : { param }),
  });
}

/** The proxy did something that no honest proxy does: the connection ends, the process goes on. */
export class ProxyFault extends Error {
  readonly code = 'PROXY_FAULT';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ProxyFault';
  }
}
