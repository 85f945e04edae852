import { answersOf, type Ctor, decodeAs, type TlObject } from '@cocoon/sdk/protocol/tl';
import type { Clock } from './clock';
import { PeerQueryError, QueryTimeoutError } from './errors';
import { randomId } from './query-ids';

interface Pending {
  fn: Ctor;
  resolve(answer: TlObject): void;
  reject(error: Error): void;
  cancelTimer(): void;
}

/** Queries that wait for their answer. Every one ends exactly once: answer, error, timeout, or end of the connection. */
export class PendingQueries {
  readonly #clock: Clock;
  readonly #pending = new Map<bigint, Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Opens a query; `answer` settles when it ends. The caller sends it, and calls `fail` if that does not work. */
  open(fn: Ctor, timeoutMs: number): { id: bigint; answer: Promise<TlObject> } {
    let id = randomId();
    while (this.#pending.has(id)) id = randomId();
    const answer = new Promise<TlObject>((resolve, reject) => {
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        this.fail(id, new QueryTimeoutError(`${fn} was not answered within ${timeoutMs} ms`));
      });
      this.#pending.set(id, { fn, resolve, reject, cancelTimer });
    });
    return { id, answer };
  }

  /** Settles with an answer. Throws TlError, after failing the query with it, when it is not what answers this query. */
  answer(id: bigint, data: Buffer): void {
    const query = this.#take(id);
    // An answer that comes after its timeout is normal and of no use.
    if (!query) return;
    try {
      query.resolve(decodeAs(answersOf(query.fn), data));
    } catch (error) {
      query.reject(error as Error);
      throw error;
    }
  }

  refuse(id: bigint, code: number, message: string): void {
    this.#take(id)?.reject(new PeerQueryError(code, message));
  }

  fail(id: bigint, error: Error): void {
    this.#take(id)?.reject(error);
  }

  failAll(makeError: (fn: Ctor) => Error): void {
    for (const id of [...this.#pending.keys()]) {
      const query = this.#take(id);
      query?.reject(makeError(query.fn));
    }
  }

  #take(id: bigint): Pending | undefined {
    const query = this.#pending.get(id);
    if (!query) return undefined;
    this.#pending.delete(id);
    query.cancelTimer();
    return query;
  }
}
