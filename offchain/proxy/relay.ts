import { randomBytes } from 'node:crypto';
import { MeteringError } from '@cocoon/sdk/protocol/metering';
import { TlError } from '@cocoon/sdk/protocol/tl/codec';
import type { Logger } from 'pino';
import type { Ledger, RequestRow } from '../ledger';
import type { ClientAccount, Reservation, WorkerAccount } from './accounts';
import type { Books } from './books';
import { ClientFrames } from './client-frames';
import { errorText, RequestError } from './errors';
import type { ProxyMetrics } from './metrics';
import { RelayedRequest } from './relayed-request';
import { boundedTimeout, checkRequest, type RelayLimits, type RunQuery, tokensNeeded } from './request-checks';
import { type ClientSide, lost, type RequestDeps, type RequestFacts, type WorkerSide } from './request-parts';
import type { Scheduler } from './scheduler';
import { limitTokens, NO_TOKENS, type RequestTokens } from './tokens';
import type { VoucherBook } from './vouchers';
import { readWorkerFrame, type WorkerFrame } from './worker-frames';

export interface RelayOptions {
  books: Books;
  ledger: Ledger;
  scheduler: Scheduler<WorkerSide>;
  vouchers: VoucherBook;
  metrics: ProxyMetrics;
  logger: Logger;
  limits: RelayLimits;
  now(): number;
  rootVersion(): number;
  /** Why no new paid request can be taken now; undefined when all is well. */
  unready(): string | undefined;
}

/** Takes requests of clients, finds workers, and carries answers back. Every request it takes ends exactly once. */
export class Relay {
  private readonly options: RelayOptions;
  /** By our id towards the worker. */
  private readonly running = new Map<string, RelayedRequest>();

  constructor(options: RelayOptions) {
    this.options = options;
  }

  get active(): number {
    return this.running.size;
  }

  /** A client's request. Whatever is wrong with it, the client gets exactly one last frame. */
  run(client: ClientSide, message: RunQuery): void {
    let request: RelayedRequest;
    try {
      request = this.accept(client, message);
    } catch (error) {
      this.refuse(client, message, asRequestError(error, this.options.logger));
      return;
    }
    this.running.set(request.key, request);
    void this.assign(request, message.maxCoefficient);
  }

  /** The client no longer wants the answer to its request. Unknown ids are late cancels, not mistakes. */
  cancel(client: ClientSide, requestId: Buffer): void {
    for (const request of this.running.values()) {
      if (request.client === client && request.facts.clientRequestId.equals(requestId)) {
        request.fail('cancel', new RequestError('request_cancelled', 'the client cancelled the request'));
      }
    }
  }

  clientGone(client: ClientSide): void {
    for (const request of [...this.running.values()]) {
      if (request.client !== client) continue;
      request.clientGone = true;
      request.fail('cancel', new RequestError('request_cancelled', 'the client disconnected'));
    }
  }

  workerGone(worker: WorkerSide): void {
    for (const request of [...this.running.values()]) if (request.worker === worker) request.fail('workerLost', lost());
  }

  /**
   * A one-way message of a worker. Returns whether it was an answer frame.
   * @throws PeerViolation for impossible counts (the caller ends the connection, which fails the worker's requests)
   */
  workerMessage(worker: WorkerSide, message: Parameters<typeof readWorkerFrame>[0]): boolean {
    const frame = readWorkerFrame(message, this.options.limits.maxTokensPerRequest);
    if (!frame) return false;
    this.route(worker, frame);
    return true;
  }

  /** Ends everything that runs, for a shutdown. */
  stop(): void {
    for (const request of [...this.running.values()]) {
      const why = new RequestError('proxy_not_ready', 'the proxy is shutting down; try again shortly');
      if (request.state === 'queued') request.fail('refused', why);
      else request.fail('workerLost', why);
    }
  }

  private route(worker: WorkerSide, frame: WorkerFrame): void {
    const request = this.running.get(frame.id);
    if (request?.worker !== worker) {
      // Frames of a request that has ended here are normal after a timeout.
      this.options.logger.debug(
        { request: frame.id, worker: worker.account.owner },
        'answer frame for no running request',
      );
      return;
    }
    request.answered(frame);
  }

  private accept(client: ClientSide, message: RunQuery): RelayedRequest {
    const { books, limits, now, scheduler } = this.options;
    const { account } = client;
    const unready = this.options.unready();
    if (unready)
      throw new RequestError('proxy_not_ready', `this proxy takes no new requests at the moment: ${unready}`);
    if (message.minConfigVersion > this.options.rootVersion()) {
      throw new RequestError(
        'config_version_too_low',
        `the client knows root version ${message.minConfigVersion}, this proxy ${this.options.rootVersion()}; try again in a minute`,
      );
    }
    if (account.chain.state === 'closing' || account.chain.state === 'closed') {
      throw new RequestError(
        'channel_closing',
        `the channel ${account.contract} is ${account.chain.state}; open a new one`,
      );
    }
    if (account.running >= limits.maxClientRequests) {
      throw new RequestError(
        'too_many_requests',
        `this client has ${account.running} requests running, the limit is ${limits.maxClientRequests}; wait for one to end`,
      );
    }
    const timeoutS = boundedTimeout(message.timeout, limits.maxTimeoutS);
    const tokens = tokensNeeded(message, books.identity.params);
    checkRequest(message.query, limits);
    // Known before money is set aside: no reservation for what nobody here can answer.
    scheduler.checkPossible(message.modelName, message.maxCoefficient);
    const reservation = account.reserve(tokens, books.identity.prices);
    account.lastRequestAt = now();
    const startedAt = now();
    const facts: RequestFacts = {
      id: randomBytes(32),
      clientRequestId: message.requestId,
      model: message.modelName,
      query: message.query,
      enableDebug: message._ === 'client.runQueryEx' && message.enableDebug === true,
      startedAt,
      deadlineAt: startedAt + timeoutS * 1000,
    };
    return new RelayedRequest(facts, client, reservation, this.deps());
  }

