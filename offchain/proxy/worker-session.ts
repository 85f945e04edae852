import { TonCode } from '@cocoon/sdk/errors';
import type { TlObject } from '@cocoon/sdk/protocol/tl/codec';
import type { PeerConnection } from '../transport/connection';
import { PeerQueryError } from '../transport/errors';
import type { WorkerAccount } from './accounts';
import { errorText, PeerViolation } from './errors';
import { checkCoefficient, WorkerHandshake, type WorkerWelcome } from './handshake-worker';
import { type PeerContext, sendTo } from './peer-context';
import type { WorkerSide } from './request-parts';

/** One worker connection: handshake first, then a seat in the scheduler. */
export class WorkerSession {
  readonly connection: PeerConnection;
  private readonly context: PeerContext;
  private readonly handshake: WorkerHandshake;
  private readonly timer: NodeJS.Timeout;
  private seat: WorkerSide | undefined;
  private fullModel = '';
  /** What the worker says of itself. */
  private wanted = false;
  /** Why the root does not let its model be served. */
  private barred: string | undefined;
  private closed = false;

  constructor(connection: PeerConnection, context: PeerContext) {
    this.connection = connection;
    this.context = context;
    this.handshake = new WorkerHandshake(context, connection.peer, (welcome) => this.ready(welcome));
    this.timer = setTimeout(
      () => connection.close(new Error('the handshake took too long')),
      context.handshakeTimeoutMs,
    );
  }

  get side(): WorkerSide | undefined {
    return this.seat;
  }

  /** Throwing ends the connection, and with it everything that runs on it. */
  onMessage(message: TlObject): void {
    const { seat } = this;
    if (!seat) throw new PeerViolation(`${message._} before the handshake is complete`);
    switch (message._) {
      case 'worker.enabledDisabled':
        if (message.disabled !== 0 && message.disabled !== 1)
          throw new PeerViolation(`enabledDisabled must be 0 or 1 (${message.disabled})`);
        this.wanted = message.disabled === 0;
        this.context.logger.info(
          { worker: seat.account.owner, enabled: this.wanted },
          'worker changed its availability',
        );
        this.apply(seat);
        return;
      case 'worker.newCoefficient':
        checkCoefficient(message.newCoefficient);
        seat.coefficient = message.newCoefficient;
        this.context.logger.info(
          { worker: seat.account.owner, coefficient: seat.coefficient },
          'worker changed its price',
        );
        this.context.scheduler.changed(seat);
        return;
      default:
        if (!this.context.relay.workerMessage(seat, message))
          throw new PeerViolation(`${message._} is not a message of a worker`);
    }
  }

  async onQuery(message: TlObject): Promise<TlObject> {
    if (this.seat) return this.answer(message, this.seat.account);
    try {
      return await this.handshake.query(message);
    } catch (error) {
      this.context.logger.info({ peer: this.connection.peer.address, reason: errorText(error) }, 'worker refused');
      const code = error instanceof PeerViolation ? error.code : TonCode.error;
      throw new PeerQueryError(code, error instanceof PeerViolation ? error.message : 'internal error', 'close');
    }
  }

  /**
   * The root's lists have changed. A worker whose image lost its permission is left at once: it sees what users ask. One whose
   * model did gets no more requests; it may stay until it has its voucher, and is not taken again once it went.
   */
  rootChanged(): void {
    const image = this.context.imageProblem(this.connection.peer);
    if (image !== undefined) {
      this.connection.close(new Error(image));
      return;
    }
    const { seat } = this;
    if (seat === undefined) return;
    const before = this.barred;
    this.barred = this.context.modelProblem(this.fullModel);
    if (this.barred === before) return;
    this.context.logger.info(
      { worker: seat.account.owner, barred: this.barred ?? false },
      'the root decided on a model',
    );
    this.apply(seat);
  }

  private apply(seat: WorkerSide): void {
    seat.enabled = this.wanted && this.barred === undefined;
    this.context.scheduler.changed(seat);
  }

  onClose(reason: Error | undefined): void {
    clearTimeout(this.timer);
    this.closed = true;
    this.handshake.leave();
    const { seat } = this;
    if (!seat) return;
    this.context.logger.info(
      { worker: seat.account.owner, model: seat.model, reason: reason?.message },
      'worker disconnected',
    );
    this.context.scheduler.remove(seat.id);
    this.context.relay.workerGone(seat);
  }

  private ready({ account, proto, model, fullModel, coefficient, limit, enabled }: WorkerWelcome): void {
    clearTimeout(this.timer);
    const { connection, context } = this;
    this.fullModel = fullModel;
    this.wanted = enabled;
    this.seat = {
      id: context.nextId(),
      account,
      proto,
      model,
      coefficient,
      limit,
      enabled,
      send: (message) => sendTo(connection, message),
      drop: (reason) => connection.close(reason),
    };
    context.logger.info(
      { worker: account.owner, model: fullModel, coefficient, limit, enabled, proto },
      'worker connected',
    );
    const { seat } = this;
    // After the answer to proxyHandshakeComplete: a live worker takes no request before it.
    setImmediate(() => {
      if (this.closed) return;
      context.scheduler.add(seat);
      // What the root allows may have changed during the handshake.
      this.rootChanged();
    });
  }

  private answer(message: TlObject, account: WorkerAccount): TlObject {
    if (message._ !== 'worker.updatePaymentStatus')
      throw new PeerQueryError(TonCode.protocolViolation, `${message._} is not a query of a worker`);
    return {
      _: 'worker.paymentStatus',
      signedPayment: { _: 'proxy.signedPayment', data: this.context.vouchers.payout(account).data },
      dbTokens: account.levels.written,
      maxTokens: account.levels.max,
    };
  }
}
