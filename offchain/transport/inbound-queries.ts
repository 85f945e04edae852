import { TonCode } from '@cocoon/sdk/errors';
import { decode, peekConstructor, type TlObject } from '@cocoon/sdk/protocol/tl';
import type { Logger } from 'pino';
import { asError, MessageTooLargeError, PeerQueryError } from './errors';

export interface InboundQueriesOptions {
  /** How many may be in work at a time. */
  readonly max: number;
  readonly logger: Logger;
  /** The owner's handler. */
  answer(query: TlObject): Promise<TlObject | undefined>;
  /** Both do nothing when the connection has ended. `send` throws when the answer cannot be encoded. */
  send(id: bigint, answer: TlObject): void;
  refuse(id: bigint, code: number, message: string): void;
  close(reason: Error): void;
}

/** Queries of the peer: each is answered or refused exactly once, however its handler ends. */
export class InboundQueries {
  readonly #options: InboundQueriesOptions;
  #running = 0;

  constructor(options: InboundQueriesOptions) {
    this.#options = options;
  }

  /** Throws TlError for a known query that is malformed; one that nobody knows is refused, as the live network does. */
  take(id: bigint, data: Buffer): void {
    const { refuse, max } = this.#options;
    if (peekConstructor(data) === undefined) {
      refuse(id, TonCode.error, 'Lost promise');
      return;
    }
    const query = decode(data);
    if (this.#running >= max) {
      refuse(id, TonCode.notReady, 'too many queries at a time');
      return;
    }
    this.#running++;
    this.#answer(id, query)
      // A refusal that cannot be written (a code that is no int, say) must not become an unhandled rejection.
      .catch((error: unknown) => this.#options.close(asError(error)))
      .finally(() => {
        this.#running--;
      });
  }

  async #answer(id: bigint, query: TlObject): Promise<void> {
    const { answer, send, refuse } = this.#options;
    try {
      const result = await answer(query);
      if (result) send(id, result);
      else refuse(id, TonCode.error, 'Lost promise');
    } catch (error) {
      this.#failed(id, query, error);
    }
  }

  #failed(id: bigint, query: TlObject, error: unknown): void {
    const { refuse, close, logger } = this.#options;
    if (error instanceof PeerQueryError) {
      refuse(id, error.code, error.message);
      if (error.afterwards === 'close') close(error);
      return;
    }
    logger.error({ err: error, query: query._ }, 'a query could not be answered');
    const text = error instanceof MessageTooLargeError ? 'the answer is too large' : 'internal error';
    refuse(id, TonCode.error, text);
  }
}
