import type { HttpHeader } from '../generated/tl';

/**
 * Header lists of http.request and http.response. Names are compared without case (B15): engines and proxies capitalise
 * as they like, and a second Content-Length with another value is how requests get smuggled.
 */

/** A header or request line that must not be sent. Names the header; the value is not repeated. */
export class HttpMessageError extends Error {
  readonly code = 'HTTP_MESSAGE';
  readonly header: string;

  constructor(header: string, problem: string) {
    super(`${header}: ${problem}`);
    this.name = 'HttpMessageError';
    this.header = header;
  }
}

/** Lower-case names of headers about one connection, not about the message (RFC 9110 7.6.1 and what is seen in the wild). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const FORBIDDEN_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export function httpHeader(name: string, value: string): HttpHeader {
  return { _: 'http.header', name, value };
}

/** Value of the first header of that name, whatever its case; undefined when there is none. */
export function findHeader(headers: readonly HttpHeader[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find((header) => header.name.toLowerCase() === wanted)?.value;
}

/** The list without any header of these names, whatever their case. */
export function withoutHeaders(headers: readonly HttpHeader[], names: readonly string[]): HttpHeader[] {
  const dropped = new Set(names.map((name) => name.toLowerCase()));
  return headers.filter((header) => !dropped.has(header.name.toLowerCase()));
}

/**
 * What may travel to the next hop: no hop-by-hop headers, none that Connection names, and no Content-Length, because
 * whoever frames the body next states its length anew.
 */
export function endToEndHeaders(headers: readonly HttpHeader[]): HttpHeader[] {
  const named = headers
    .filter((header) => header.name.toLowerCase() === 'connection')
    .flatMap((header) => header.value.split(',').map((token) => token.trim().toLowerCase()));
  return headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return lower !== 'content-length' && !HOP_BY_HOP.has(lower) && !named.includes(lower);
  });
}

/** @throws HttpMessageError for a name that is no token or a value with line breaks or other control characters */
export function checkHeader(name: string, value: string): void {
  if (!TOKEN.test(name)) throw new HttpMessageError(JSON.stringify(name.slice(0, 60)), 'is not a header name');
  if (FORBIDDEN_IN_VALUE.test(value))
    throw new HttpMessageError(name, 'has a line break or control character in its value');
}

/** @throws HttpMessageError naming the first header that must not be sent */
export function checkHeaders(headers: readonly HttpHeader[]): void {
  for (const { name, value } of headers) checkHeader(name, value);
}

/** Those headers that may be written on a header line; what an engine or a peer adds besides is left out. */
export function sendableHeaders(headers: readonly HttpHeader[]): HttpHeader[] {
  return headers.filter(({ name, value }) => TOKEN.test(name) && !FORBIDDEN_IN_VALUE.test(value));
}

/** @throws HttpMessageError unless the status can be relayed (200 to 599) and the version is HTTP/1.0 or HTTP/1.1 */
export function checkStatusLine(httpVersion: string, statusCode: number): void {
  if (!/^HTTP\/1\.[01]$/.test(httpVersion)) throw new HttpMessageError('http_version', 'is not HTTP/1.0 or HTTP/1.1');
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new HttpMessageError('status_code', `${statusCode} is not a final HTTP status`);
  }
}
