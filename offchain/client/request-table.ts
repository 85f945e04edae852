import { checkStatusLine, HttpMessageError } from '@cocoon/sdk/protocol/http';
import { decodeAs, encode, TlError, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl';
import { CANCEL_PROTO } from '@cocoon/sdk/protocol/versions';
import { MessageTooLargeError } from '../transport/errors';
import { connectionLost, fromPeerError, type GatewayError, protocolError, requestTooLarge } from './errors';
import type { AnswerSink, FinalInfo, RunningRequest, TokenCounts, UpstreamRequest } from './upstream';

/** What the table needs of the connection; throws when the message cannot be sent. */
export interface MessageSender {
  send(message: TlObject): void;
}

interface Entry {
  request: UpstreamRequest;
  sink: AnswerSink;
  answered: boolean;
}

type ErrorMessage = TlType<'client.queryAnswerErrorEx' | 'client.queryAnswerError' | 'client.queryAnswerPartError'>;
type FinalInfoTl = TlType<'client.queryFinalInfo'>;

/**
 * The running requests of one connection: sends each, and turns the answer messages of every protocol version into calls of its sink,
 * in the order the protocol demands (wire-protocol 1.11): one beginning, then parts, then one end.
 */
export class RequestTable {
  readonly #connection: MessageSender;
  readonly #protoVersion: number;
  readonly #pricePerToken: bigint;
  readonly #onTokens: (tokens: bigint) => void;
  readonly #entries = new Map<string, Entry>();
  #onIdle: () => void = () => undefined;

  /**
   * @param terms agreed with this proxy; the price is nanoTON
   * @param onTokens told the adjusted tokens of each finished answer
   */
  constructor(
    connection: MessageSender,
    terms: { protoVersion: number; pricePerToken: bigint },
    onTokens: (tokens: bigint) => void,
  ) {
    this.#connection = connection;
    this.#protoVersion = terms.protoVersion;
    this.#pricePerToken = terms.pricePerToken;
    this.#onTokens = onTokens;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Calls back once no request runs, at once when none does. */
  whenIdle(done: () => void): void {
    if (this.#entries.size === 0) done();
    else this.#onIdle = done;
  }

  /** @param configVersion version of the root contract this client has read */
  start(request: UpstreamRequest, sink: AnswerSink, configVersion: number): RunningRequest {
    const key = keyOf(request.requestId);
    this.#entries.set(key, { request, sink, answered: false });
    try {
      this.#connection.send(this.#runQuery(request, configVersion));
    } catch (error) {
      this.#remove(key);
      sink.failed(error instanceof MessageTooLargeError ? requestTooLarge() : connectionLost(error));
      return { cancel: () => undefined };
    }
    return { cancel: () => this.#cancel(key) };
  }

  /** @returns false when the message is no answer to a request */
  handle(message: TlObject): boolean {
    switch (message._) {
      case 'client.queryAnswerEx':
        this.#head(message.requestId, message.answer, this.#final(message.finalInfo));
        return true;
      case 'client.queryAnswerPartEx':
        this.#part(message.requestId, message.answer, this.#final(message.finalInfo));
        return true;
      case 'client.queryAnswerErrorEx':
        this.#error(message, message.finalInfo?.tokensUsed);
        return true;
      // Proxies report what they refuse by the old messages whatever version was agreed on (B1).
      case 'client.queryAnswer':
        this.#head(
          message.requestId,
          message.answer,
          message.isCompleted ? this.#end(message.requestTokensUsed) : undefined,
        );
        return true;
      case 'client.queryAnswerPart':
        this.#part(
          message.requestId,
          message.answer,
          message.isCompleted ? this.#end(message.requestTokensUsed) : undefined,
        );
        return true;
      case 'client.queryAnswerError':
      case 'client.queryAnswerPartError':
        this.#error(message, message.requestTokensUsed);
        return true;
      default:
        return false;
    }
  }

  /** The connection is gone: every request on it ends now (B28). */
  closeAll(cause: unknown): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#onIdle();
    for (const { sink } of entries) sink.failed(connectionLost(cause));
  }

  #runQuery(request: UpstreamRequest, configVersion: number): TlObject {
    const query = encode({
      _: 'http.request',
      method: 'POST',
      url: request.url,
      httpVersion: 'HTTP/1.1',
      headers: request.headers.map(({ name, value }) => ({ _: 'http.header' as const, name, value })),
      payload: request.payload,
    });
    const fields = {
      modelName: request.model,
      query,
      maxCoefficient: request.maxCoefficient,
      maxTokens: request.maxTokens,
      timeout: request.timeoutS * 0.95, // the proxy gives up a little before this side does, so that its reason arrives
      requestId: request.requestId,
      minConfigVersion: configVersion,
    };
    if (this.#protoVersion === 0) return { _: 'client.runQuery', ...fields };
    return { _: 'client.runQueryEx', ...fields, enableDebug: request.enableDebug };
  }

  #head(requestId: Buffer, answer: Buffer, final: FinalInfo | undefined): void {
    const key = keyOf(requestId);
    const entry = this.#entries.get(key);
    if (entry === undefined) return; // cancelled, or already over
    if (entry.answered) {
      this.#break(key, entry, protocolError('two beginnings of one answer'));
      return;
    }
    let response: TlType<'http.response'>;
    try {
      response = decodeAs('http.response', answer);
      checkStatusLine(response.httpVersion, response.statusCode);
    } catch (error) {
      if (!(error instanceof TlError || error instanceof HttpMessageError)) throw error;
      this.#break(key, entry, protocolError(`its beginning is no HTTP response: ${(error as Error).message}`));
      return;
    }
    const { statusCode, reason, headers, payload } = response;
    entry.answered = true;
    this.#settle(key, final);
    entry.sink.head({ status: statusCode, reason, headers, payload }, final);
  }

  #part(requestId: Buffer, data: Buffer, final: FinalInfo | undefined): void {
    const key = keyOf(requestId);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (!entry.answered) {
      this.#break(key, entry, protocolError('a part of an answer that has not begun'));
      return;
    }
    this.#settle(key, final);
    entry.sink.part(data, final);
  }

  #error(message: ErrorMessage, used: TlType<'tokensUsed'> | undefined): void {
    const key = keyOf(message.requestId);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#remove(key);
    const tokens = used === undefined ? undefined : counts(used).total;
    if (tokens !== undefined && tokens > 0n) this.#onTokens(tokens);
    entry.sink.failed(fromPeerError(message.errorCode, message.error, entry.request.model), tokens);
  }

  #final(info: FinalInfoTl | undefined): FinalInfo | undefined {
    if (info === undefined) return undefined;
    const debug = info.workerDebug === undefined ? {} : { workerDebug: info.workerDebug, proxyDebug: info.proxyDebug };
    return { ...this.#end(info.tokensUsed), ...debug };
  }

  #end(used: TlType<'tokensUsed'>): FinalInfo {
    return { tokens: counts(used), pricePerToken: this.#pricePerToken };
  }

  #settle(key: string, final: FinalInfo | undefined): void {
    if (final === undefined) return;
    this.#remove(key);
    this.#onTokens(final.tokens.total);
  }

  #break(key: string, entry: Entry, error: GatewayError): void {
    this.#cancel(key);
    entry.sink.failed(error);
  }

  #cancel(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    // A live peer has no word for it: its answer is dropped when it comes.
    if (this.#protoVersion >= CANCEL_PROTO) {
      try {
        this.#connection.send({ _: 'client.cancelQuery', requestId: entry.request.requestId });
      } catch {
        // The connection is closing: the peer drops the request with it.
      }
    }
    this.#remove(key);
  }

  #remove(key: string): void {
    this.#entries.delete(key);
    if (this.#entries.size === 0) this.#onIdle();
  }
}

function keyOf(requestId: Buffer): string {
  return requestId.toString('latin1');
}

/** A peer that reports negative tokens would lower counters that only ever rise: such numbers count as none. */
function counts(used: TlType<'tokensUsed'>): TokenCounts {
  const at0 = (value: bigint) => (value < 0n ? 0n : value);
  return {
    prompt: at0(used.promptTokensUsed),
    cached: at0(used.cachedTokensUsed),
    completion: at0(used.completionTokensUsed),
    reasoning: at0(used.reasoningTokensUsed),
    total: at0(used.totalTokensUsed),
  };
}
