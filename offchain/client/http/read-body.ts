import type { IncomingMessage } from 'node:http';
import { badRequest, GatewayError } from '../errors';

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    `The request body is larger than ${limit} bytes, the most one request can carry through the network. Send less in one request.`,
    { status: 413, type: 'invalid_request_error', code: 'body_too_large', headers: { connection: 'close' } },
  );
}

/**
 * Reads a whole request body.
 * @throws GatewayError 413 above `limit` bytes, 400 when the caller stops half way
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(req.headers['content-length'] ?? 0);
  if (declared > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onCut).off('aborted', onCut);
      finish();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        req.pause();
        settle(() => reject(tooLarge(limit)));
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = () =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    const onCut = () =>
      settle(() => reject(badRequest('The request body ended before its announced length.', 'incomplete_body')));
    req.on('data', onData).on('end', onEnd).on('error', onCut).on('aborted', onCut);
  });
}

/** @throws GatewayError 415 unless the body is announced as plain, uncompressed JSON */
export function requireJson(req: IncomingMessage): void {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json') {
    // A web page can send other types across origins without asking; JSON only after the browser has asked us.
    throw new GatewayError(
      `This endpoint takes Content-Type: application/json${type === '' ? ', and the request names none' : `, not ${type}`}. Set that header.`,
      { status: 415, type: 'invalid_request_error', code: 'unsupported_content_type' },
    );
  }
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    throw new GatewayError(`Compressed request bodies (${encoding}) are not supported. Send the JSON uncompressed.`, {
      status: 415,
      type: 'invalid_request_error',
      code: 'unsupported_content_encoding',
    });
  }
}
