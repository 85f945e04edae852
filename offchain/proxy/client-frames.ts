import { httpHeader } from '@cocoon/sdk/protocol/http';
import { encode, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { CANCEL_PROTO, TIMESTAMPS_PROTO } from '@cocoon/sdk/protocol/versions';
import type { RequestError } from './errors';
import { type RequestTokens, wireTokens } from './tokens';
import { debugObject } from './worker-answer';

/** What the last frame of a request tells the client besides the bytes. Times are unix seconds. */
export interface FinalFacts {
  tokens: RequestTokens;
  proxyTimes: { start: number; end: number };
  workerTimes?: { start: number; end: number };
  /** JSON texts; present when the client asked for them. */
  debug?: { worker: string; proxy: string };
}

/** Writes answer frames in the form the client's protocol version has. */
export class ClientFrames {
  private readonly proto: number;
  private readonly requestId: Buffer;

  constructor(proto: number, requestId: Buffer) {
    this.proto = proto;
    this.requestId = requestId;
  }

  head(response: TlType<'http.response'>, final?: FinalFacts): TlObject {
    const answer = encode(response);
    const { requestId } = this;
    if (this.proto >= 1) return { _: 'client.queryAnswerEx', requestId, answer, ...this.finalInfo(final) };
    return {
      _: 'client.queryAnswer',
      answer,
      isCompleted: final !== undefined,
      requestId,
      requestTokensUsed: legacyTokens(final),
    };
  }

  part(answer: Buffer, final?: FinalFacts): TlObject {
    const { requestId } = this;
    if (this.proto >= 1) return { _: 'client.queryAnswerPartEx', requestId, answer, ...this.finalInfo(final) };
    return {
      _: 'client.queryAnswerPart',
      answer,
      isCompleted: final !== undefined,
      requestId,
      requestTokensUsed: legacyTokens(final),
    };
  }

  /**
   * An error before any answer is an ordinary HTTP answer with an error status: the live network's clients do not survive
   * their own error frames (B1, B2), and ours need nothing else.
   */
  errorHead(error: RequestError, final: FinalFacts): TlObject {
    const { status, reason } = error.kind;
    return this.head(
      {
        _: 'http.response',
        httpVersion: 'HTTP/1.1',
        statusCode: status,
        reason,
        headers: [
          httpHeader('Content-Type', 'application/json'),
          ...(error.kind.retryable ? [httpHeader('Retry-After', '1')] : []),
        ],
        payload: Buffer.from(JSON.stringify(error.body())),
      },
      final,
    );
  }

  /** An error after the answer began. Live clients get it as the last piece of the body, in the body's own language. */
  errorPart(error: RequestError, final: FinalFacts, bodyType: 'sse' | 'json'): TlObject {
    if (this.proto >= CANCEL_PROTO) {
      return {
        _: 'client.queryAnswerErrorEx',
        requestId: this.requestId,
        errorCode: error.kind.tonCode,
        error: error.message,
        ...this.finalInfo(final),
      };
    }
    const body = JSON.stringify(error.body());
    return this.part(Buffer.from(bodyType === 'sse' ? `data: ${body}\n\n` : `${body}\n`), final);
  }

  private finalInfo(final: FinalFacts | undefined): { finalInfo?: TlType<'client.queryFinalInfo'> } {
    if (!final) return {};
    const { proxyTimes, workerTimes, debug } = final;
    return {
      finalInfo: {
        _: 'client.queryFinalInfo',
        tokensUsed: wireTokens(final.tokens),
        ...(debug ? { workerDebug: debug.worker, proxyDebug: debug.proxy } : {}),
        ...(this.proto >= TIMESTAMPS_PROTO
          ? {
              proxyStartTime: proxyTimes.start,
              proxyEndTime: proxyTimes.end,
              workerStartTime: workerTimes?.start ?? 0,
              workerEndTime: workerTimes?.end ?? 0,
            }
          : {}),
      },
    };
  }
}

/** The head with the proxy's time stamps (unix milliseconds in, seconds on the wire). */
export function stamped(response: TlType<'http.response'>, startMs: number, endMs: number): TlType<'http.response'> {
  const stamps = [
    httpHeader('X-Cocoon-Proxy-Start', (startMs / 1000).toFixed(6)),
    httpHeader('X-Cocoon-Proxy-End', (endMs / 1000).toFixed(6)),
  ];
  return { ...response, headers: [...response.headers, ...stamps] };
}

/** Times are unix seconds. */
export function debugTexts(worker: string | undefined, start: number, end: number): { worker: string; proxy: string } {
  return {
    worker: debugObject(worker ?? ''),
    proxy: JSON.stringify({ type: 'proxy_stats', start_time: start, answer_receive_end_at: end }),
  };
}

function legacyTokens(final: FinalFacts | undefined): TlType<'tokensUsed'> {
  const zero = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n };
  return wireTokens(final?.tokens ?? zero);
}
