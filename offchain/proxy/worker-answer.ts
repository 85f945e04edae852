import { checkHeader, checkStatusLine, HttpMessageError, sendableHeaders } from '@cocoon/sdk/protocol/http';
import { decodeAs, TlError, type TlType } from '@cocoon/sdk/protocol/tl/codec';

/*
 * What a worker says that a client will read. Clients of the live network end with their whole process on a status line or a debug
 * text that they cannot read (reference-faults.md, "client"), so a proxy vouches for both.
 */

/** The head of an answer, without headers that could not be written on a line; undefined when it is no HTTP response. */
export function readHead(answer: Buffer): TlType<'http.response'> | undefined {
  try {
    const response = decodeAs('http.response', answer);
    checkStatusLine(response.httpVersion, response.statusCode);
    checkHeader('reason', response.reason);
    return { ...response, headers: sendableHeaders(response.headers) };
  } catch (error) {
    if (error instanceof TlError || error instanceof HttpMessageError) return undefined;
    throw error;
  }
}

/** Half of a surrogate pair, which JSON.stringify escapes and other parsers refuse. */
const LONE_SURROGATE = /\\ud[89a-f]/;
const NO_DEBUG = '{}';

/** Debug information of a worker as the text of a JSON object that every parser takes; an empty one when it is none. */
export function debugObject(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_DEBUG;
    // Written anew: numbers that no double holds have become null.
    const written = JSON.stringify(value);
    return LONE_SURROGATE.test(written) ? NO_DEBUG : written;
  } catch {
    // No JSON, or nested too deeply to be written.
    return NO_DEBUG;
  }
}
