import type { AdjustedTokens } from '@cocoon/sdk/protocol/metering';
import {
  encode,
  type HttpHeader,
  type HttpResponse,
  type ProxyQueryFinalInfo,
  type TlObject,
  type TokensUsed,
} from '@cocoon/sdk/protocol/tl';
import { CANCEL_PROTO, TIMESTAMPS_PROTO } from '@cocoon/sdk/protocol/versions';
import { unixSeconds } from '../node/clock';
import { errorAnswer, errorPart } from './error-answer';

/** What goes with the last message of an answer. Times are unix milliseconds. */
export interface Final {
  used: AdjustedTokens;
  startMs: number;
  /** First byte of the engine's answer; undefined when none came. */
  firstByteMs: number | undefined;
  endMs: number;
}

/** Writes the messages of one answer: exactly one head or error first, parts after, the last of them with `final`. */
export interface AnswerWriter {
  head(response: HttpResponse, final?: Final): void;
  part(bytes: Buffer, final?: Final): void;
  error(code: number, text: string, final: Final): void;
}

export interface WriterOptions {
  requestId: Buffer;
  protoVersion: number;
  enableDebug: boolean;
  send: (message: TlObject) => void;
}

/** Answers to proxy.runQueryEx (protocol 1 and later). */
export class ExAnswerWriter implements AnswerWriter {
  readonly #options: WriterOptions;
  /** Headers of the answer that has begun. */
  #begun: readonly HttpHeader[] | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  head(response: HttpResponse, final?: Final): void {
    const { requestId, send } = this.#options;
    this.#begun = response.headers;
    send({ _: 'proxy.queryAnswerEx', requestId, answer: encode(response), ...this.#final(final) });
  }

  part(bytes: Buffer, final?: Final): void {
    const { requestId, send } = this.#options;
    send({ _: 'proxy.queryAnswerPartEx', requestId, answer: bytes, ...this.#final(final) });
  }

  error(errorCode: number, error: string, final: Final): void {
    const { requestId, protoVersion, send } = this.#options;
    if (protoVersion >= CANCEL_PROTO) {
      send({ _: 'proxy.queryAnswerErrorEx', requestId, errorCode, error, ...this.#final(final) });
      return;
    }
    // A live proxy hands an error message on, and a live client does not survive it (B2): it gets an answer. Errors are free there.
    const free = { ...final, used: NO_TOKENS };
    if (this.#begun === undefined) this.head(errorAnswer(errorCode, error), free);
    else this.part(errorPart(errorCode, error, this.#begun), free);
  }

  #final(final: Final | undefined): { finalInfo?: ProxyQueryFinalInfo } {
    if (final === undefined) return {};
    const { protoVersion, enableDebug } = this.#options;
    const times = { workerStartTime: final.startMs / 1000, workerEndTime: final.endMs / 1000 };
    return {
      finalInfo: {
        _: 'proxy.queryFinalInfo',
        tokensUsed: tokens(final.used),
        ...(enableDebug ? { workerDebug: debugText(final) } : {}),
        ...(protoVersion >= TIMESTAMPS_PROTO ? times : {}),
      },
    };
  }
}

/** Answers to proxy.runQuery, from proxies that speak protocol 0: the counts stand in every message. */
export class OldAnswerWriter implements AnswerWriter {
  readonly #options: WriterOptions;
  #headSent = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  head(response: HttpResponse, final?: Final): void {
    this.#headSent = true;
    this.#options.send({ _: 'proxy.queryAnswer', answer: encode(response), ...this.#rest(final) });
  }

  part(bytes: Buffer, final?: Final): void {
    this.#options.send({ _: 'proxy.queryAnswerPart', answer: bytes, ...this.#rest(final) });
  }

  error(errorCode: number, error: string, final: Final): void {
    const { requestId, send } = this.#options;
    const fields = { errorCode, error, requestId, tokensUsed: tokens(final.used) };
    send(this.#headSent ? { _: 'proxy.queryAnswerPartError', ...fields } : { _: 'proxy.queryAnswerError', ...fields });
  }

  #rest(final: Final | undefined): { isCompleted: boolean; requestId: Buffer; tokensUsed: TokensUsed } {
    const { requestId } = this.#options;
    return { isCompleted: final !== undefined, requestId, tokensUsed: tokens(final?.used ?? NO_TOKENS) };
  }
}

export const NO_TOKENS: AdjustedTokens = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n };

function tokens(used: AdjustedTokens): TokensUsed {
  return {
    _: 'tokensUsed',
    promptTokensUsed: used.prompt,
    cachedTokensUsed: used.cached,
    completionTokensUsed: used.completion,
    reasoningTokensUsed: used.reasoning,
    totalTokensUsed: used.total,
  };
}

function debugText({ startMs, firstByteMs, endMs }: Final): string {
  return JSON.stringify({
    type: 'worker_stats',
    start_time: Number(unixSeconds(startMs)),
    answer_receive_start_at: Number(unixSeconds(firstByteMs ?? endMs)),
    answer_receive_end_at: Number(unixSeconds(endMs)),
  });
}
