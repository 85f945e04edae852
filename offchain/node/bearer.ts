import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The token of `Authorization: Bearer <token>`, undefined when the header is absent or of another scheme. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer +(.*\S)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** What a request shows for an endpoint that only the owner may use. */
export type Access = 'granted' | 'wrong' | 'off';

/**
 * A check of the owner's token. How long it takes tells nothing about the token.
 * @param accessHash http_access_hash of the configuration; empty switches the endpoints off
 */
export function accessCheck(accessHash: string): (request: IncomingMessage) => Access {
  if (accessHash === '') return () => 'off';
  const expected = sha256(accessHash);
  return (request) => {
    const token = bearerToken(request);
    return token !== undefined && timingSafeEqual(sha256(token), expected) ? 'granted' : 'wrong';
  };
}
