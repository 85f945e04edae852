import type { IncomingMessage } from 'node:http';
import { bearerToken, accessCheck as ownerCheck, sha256 } from '../../node/bearer';
import { hostAllowed, hostName } from '../../node/host';
import { GatewayError } from '../errors';

/** A check that the request carries one of the API keys; everyone passes when there are none. @throws GatewayError 401 */
export function apiKeyCheck(keys: readonly string[]): (req: IncomingMessage) => void {
  if (keys.length === 0) return () => undefined;
  // Looked up by hash: how long a lookup takes tells nothing about a key.
  const known = new Set(keys.map((key) => sha256(key).toString('hex')));
  return (req) => {
    const token = bearerToken(req);
    if (token !== undefined && known.has(sha256(token).toString('hex'))) return;
    throw new GatewayError(
      token === undefined
        ? 'This gateway asks for an API key. Send it as "Authorization: Bearer <key>".'
        : 'The API key is not one of this gateway\'s keys. Check it against "api_key" or "api_keys_file" in the gateway configuration.',
      { status: 401, type: 'authentication_error', code: 'invalid_api_key', headers: { 'www-authenticate': 'Bearer' } },
    );
  };
}

/** A check for the endpoints that move money. @throws GatewayError 403 when no key is configured, 401 when it is not the one */
export function accessCheck(accessHash: string): (req: IncomingMessage) => void {
  const check = ownerCheck(accessHash);
  return (req) => {
    const access = check(req);
    if (access === 'granted') return;
    if (access === 'off') {
      throw new GatewayError(
        'Endpoints that move money are off: the configuration has no "http_access_hash". Set it and restart, then send it as "Authorization: Bearer <http_access_hash>".',
        { status: 403, type: 'permission_error', code: 'access_key_not_configured', param: 'http_access_hash' },
      );
    }
    throw new GatewayError(
      'This endpoint moves money. Send "Authorization: Bearer <http_access_hash>" with the value from the gateway configuration.',
      {
        status: 401,
        type: 'authentication_error',
        code: 'invalid_access_key',
        headers: { 'www-authenticate': 'Bearer' },
      },
    );
  };
}

export interface OriginRules {
  /** Origins of web pages that may call this gateway; "*" is any. */
  corsOrigins: readonly string[];
  /** Host names by which this gateway may be called besides IP addresses and localhost. */
  allowedHosts: readonly string[];
  /** When every caller shows a key, a page that tricks a browser gains nothing and host names need no check. */
  keyRequired: boolean;
}

/**
 * Keeps web pages from spending the owner's money through the owner's browser: a page of a foreign origin, or of a name that was
 * made to point at this machine, is refused. Programs send no Origin and are not concerned.
 * @returns CORS headers for the response @throws GatewayError 403
 */
export function checkOrigin(req: IncomingMessage, rules: OriginRules): Record<string, string> {
  const host = hostName(req.headers.host);
  if (!rules.keyRequired && host !== undefined && !hostAllowed(host, rules.allowedHosts)) {
    throw new GatewayError(
      `This gateway is not reached by the name "${host}". Call it by its address, or add the name to "allowed_hosts".`,
      {
        status: 403,
        type: 'permission_error',
        code: 'host_not_allowed',
        param: 'allowed_hosts',
      },
    );
  }
  const origin = req.headers.origin;
  if (origin === undefined) return {};
  const any = rules.corsOrigins.includes('*');
  if (!any && !rules.corsOrigins.includes(origin) && !sameOrigin(origin, req.headers.host)) {
    throw new GatewayError(
      'Web pages of this origin may not call this gateway. Add the origin to "cors_origins" in its configuration.',
      {
        status: 403,
        type: 'permission_error',
        code: 'origin_not_allowed',
        param: 'cors_origins',
      },
    );
  }
  return {
    'access-control-allow-origin': any ? '*' : origin,
    vary: 'origin',
    'access-control-expose-headers': EXPOSED,
  };
}

const EXPOSED = 'x-request-id, x-cocoon-tokens, x-cocoon-cost, x-cocoon-client-start, x-cocoon-client-end';

export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-max-age': '600',
};

function sameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}
