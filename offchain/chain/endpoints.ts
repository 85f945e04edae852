import type { Address, Transaction, TupleItem, TupleReader } from '@ton/core';
import type { Logger } from 'pino';
import type { Clock } from '../transport/clock';
import { agreedState, type CrossCheck, type Testimony, whereTheyAre } from './cross-check';
import { type Endpoint, EndpointHealth } from './endpoint-health';
import { checkLag, lagging, MAX_LAG_S } from './lag';
import { type AccountState, type Chain, ChainError, type TransactionCursor } from './port';
import { disagreement, Seen } from './seen';

export type { CrossCheck } from './cross-check';
export type { Endpoint } from './endpoint-health';

/** Messages go to so many at once: the first may have lost its network without knowing. */
const SEND_TO = 2;
/** Endpoints are a few blocks apart; so often, and with such pauses, they are asked until they are at the same one. */
const ROUNDS = 4;
const ROUND_PAUSE_MS = 1500;
/** Endpoints that are never at the same transaction for so long are not just apart. */
const UNSETTLED_MS = 120_000;

export interface FailoverOptions {
  /** In order of preference. */
  endpoints: readonly Endpoint[];
  crossCheck?: CrossCheck;
  /** `nowMs` in Unix milliseconds. */
  clock: Clock;
  logger: Logger;
}

/**
 * The chain through several endpoints. One that fails rests and the next is asked; one that is behind what has been seen is
 * not believed; and where a cross-check applies, several must say the same.
 */
export class FailoverChain implements Chain {
  readonly #endpoints: readonly Endpoint[];
  readonly #crossCheck: CrossCheck | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #health: EndpointHealth;
  readonly #seen = new Seen();
  readonly #disagreements = new Map<string, string>();
  readonly #unsettledSinceMs = new Map<string, number>();
  #newestTime = 0;

  /** @throws ChainError `bad-request` when there are fewer endpoints than have to agree */
  constructor({ endpoints, crossCheck, clock, logger }: FailoverOptions) {
    const needed = crossCheck?.endpoints ?? 1;
    if (endpoints.length < needed) {
      throw new ChainError(
        `chain_cross_check asks for ${needed} endpoints that agree and there are ${endpoints.length}; add some to ton_endpoints`,
        { code: 'bad-request', retryable: false },
      );
    }
    this.#endpoints = endpoints;
    this.#crossCheck = crossCheck;
    this.#clock = clock;
    this.#logger = logger;
    this.#health = new EndpointHealth(endpoints, clock);
  }

  /** What endpoints disagree about, until a later reading of the same account finds them agreed; undefined when nothing. */
  get problem(): string | undefined {
    return this.#disagreements.values().next().value;
  }