  private async assign(request: RelayedRequest, maxCoefficient: number): Promise<void> {
    const { scheduler, limits } = this.options;
    const waiting = new AbortController();
    const { model } = request.facts;
    const busy = () =>
      waiting.abort(
        new RequestError(
          'all_workers_busy',
          `no worker of ${model} became free within ${limits.queueTimeoutMs / 1000} s; try again shortly`,
        ),
      );
    const timer = setTimeout(busy, limits.queueTimeoutMs);
    try {
      const signal = AbortSignal.any([waiting.signal, request.abort.signal]);
      request.assigned(await scheduler.acquire(model, maxCoefficient, signal));
    } catch (error) {
      request.fail('refused', asRequestError(error, this.options.logger));
    } finally {
      clearTimeout(timer);
    }
  }

  private refuse(client: ClientSide, message: RunQuery, error: RequestError): void {
    const at = this.options.now() / 1000;
    const frames = new ClientFrames(client.proto, message.requestId);
    client.send(frames.errorHead(error, { tokens: NO_TOKENS, proxyTimes: { start: at, end: at } }));
    this.options.metrics.requestEnded('refused', error.code);
    this.options.logger.info({ client: client.account.owner, code: error.code }, error.message);
  }

  private deps(): RequestDeps {
    const { logger, now, limits, vouchers, metrics } = this.options;
    return {
      logger,
      now,
      drainTimeoutMs: limits.drainTimeoutMs,
      payoutVoucher: (worker) => ({ _: 'proxy.signedPayment', data: vouchers.payout(worker).data }),
      payable: (tokens, reservation, client) => this.payable(tokens, reservation, client),
      settle: (row, tokens, worker, reservation, client) => this.settle(row, tokens, worker, reservation, client),
      record: (row, reservation) => {
        reservation.end(0n);
        this.options.ledger.write([{ kind: 'request', row }]).catch((error: unknown) => {
          logger.error({ request: row.id, reason: errorText(error) }, 'a request could not be recorded yet');
        });
      },
      notify: (request, tokens) => this.notify(request, tokens),
      ended: (request) => {
        this.running.delete(request.key);
        metrics.requestEnded(request.state, request.errorCode);
      },
    };
  }

  private payable(tokens: RequestTokens, reservation: Reservation, client: ClientAccount): RequestTokens {
    const { books, logger } = this.options;
    const most = client.covered(reservation, books.identity.prices);
    if (tokens.total <= most) return tokens;
    logger.warn(
      { client: client.owner, reported: tokens.total.toString(), settled: most.toString() },
      'a request used more tokens than the channel of its client covers; nobody pays for the rest',
    );
    return limitTokens(tokens, most);
  }

  private async settle(
    row: RequestRow,
    tokens: RequestTokens,
    worker: WorkerAccount,
    reservation: Reservation,
    client: ClientAccount,
  ): Promise<void> {
    const { books, metrics, logger } = this.options;
    const { pricePerToken, workerFeePerToken } = books.identity.prices;
    reservation.end(tokens.total);
    worker.levels.add(tokens.total);
    worker.lastRequestAt = row.endedAt;
    metrics.tokensUsed(tokens);
    const priced: RequestRow = {
      ...row,
      costNano: tokens.total * pricePerToken,
      feeNano: tokens.total * workerFeePerToken,
    };
    try {
      await books.write([client, worker], [{ kind: 'request', row: priced }]);
    } catch (error) {
      // The counters stay in memory and in the ledger's queue; new requests are refused until it writes again.
      logger.error({ request: row.id, reason: errorText(error) }, 'a finished request is not on disk yet');
    }
  }

  private notify(request: RelayedRequest, tokens: RequestTokens): void {
    const { vouchers } = this.options;
    const client = request.client.account;
    const worker = request.worker;
    if (!request.clientGone) {
      request.client.send({
        _: 'proxy.clientRequestPayment',
        requestId: request.facts.clientRequestId,
        signedPayment: { _: 'proxy.signedPayment', data: vouchers.charge(client).data },
        dbTokens: client.levels.written,
        maxTokens: client.levels.max,
        requestTokens: tokens.total,
      });
    }
    worker?.send({
      _: 'proxy.workerRequestPayment',
      requestId: request.facts.id,
      signedPayment: { _: 'proxy.signedPayment', data: vouchers.payout(worker.account).data },
      dbTokens: worker.account.levels.written,
      maxTokens: worker.account.levels.max,
      requestTokens: tokens.total,
      requestClientOwner: client.owner,
    });
  }
}

function asRequestError(error: unknown, logger: Logger): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof TlError || error instanceof MeteringError)
    return new RequestError('invalid_request', error.message);
  logger.error({ reason: errorText(error) }, 'a request failed in an unforeseen way');
  return new RequestError('proxy_not_ready', 'the proxy met an internal error; try again');
}
