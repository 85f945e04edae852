import { type Address, Cell, loadTransaction, type Transaction, type TupleItem, type TupleReader } from '@ton/core';
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { z } from 'zod';
import { checkExitCode } from './get-method';
import { checkHistory } from './history';
import { type AccountState, type Chain, ChainError, type TransactionCursor } from './port';
import { type Sleep, sleepFor } from './sleep';
import { decodeStack, encodeStack } from './stack';
import { badAnswer, errorText, httpError, problemOf, retryAfterOf } from './toncenter-errors';

/** The most transactions toncenter lists in one answer. */
const MAX_PAGE = 100;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_BACKOFF_MS = 10_000;

const blockId = z.object({ workchain: z.number(), shard: z.string(), seqno: z.number() });
const masterchainInfo = z.object({ last: blockId });
const blockHeader = z.object({ gen_utime: z.number() });
/** Amounts and logical times: beyond 2^53 a JSON number has lost digits, so only small ones are taken as numbers. */
const wholeNumber = z.union([z.string().regex(/^\d{1,40}$/), z.number().int().nonnegative()]).transform(BigInt);
const transactionId = z.object({ lt: wholeNumber, hash: z.string() });
const addressInformation = z.object({
  balance: wholeNumber,
  state: z.enum(['active', 'uninitialized', 'frozen']),
  code: z.string(),
  data: z.string(),
  last_transaction_id: transactionId,
});
const transactionList = z.array(z.object({ data: z.string(), transaction_id: transactionId }));
const configAll = z.object({ config: z.object({ bytes: z.string() }) });
const runResult = z.object({ exit_code: z.number(), stack: z.array(z.unknown()) });
const envelope = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

export interface ToncenterOptions {
  /** Where JSON-RPC of API v2 is, e.g. `https://toncenter.com/api/v2/jsonRPC`; used as it is. */
  endpoint: string;
  apiKey?: string;
  logger: Logger;
  /** For one attempt (default 10 000). */
  timeoutMs?: number;
  /** Attempts in all, the first included (default 5). */
  attempts?: number;
  /** Wait before the second attempt, doubled from then on, with jitter (default 250). */
  backoffMs?: number;
  /** Ends calls under way and makes later ones fail. */
  signal?: AbortSignal;
  sleep?: Sleep;
}

/** The chain through toncenter's API v2. Rate limits, server errors, silence and garbage are tried again, with back-off. */
export class ToncenterChain implements Chain {
  readonly #endpoint: URL;
  readonly #headers: Record<string, string>;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #attempts: number;
  readonly #backoffMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #sleep: Sleep;
  readonly #agent: Agent;