  account(address: Address): Promise<AccountState> {
    const { endpoints = 1 } = this.#crossCheck ?? {};
    return this.#disagreeing(address, true, () =>
      this.#crossChecked(address)
        ? this.#agreed(address, endpoints)
        : this.#first(`the account ${address}`, (endpoint) => this.#accountAt(endpoint, address)),
    );
  }

  transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]> {
    return this.#disagreeing(address, false, () =>
      this.#first(`transactions of ${address}`, async (endpoint) => {
        const found = await endpoint.chain.transactions(address, options);
        const [newest] = found;
        if (options.before === undefined && options.limit > 0)
          this.#note(endpoint, address, newest && { lt: newest.lt, hash: newest.hash() });
        return found;
      }),
    );
  }

  runMethod(address: Address, name: string, args: TupleItem[] = []): Promise<TupleReader> {
    return this.#disagreeing(address, false, () =>
      this.#first(`the get method ${name} of ${address}`, async (endpoint) => {
        // The answer does not say of when it is, so the account has to.
        if (this.#seen.has(address)) await this.#accountAt(endpoint, address);
        return await endpoint.chain.runMethod(address, name, args);
      }),
    );
  }

  async sendBoc(boc: Buffer): Promise<void> {
    const order = this.#health.order();
    const send = (endpoint: Endpoint) => this.#ask(endpoint, () => endpoint.chain.sendBoc(boc));
    const results = await Promise.allSettled(order.slice(0, SEND_TO).map(send));
    if (results.some(({ status }) => status === 'fulfilled')) return;
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as ChainError] : []));
    for (const endpoint of order.slice(SEND_TO)) {
      // A refusal is an answer. Nobody else is asked for a better one.
      if (failures.some(isAnswer)) break;
      try {
        await send(endpoint);
        return;
      } catch (error) {
        failures.push(error as ChainError);
      }
    }
    throw failures.find(isAnswer) ?? this.#noneOf('send the message', failures);
  }

  time(): Promise<number> {
    return this.#first('the time', async (endpoint) => {
      const time = await endpoint.chain.time();
      if (time < this.#newestTime - MAX_LAG_S) throw lagging(endpoint, time);
      // A little behind is no reason to go back.
      this.#newestTime = Math.max(this.#newestTime, time);
      return this.#newestTime;
    });
  }

  async #accountAt(endpoint: Endpoint, address: Address): Promise<AccountState> {
    const state = await endpoint.chain.account(address);
    this.#note(endpoint, address, state.last);
    return state;
  }

  #crossChecked(address: Address): boolean {
    return this.#crossCheck?.applies(address) === true;
  }

  /** Where several have to agree, the word of one is held against what was seen, but is not remembered. */
  #note(endpoint: Endpoint, address: Address, last: TransactionCursor | undefined): void {
    if (this.#crossChecked(address)) this.#seen.check(address, last, endpoint.name);
    else this.#seen.note(address, last, endpoint.name);
  }

  /** The first good answer, in the order of health. */
  async #first<T>(what: string, call: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const failures: ChainError[] = [];
    for (const endpoint of this.#health.order()) {
      try {
        return await this.#ask(endpoint, async () => {
          await this.#checkLag(endpoint);
          return await call(endpoint);
        });
      } catch (error) {
        const failure = error as ChainError;
        if (isAnswer(failure)) throw failure;
        failures.push(failure);
      }
    }
    throw this.#noneOf(`read ${what}`, failures);
  }

  /** @throws ChainError and nothing else */
  async #ask<T>(endpoint: Endpoint, call: () => Promise<T>): Promise<T> {
    try {
      const value = await call();
      this.#health.worked(endpoint);
      return value;
    } catch (error) {
      const failure = asChainError(error);
      if (!isAnswer(failure) && failure.code !== 'not-found') {
        this.#health.failed(endpoint);
        this.#logger.debug({ endpoint: endpoint.name, code: failure.code }, failure.message);
      }
      throw failure;
    }
  }

  /** Asks as many as have to agree, again until they are at the same transaction. */
  async #agreed(address: Address, needed: number): Promise<AccountState> {
    const name = address.toRawString();
    let testimonies: Testimony[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await new Promise<void>((resolve) => void this.#clock.after(ROUND_PAUSE_MS, resolve));
      testimonies = await this.#testimonies(address, needed);
      const state = agreedState(address, testimonies);
      if (state !== undefined) {
        this.#seen.note(address, state.last, testimonies[0]!.endpoint.name);
        this.#unsettledSinceMs.delete(name);
        return state;
      }
    }
    const now = this.#clock.nowMs();
    const since = this.#unsettledSinceMs.get(name) ?? now;
    this.#unsettledSinceMs.set(name, since);
    const where = whereTheyAre(testimonies);
    if (now - since >= UNSETTLED_MS)
      throw disagreement(
        address,
        `for ${Math.round((now - since) / 1000)} s they have not been at the same transaction: ${where}`,
      );
    throw new ChainError(`endpoints are not at the same transaction of ${address} yet: ${where}`, {
      code: 'stale',
      retryable: true,
    });
  }

  async #testimonies(address: Address, needed: number): Promise<Testimony[]> {
    const found: Testimony[] = [];
    const failures: ChainError[] = [];
    const waiting = this.#health.order();
    while (found.length < needed && waiting.length > 0) {
      const asked = waiting.splice(0, needed - found.length).map(async (endpoint) => {
        const state = await this.#ask(endpoint, async () => {
          await this.#checkLag(endpoint);
          return await this.#accountAt(endpoint, address);
        });
        return { endpoint, state };
      });
      for (const result of await Promise.allSettled(asked)) {
        if (result.status === 'fulfilled') found.push(result.value);
        else failures.push(result.reason as ChainError);
      }
    }
    if (found.length === needed) return found;
    const answer = failures.find(isAnswer);
    if (answer !== undefined) throw answer;
    const [failure] = failures;
    throw new ChainError(
      `${found.length} of ${needed} endpoints that chain_cross_check asks for could read ${address}: ${failure?.message}`,
      { code: failure?.code ?? 'unreachable', retryable: true, cause: failure },
    );
  }

  #checkLag(endpoint: Endpoint): Promise<void> {
    return checkLag(endpoint, {
      endpoints: this.#endpoints,
      health: this.#health,
      clock: this.#clock,
      timeOf: (other) => this.#ask(other, () => other.chain.time()),
    });
  }

  /** Remembers a disagreement about the account until a call that can settle it ends without one. */
  async #disagreeing<T>(address: Address, settles: boolean, call: () => Promise<T>): Promise<T> {
    const name = address.toRawString();
    try {
      const value = await call();
      if (settles || !this.#crossChecked(address)) this.#disagreements.delete(name);
      return value;
    } catch (error) {
      const { code, message } = error as ChainError;
      if (code === 'disagreement' && this.#disagreements.get(name) !== message) {
        this.#disagreements.set(name, message);
        this.#logger.error({ err: error }, message);
      }
      throw error;
    }
  }

  /** One error for all of them: one that may pass, where there is one. */
  #noneOf(what: string, failures: readonly ChainError[]): ChainError {
    const telling = failures.find(({ retryable }) => retryable) ?? failures[0]!;
    if (this.#endpoints.length === 1) return telling;
    return new ChainError(`none of ${failures.length} endpoints could ${what}: ${telling.message}`, {
      code: telling.code,
      retryable: telling.retryable,
      cause: telling,
    });
  }
}

/** Errors that say something about the question: another endpoint would have to say the same. */
function isAnswer({ code }: ChainError): boolean {
  return ['exit-code', 'message-rejected', 'aborted', 'disagreement'].includes(code);
}

function asChainError(error: unknown): ChainError {
  if (error instanceof ChainError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ChainError(`an endpoint failed in an unknown way: ${message}`, {
    code: 'bad-answer',
    retryable: true,
    cause: error,
  });
}
