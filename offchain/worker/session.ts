import { TonCode } from '@cocoon/sdk/errors';
import { COEFFICIENT_LIMIT, tokensUsed } from '@cocoon/sdk/protocol/metering';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl';
import { CANCEL_PROTO } from '@cocoon/sdk/protocol/versions';
import type { Logger } from 'pino';
import { imageProblem } from '../node/allowed';
import { ConnectionClosedError, type PeerConnection, type PeerHandlers } from '../transport';
import { type AnswerWriter, ExAnswerWriter, NO_TOKENS, OldAnswerWriter } from './answer-writer';
import type { Account } from './earnings';
import { ProxyFault } from './errors';
import { type HandshakeResult, shakeHands } from './handshake';
import { type QueryResult, RunningQuery } from './running-query';
import type { WorkerContext } from './worker-context';

/** The longest a proxy may let a request run, seconds. */
const MAX_TIMEOUT_S = 86_400;

type RunMessage = TlType<'proxy.runQuery'> | TlType<'proxy.runQueryEx'>;

/**
 * One connection to a proxy: handshake, then requests, payments and cancels. Whatever the proxy does wrong ends this connection with a
 * reason, and nothing else.
 */
export class Session implements PeerHandlers {
  readonly #connection: PeerConnection;
  readonly #context: WorkerContext;
  readonly #logger: Logger;
  readonly #queries = new Map<string, RunningQuery>();
  #terms: HandshakeResult | undefined;
  #complete = false;
  #closed = false;
  #problem: string | undefined;
  #cancelTimer: () => void = () => undefined;
  /** Set when this proxy is being left. */
  #onLeft: (() => void) | undefined;
  /** Tokens that this proxy has to sign before it is left. */
  #owed: bigint | undefined;

  constructor(connection: PeerConnection, context: WorkerContext, logger: Logger) {
    this.#connection = connection;
    this.#context = context;
    this.#logger = logger;
  }

  /** Requests may come: the handshake is complete and the connection stands. */
  get ready(): boolean {
    return this.#complete && !this.#closed;
  }

