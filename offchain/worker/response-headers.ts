import { checkHeader, endToEndHeaders, HttpMessageError, httpHeader } from '@cocoon/sdk/protocol/http';
import type { HttpHeader } from '@cocoon/sdk/protocol/tl';

/**
 * Headers of the engine's answer as they travel on: none that speak of the connection to the engine or of the body's length on it,
 * whatever their case (B15), and none that could not be written on a header line.
 */
export function responseHeaders(received: Readonly<Record<string, string | string[] | undefined>>): HttpHeader[] {
  const headers: HttpHeader[] = [];
  for (const [name, value] of Object.entries(received)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && isSendable(name, one)) headers.push(httpHeader(name, one));
    }
  }
  return endToEndHeaders(headers);
}

function isSendable(name: string, value: string): boolean {
  try {
    checkHeader(name, value);
    return true;
  } catch (error) {
    if (error instanceof HttpMessageError) return false;
    throw error;
  }
}
