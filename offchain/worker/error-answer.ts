import { TonCode } from '@cocoon/sdk/errors';
import { findHeader, httpHeader } from '@cocoon/sdk/protocol/http';
import type { HttpHeader, HttpResponse } from '@cocoon/sdk/protocol/tl';
import { RequestRefused } from './errors';

/** A request's failure as an ordinary answer, for peers that do not survive error messages (B1, B2). */

/** The whole answer, when none has begun. */
export function errorAnswer(tonCode: number, text: string): HttpResponse {
  const refusal = refused(tonCode, text);
  const payload = refusal.toBody();
  return {
    _: 'http.response',
    httpVersion: 'HTTP/1.1',
    statusCode: refusal.status,
    reason: refusal.reason,
    headers: [httpHeader('Content-Type', 'application/json'), httpHeader('Content-Length', String(payload.length))],
    payload,
  };
}

/** The last piece of an answer that has begun, in the language of its body. */
export function errorPart(tonCode: number, text: string, headers: readonly HttpHeader[]): Buffer {
  const body = refused(tonCode, text).toBody();
  const streamed = /^text\/event-stream/i.test(findHeader(headers, 'content-type') ?? '');
  return Buffer.from(streamed ? `data: ${body}\n\n` : `${body}\n`);
}

function refused(tonCode: number, text: string): RequestRefused {
  if (tonCode === TonCode.timeout)
    return new RequestRefused(text, { status: 504, reason: 'Gateway Timeout', code: 'request_timeout' });
  if (tonCode === TonCode.failure)
    return new RequestRefused(text, { status: 502, reason: 'Bad Gateway', code: 'engine_unavailable' });
  return new RequestRefused(text, { status: 503, reason: 'Service Unavailable', code: 'worker_not_ready' });
}