  /** Why the handshake failed or the connection ended. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get account(): Account | undefined {
    return this.#terms?.account;
  }

  get runningQueries(): number {
    return this.#queries.size;
  }

  onReady(): void {
    this.#handshake().catch((error: unknown) => this.#fail(error));
  }

  onMessage(message: TlObject): void {
    const terms = this.#terms;
    if (terms === undefined) throw new ProxyFault(`${message._} before the handshake is complete`);
    switch (message._) {
      case 'proxy.runQuery':
      case 'proxy.runQueryEx':
        this.#run(message, terms);
        return;
      case 'proxy.cancelQuery':
        if (terms.protoVersion < CANCEL_PROTO)
          throw new ProxyFault('proxy.cancelQuery is not part of the protocol version in use');
        // A cancel that crosses the end of the answer finds nothing.
        this.#queries.get(message.requestId.toString('hex'))?.cancel();
        return;
      case 'proxy.workerRequestPayment':
        terms.account.accept(message);
        return;
      default:
        throw new ProxyFault(`${message._} is not a message for a worker`);
    }
  }

  /** A proxy asks workers nothing. */
  onQuery(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  onClose(reason: Error | undefined): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#problem = reason?.message ?? this.#problem ?? 'the connection ended';
    for (const query of [...this.#queries.values()]) query.connectionLost();
    this.#onLeft?.();
  }

  /** Tells the proxy whether requests are wanted. */
  announce(): void {
    const disabled = this.#context.isDisabled() || this.#onLeft !== undefined;
    if (this.ready) this.#send({ _: 'worker.enabledDisabled', disabled: disabled ? 1 : 0 });
  }

  /** Tells the proxy the price as it is now. */
  announceCoefficient(): void {
    if (this.ready) this.#send({ _: 'worker.newCoefficient', newCoefficient: this.#context.terms().coefficient });
  }

  /** The root's lists have changed: a proxy whose image is no longer allowed sends nothing more. */
  rootChanged(): void {
    const root = this.#context.root();
    const problem = root && imageProblem(root, 'proxy', this.#connection.peer);
    if (problem !== undefined) this.#fail(new ProxyFault(problem));
  }

  /**
   * No more requests are wanted here. Calls back when what runs has ended and there is a voucher for all that it earned, or when the
   * connection is gone.
   */
  leave(done: () => void): void {
    if (!this.ready) {
      done();
      return;
    }
    this.#onLeft = done;
    this.announce();
    this.#settleUp();
  }

  /** While leaving: a proxy signs what it has committed, some time after the last request. */
  #settleUp(): void {
    if (this.#onLeft === undefined || this.#closed || this.#queries.size > 0) return;
    this.#updatePaymentStatus().catch((error: unknown) => this.#fail(error));
  }

  async #handshake(): Promise<void> {
    const { root, terms, earnings, chain } = this.#context;
    const current = root();
    if (current === undefined) throw new ProxyFault('the root contract has not been read yet');
    const problem = imageProblem(current, 'proxy', this.#connection.peer);
    if (problem !== undefined) throw new ProxyFault(problem);
    const introduced = terms();
    let disabledTold = false;
    const { account, protoVersion } = await shakeHands({
      connection: this.#connection,
      terms: introduced,
      root: current,
      chain,
      hasAccount: (worker) => earnings.has(worker),
      openAccount: (identity) => earnings.open(identity),
      deploy: (identity) => earnings.deploy(identity),
      agreed: (result) => {
        this.#terms = result;
      },
      isDisabled: () => {
        disabledTold = this.#context.isDisabled();
        return disabledTold;
      },
      logger: this.#logger,
    });
    if (this.#closed) return;
    this.#complete = true;
    this.#problem = undefined;
    const { identity } = account;
    this.#logger.info(
      { proxy: identity.proxy.toString(), worker: identity.worker.toString(), proto: protoVersion },
      'connected to a proxy',
    );
    // What changed while the proxy was answering it has not been told.
    if (disabledTold !== this.#context.isDisabled()) this.announce();
    if (introduced.coefficient !== terms().coefficient) this.announceCoefficient();
    this.#schedulePaymentStatus();
  }

  #schedulePaymentStatus(): void {
    this.#cancelTimer();
    const { clock, paymentStatusIntervalMs } = this.#context;
    this.#cancelTimer = clock.after(paymentStatusIntervalMs, () => {
      this.#updatePaymentStatus().catch((error: unknown) => this.#fail(error));
    });
  }

  async #updatePaymentStatus(): Promise<void> {
    const status = await this.#connection.query({ _: 'worker.updatePaymentStatus' }, { timeoutMs: 60_000 });
    const { account } = this;
    account?.accept(status);
    if (account !== undefined && this.#onLeft !== undefined && this.#queries.size === 0) {
      // Once: with another connection to the same proxy there would always be something unsigned.
      this.#owed ??= account.maxTokens;
      if (account.signedTokens >= this.#owed) this.#onLeft();
    }
    if (!this.#closed) this.#schedulePaymentStatus();
  }

  #run(message: RunMessage, { account, protoVersion }: HandshakeResult): void {
    const { requestId, query, timeout } = message;
    const id = requestId.toString('hex');
    if (this.#queries.has(id)) throw new ProxyFault(`request ${id} is running already`);
    account.accept({
      signedPayment: message.signedPayment,
      dbTokens: account.committedToDb,
      maxTokens: account.maxTokens,
    });
    const writer = this.#writer(message, protoVersion);
    const refusal = this.#refusal(message);
    if (refusal !== undefined) {
      const nowMs = this.#context.clock.nowMs();
      writer.error(refusal.code, refusal.text, {
        used: NO_TOKENS,
        startMs: nowMs,
        firstByteMs: undefined,
        endMs: nowMs,
      });
      this.#context.rejected();
      return;
    }
    const { clock, engine, engineKind, model, engineApiKey, begun, ended, unreportedUsage } = this.#context;
    // What the proxy's contract carries, whatever the root says by now: so the proxy counts, too.
    const { params } = account.identity;
    const coefficient = Number(message.coefficient);
    const running = new RunningQuery({
      engine,
      engineKind: engineKind(),
      model,
      apiKey: engineApiKey,
      clock,
      logger: this.#logger.child({ request: id.slice(0, 16) }),
      pricePerToken: params.pricePerToken,
      adjust: (usage) => tokensUsed(usage, coefficient, params),
      writer,
      writable: () => this.#connection.writable,
      drained: () => this.#connection.drained(),
      onEnd: (result: QueryResult) => {
        this.#queries.delete(id);
        ended(result);
        this.#settleUp();
      },
      onUnreportedUsage: unreportedUsage,
    });
    this.#queries.set(id, running);
    begun();
    running.start({ query, timeoutS: timeout });
  }

  #refusal({ coefficient, timeout }: RunMessage): { code: number; text: string } | undefined {
    const context = this.#context;
    if (!(timeout > 0) || timeout > MAX_TIMEOUT_S)
      return { code: TonCode.error, text: `timeout ${timeout} s is not above 0 and at most ${MAX_TIMEOUT_S}` };
    if (coefficient < 0n || coefficient >= BigInt(COEFFICIENT_LIMIT) || !context.isAnnounced(Number(coefficient))) {
      return {
        code: TonCode.error,
        text: `coefficient ${coefficient} is not the price of this worker (${context.terms().coefficient})`,
      };
    }
    if (context.modelProblem() !== undefined)
      return { code: TonCode.notReady, text: "worker: its model is not on the root's list any more" };
    if (this.#onLeft !== undefined) return { code: TonCode.notReady, text: 'worker: it is leaving this proxy' };
    if (context.isDisabled()) return { code: TonCode.notReady, text: 'worker: disabled, its engine is not available' };
    if (context.isFull()) return { code: TonCode.error, text: 'worker: too many active queries' };
    return undefined;
  }

  #writer(message: RunMessage, protoVersion: number): AnswerWriter {
    const { requestId } = message;
    const send = (answer: TlObject) => this.#send(answer);
    if (message._ === 'proxy.runQuery')
      return new OldAnswerWriter({ requestId, protoVersion, enableDebug: false, send });
    return new ExAnswerWriter({ requestId, protoVersion, enableDebug: message.enableDebug ?? false, send });
  }

  #send(message: TlObject): void {
    try {
      this.#connection.send(message);
    } catch (error) {
      // onClose ends what runs; there is nobody left to tell.
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#problem = reason.message;
    if (!this.#closed) this.#logger.warn({ err: reason }, `leaving the proxy: ${reason.message}`);
    this.#connection.close(reason);
  }
}