  /** @throws ChainError `bad-request` when the endpoint is not an http(s) URL */
  constructor(options: ToncenterOptions) {
    this.#endpoint = parseEndpoint(options.endpoint);
    this.#headers = {
      'content-type': 'application/json',
      ...(options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey }),
    };
    this.#logger = options.logger;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#attempts = options.attempts ?? 5;
    this.#backoffMs = options.backoffMs ?? 250;
    this.#signal = options.signal;
    this.#sleep = options.sleep ?? sleepFor;
    this.#agent = new Agent({
      connections: 8,
      pipelining: 1,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: { timeout: this.#timeoutMs },
    });
  }

  async account(address: Address): Promise<AccountState> {
    const info = await this.#call('getAddressInformation', { address: address.toString() }, addressInformation);
    const { lt } = info.last_transaction_id;
    const state: AccountState = {
      balance: info.balance,
      status: info.state === 'uninitialized' ? 'uninit' : info.state,
    };
    if (info.state === 'active') {
      this.#decode('getAddressInformation', () => {
        state.code = info.code === '' ? Cell.EMPTY : Cell.fromBase64(info.code);
        state.data = info.data === '' ? Cell.EMPTY : Cell.fromBase64(info.data);
      });
    }
    if (lt !== 0n) {
      state.last = { lt, hash: Buffer.from(info.last_transaction_id.hash, 'base64') };
    }
    return state;
  }

  async transactions(address: Address, options: { limit: number; before?: TransactionCursor }): Promise<Transaction[]> {
    const { before } = options;
    // The API's cursor is inclusive: ask for one more and check that it is the one we know.
    const limit = Math.min(options.limit + (before === undefined ? 0 : 1), MAX_PAGE);
    const params = {
      address: address.toString(),
      limit,
      archival: true,
      ...(before === undefined ? {} : { lt: before.lt.toString(), hash: before.hash.toString('hex') }),
    };
    const listed = await this.#call('getTransactions', params, transactionList);
    const transactions = this.#decode('getTransactions', () => {
      const found = listed.map(({ data, transaction_id: id }) => {
        const transaction = loadTransaction(Cell.fromBase64(data).beginParse());
        if (transaction.lt !== id.lt || transaction.hash().toString('base64') !== id.hash) {
          throw new Error(`transaction ${id.lt} is not what its id says`);
        }
        return transaction;
      });
      if (before !== undefined && found.length === 0) throw new Error('the transaction asked for is missing');
      checkHistory(found, before);
      return found;
    });
    return before === undefined ? transactions : transactions.slice(1);
  }

  async runMethod(address: Address, name: string, args: TupleItem[] = []): Promise<TupleReader> {
    const params = { address: address.toString(), method: name, stack: encodeStack(args) };
    const result = await this.#call('runGetMethod', params, runResult);
    checkExitCode(address, name, result.exit_code);
    return this.#decode('runGetMethod', () => decodeStack(result.stack));
  }

  async sendBoc(boc: Buffer): Promise<void> {
    await this.#call('sendBoc', { boc: boc.toString('base64') }, z.unknown());
  }

  async time(): Promise<number> {
    const { last } = await this.#call('getMasterchainInfo', {}, masterchainInfo);
    const header = await this.#call(
      'getBlockHeader',
      { workchain: last.workchain, shard: last.shard, seqno: last.seqno },
      blockHeader,
    );
    return header.gen_utime;
  }

  /** The dictionary of all config parameters, as prices and limits are read from it. */
  async config(): Promise<Cell> {
    const { config } = await this.#call('getConfigAll', {}, configAll);
    return this.#decode('getConfigAll', () => Cell.fromBase64(config.bytes));
  }

  /** Closes the connections; calls under way fail. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<T>(method: string, params: object, schema: z.ZodType<T>): Promise<T> {
    const body = JSON.stringify({ id: 1, jsonrpc: '2.0', method, params });
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.#attempt(method, body);
        const parsed = schema.safeParse(result);
        if (!parsed.success) {
          throw badAnswer(method, z.prettifyError(parsed.error).split('\n', 1)[0] ?? 'another shape');
        }
        return parsed.data;
      } catch (error) {
        const failure = this.#asChainError(method, error);
        if (!failure.retryable || attempt >= this.#attempts) {
          throw failure;
        }
        const wait = retryAfterOf(error) ?? this.#backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random());
        this.#logger.debug({ method, attempt, code: failure.code, waitMs: Math.round(wait) }, failure.message);
        try {
          await this.#sleep(Math.min(wait, MAX_BACKOFF_MS), this.#signal);
        } catch (interrupted) {
          throw this.#asChainError(method, interrupted);
        }
      }
    }
  }

  async #attempt(method: string, body: string): Promise<unknown> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = this.#signal === undefined ? timeout : AbortSignal.any([timeout, this.#signal]);
    const response = await this.#agent.request({
      origin: this.#endpoint.origin,
      path: this.#endpoint.pathname + this.#endpoint.search,
      method: 'POST',
      headers: this.#headers,
      body,
      signal,
    });
    const text = await response.body.text();
    let answer: z.infer<typeof envelope>;
    try {
      answer = envelope.parse(JSON.parse(text));
    } catch (error) {
      if (response.statusCode === 200) {
        throw badAnswer(method, `not a JSON answer (${text.slice(0, 60)})`, error);
      }
      throw httpError(method, response, '');
    }
    if (response.statusCode !== 200 || !answer.ok) {
      throw httpError(method, response, errorText(answer.error ?? answer.result));
    }
    return answer.result;
  }

  #decode<T>(method: string, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      throw badAnswer(method, problemOf(error), error);
    }
  }

  #asChainError(method: string, error: unknown): ChainError {
    if (error instanceof ChainError) {
      return error;
    }
    if (this.#signal?.aborted === true) {
      return new ChainError(`${method} was ended by the caller`, { code: 'aborted', retryable: false, cause: error });
    }
    const timedOut = typeof error === 'object' && error !== null && 'name' in error && error.name === 'TimeoutError';
    const reason = timedOut ? `no answer within ${this.#timeoutMs} ms` : problemOf(error);
    return new ChainError(
      `${this.#endpoint.origin} cannot be reached (${reason}); check ton_endpoint and the network`,
      {
        code: 'unreachable',
        retryable: true,
        cause: error,
      },
    );
  }
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new ChainError(
      `the endpoint "${text}" is not an http(s) URL; set ton_endpoint to toncenter's JSON-RPC address`,
      {
        code: 'bad-request',
        retryable: false,
      },
    );
  }
  return url;
}
