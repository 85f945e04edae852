import { checkHeaders } from '@cocoon/sdk/protocol/http';
import { type Multipliers, reservation as tokensToReserve } from '@cocoon/sdk/protocol/metering';
import { decodeAs, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { errorText, RequestError } from './errors';

export type RunQuery = TlType<'client.runQuery' | 'client.runQueryEx'>;

export interface RelayLimits {
  maxClientRequests: number;
  maxRequestBytes: number;
  maxRequestHeaders: number;
  maxTimeoutS: number;
  queueTimeoutMs: number;
  drainTimeoutMs: number;
  maxTokensPerRequest: bigint;
}

/**
 * The most this request should cost: every byte of it as a prompt token, every allowed token as the dearest kind.
 * Refuses negative and oversized wishes, which would turn a reservation into a gift (B7).
 */
export function tokensNeeded({ maxTokens, maxCoefficient, query }: RunQuery, multipliers: Multipliers): bigint {
  const { promptMultiplier, cachedMultiplier, completionMultiplier, reasoningMultiplier } = multipliers;
  const answer = tokensToReserve({
    maxTokens,
    queryBytes: 0,
    maxCoefficient,
    multiplier: Math.max(completionMultiplier, reasoningMultiplier),
  });
  const prompt = tokensToReserve({
    maxTokens: 0,
    queryBytes: query.length,
    maxCoefficient,
    multiplier: Math.max(promptMultiplier, cachedMultiplier),
  });
  return answer + prompt;
}

/** Reads the request only to check it: it travels on untouched. @throws RequestError */
export function checkRequest(query: Buffer, limits: RelayLimits): void {
  const { maxRequestBytes, maxRequestHeaders } = limits;
  if (query.length > maxRequestBytes) {
    throw new RequestError(
      'request_too_large',
      `the request has ${query.length} bytes, the limit is ${maxRequestBytes}`,
    );
  }
  let request: TlType<'http.request'>;
  try {
    request = decodeAs('http.request', query);
  } catch (error) {
    throw new RequestError('invalid_request', `the query is no http.request: ${errorText(error)}`);
  }
  if (request.headers.length > maxRequestHeaders) {
    throw new RequestError(
      'request_too_large',
      `the request has ${request.headers.length} headers, the limit is ${maxRequestHeaders}`,
    );
  }
  try {
    checkHeaders(request.headers);
  } catch (error) {
    throw new RequestError('invalid_request', errorText(error));
  }
}

/** The time a request may take, in seconds: what it asks for, within reason. @throws RequestError */
export function boundedTimeout(seconds: number, longest: number): number {
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new RequestError('invalid_request', `timeout must be a positive number of seconds (${seconds})`);
  }
  return Math.min(seconds, longest);
}
