import type { ServerResponse } from 'node:http';
import { type GatewayError, toGatewayError } from '../errors';

/** Sends a whole body at once. A response that has begun already is left alone. */
export function sendText(
  res: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  // Counters are bigint and may pass 2^53: they travel as JSON numbers while exact, as strings beyond.
  const body = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'bigint') return item;
    return item <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(item) : item.toString();
  });
  sendText(res, status, 'application/json; charset=utf-8', body, headers);
}

export function sendError(res: ServerResponse, error: unknown): GatewayError {
  const shown = toGatewayError(error);
  sendText(res, shown.status, 'application/json; charset=utf-8', shown.toBody(), shown.headers);
  return shown;
}

/** A whole HTTP/1.1 response, for requests so broken that Node gives no response object to answer them with. */
export function rawErrorResponse(error: GatewayError, statusText: string): string {
  const body = error.toBody();
  const headers = Object.entries(error.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `HTTP/1.1 ${error.status} ${statusText}\r\ncontent-type: application/json; charset=utf-8\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n${headers.join('')}\r\n${body}`
  );
}
