import { endToEndHeaders, httpHeader, sendableHeaders } from '@cocoon/sdk/protocol/http';
import type { HttpHeader } from '@cocoon/sdk/protocol/tl';

/**
 * Headers of the engine's answer as they travel on: none that speak of the connection to the engine or of the body's length on it,
 * whatever their case (B15), and none that could not be written on a header line.
 */
export function responseHeaders(received: Readonly<Record<string, string | string[] | undefined>>): HttpHeader[] {
  const headers = Object.entries(received).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => (one === undefined ? [] : [httpHeader(name, one)])),
  );
  return endToEndHeaders(sendableHeaders(headers));
}
