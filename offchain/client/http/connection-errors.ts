import type { Duplex } from 'node:stream';
import { badRequest, GatewayError } from '../errors';
import { rawErrorResponse } from './respond';

/** Answers what Node could not read as a request, and closes the connection: where the next one would begin is unknown. */
export function refuseBroken(socket: Duplex, cause: NodeJS.ErrnoException): void {
  const { error, statusText } = brokenRequest(cause.code);
  refuse(socket, error, statusText);
}

function brokenRequest(code: string | undefined): { error: GatewayError; statusText: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        error: new GatewayError('The request headers are too large. Send fewer or smaller headers.', {
          status: 431,
          type: 'invalid_request_error',
          code: 'headers_too_large',
        }),
        statusText: 'Request Header Fields Too Large',
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        error: new GatewayError('The request did not arrive in time. Send it again.', {
          status: 408,
          type: 'timeout_error',
          code: 'request_timeout',
        }),
        statusText: 'Request Timeout',
      };
    default: {
      const what = 'This is not a valid HTTP request. Check the request line, headers and body framing.';
      return { error: badRequest(what, 'malformed_http'), statusText: 'Bad Request' };
    }
  }
}

export function refuseConnect(socket: Duplex): void {
  const error = new GatewayError(
    'This is no proxy: CONNECT is not supported. Use GET or POST on the paths of the API.',
    {
      status: 405,
      type: 'invalid_request_error',
      code: 'method_not_allowed',
      headers: { allow: 'GET, POST, OPTIONS' },
    },
  );
  refuse(socket, error, 'Method Not Allowed');
}

function refuse(socket: Duplex, error: GatewayError, statusText: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(rawErrorResponse(error, statusText), () => socket.destroy());
}
