import { HOP_BY_HOP } from '@cocoon/sdk/protocol/http';
import type { HttpHeader } from '../upstream';

/** Besides what speaks of one connection: the body's length on it, and what an engine has no business setting here. */
const DROPPED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length', 'set-cookie', 'date', 'server']);
/** Decided by this gateway for its own callers; a worker cannot open the gateway to web pages. */
const DROPPED_PREFIX = 'access-control-';
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** What HTTP allows in a header value: no control characters, so no second header can be smuggled in. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Headers of the engine's answer as they may go to the caller: lower-case names, each once (B15), none that could break the framing.
 */
export function responseHeaders(received: readonly HttpHeader[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null); // names come from a peer: "constructor" is one too
  for (const { name, value } of received) {
    const key = name.toLowerCase();
    if (!TOKEN.test(key) || !VALUE.test(value) || DROPPED.has(key) || key.startsWith(DROPPED_PREFIX)) continue;
    headers[key] = key in headers && key !== 'content-type' ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

/**
 * Headers for the engine. Built anew instead of copied: what a caller sends (keys, cookies, addresses) is for this gateway only.
 * Host is required by HTTP/1.1, and the engine sees these very headers.
 */
export function engineHeaders(payload: Buffer, stream: boolean): HttpHeader[] {
  return [
    { name: 'Host', value: 'localhost' },
    { name: 'Content-Type', value: 'application/json' },
    { name: 'Accept', value: stream ? 'text/event-stream' : 'application/json' },
    { name: 'Content-Length', value: String(payload.length) },
  ];
}
