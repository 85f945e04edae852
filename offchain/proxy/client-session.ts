import { TonCode } from '@cocoon/sdk/errors';
import type { TlObject } from '@cocoon/sdk/protocol/tl/codec';
import { CANCEL_PROTO } from '@cocoon/sdk/protocol/versions';
import type { Address } from '@ton/core';
import type { PeerConnection } from '../transport/connection';
import { PeerQueryError } from '../transport/errors';
import type { ClientAccount } from './accounts';
import { errorText, PeerViolation } from './errors';
import { ClientHandshake, type ClientWelcome } from './handshake-client';
import { type PeerContext, sendTo } from './peer-context';
import type { RunQuery } from './request-checks';
import type { ClientSide } from './request-parts';

/** One client connection: handshake first, then requests and periodic questions. */
export class ClientSession {
  readonly connection: PeerConnection;
  private readonly context: PeerContext;
  private readonly handshake: ClientHandshake;
  private timer: NodeJS.Timeout;
  private side: (ClientSide & { owner: Address }) | undefined;
  /** Requests, by id, that wait until this proxy knows the version of the root that they name. */
  private readonly early = new Set<string>();

  constructor(connection: PeerConnection, context: PeerContext) {
    this.connection = connection;
    this.context = context;
    this.handshake = new ClientHandshake(context, (welcome) => this.ready(welcome));
    const late = () => connection.close(new Error('the handshake took too long'));
    this.timer = setTimeout(() => {
      if (!this.handshake.patient) return late();
      this.timer = setTimeout(late, context.authTimeoutMs);
    }, context.handshakeTimeoutMs);
  }

  get account(): ClientAccount | undefined {
    return this.side?.account;
  }

  onMessage(message: TlObject): void | Promise<void> {
    if (!this.side) {
      this.context.logger.warn(
        { peer: this.connection.peer.address, message: message._ },
        'message before the handshake ignored',
      );
      return;
    }
    switch (message._) {
      case 'client.runQuery':
      case 'client.runQueryEx':
        if (message.minConfigVersion <= this.context.rootVersion()) this.context.relay.run(this.side, message);
        else return this.runEarly(this.side, message);
        return;
      case 'client.cancelQuery':
        if (this.side.proto < CANCEL_PROTO) throw new PeerViolation('client.cancelQuery needs protocol version 3');
        if (this.early.delete(message.requestId.toString('hex'))) return;
        this.context.relay.cancel(this.side, message.requestId);
        return;
      default:
        throw new PeerViolation(`${message._} is not a message of a client`);
    }
  }

  /** The client has seen a newer root: this proxy looks before it says yes or no. */
  private async runEarly(side: ClientSide, message: RunQuery): Promise<void> {
    const id = message.requestId.toString('hex');
    this.early.add(id);
    await this.context.rootAtLeast(message.minConfigVersion);
    if (this.early.delete(id)) this.context.relay.run(side, message);
  }

  async onQuery(message: TlObject): Promise<TlObject> {
    if (this.side) return this.answer(message, this.side.account);
    try {
      return await this.handshake.query(message);
    } catch (error) {
      this.context.logger.info({ peer: this.connection.peer.address, reason: errorText(error) }, 'client refused');
      const code = error instanceof PeerViolation ? error.code : TonCode.error;
      throw new PeerQueryError(code, error instanceof PeerViolation ? error.message : 'internal error', 'close');
    }
  }

  onClose(reason: Error | undefined): void {
    clearTimeout(this.timer);
    this.handshake.abandon();
    this.early.clear();
    if (!this.side) return;
    this.context.logger.info({ client: this.side.account.owner, reason: reason?.message }, 'client disconnected');
    this.context.relay.clientGone(this.side);
  }

  private ready({ account, owner, proto }: ClientWelcome): void {
    clearTimeout(this.timer);
    this.side = { account, proto, owner, send: (message) => sendTo(this.connection, message) };
    this.context.logger.info({ client: account.owner, proto }, 'client connected');
  }

  private answer(message: TlObject, account: ClientAccount): TlObject {
    const { vouchers, scheduler } = this.context;
    switch (message._) {
      case 'client.updatePaymentStatus':
        return {
          _: 'client.paymentStatus',
          signedPayment: { _: 'proxy.signedPayment', data: vouchers.charge(account).data },
          dbTokens: account.levels.written,
          maxTokens: account.levels.max,
        };
      case 'client.getWorkerTypes':
        return { _: 'client.workerTypes', types: workerTypes(scheduler.seats()) };
      case 'client.getWorkerTypesV2':
        return { _: 'client.workerTypesV2', types: workerTypesV2(scheduler.seats()) };
      case 'client.requestRefund': {
        const settled =
          account.chain.state === 'closing' && account.running === 0 && account.levels.max === account.levels.anchored;
        if (!settled) return { _: 'client.refundRejected', activeQueries: BigInt(account.running) };
        return { _: 'client.refund', data: vouchers.refund(account).data };
      }
      default:
        throw new PeerQueryError(TonCode.protocolViolation, `${message._} is not a query of a client`);
    }
  }
}

type Seats = ReturnType<PeerContext['scheduler']['seats']>;

function byModel(seats: Seats): Map<string, Seats> {
  const models = new Map<string, Seats>();
  for (const entry of seats) models.set(entry.seat.model, [...(models.get(entry.seat.model) ?? []), entry]);
  return models;
}

function workerTypes(seats: Seats) {
  return [...byModel(seats)].map(([name, entries]) => {
    const sorted = entries.map(({ seat }) => seat.coefficient).sort((a, b) => a - b);
    return {
      _: 'client.workerType' as const,
      name,
      activeWorkers: entries.length,
      coefficientMin: sorted[0] ?? 0,
      coefficientBucket50: sorted[Math.floor(sorted.length / 2)] ?? 0,
      coefficientMax: sorted.at(-1) ?? 0,
    };
  });
}

function workerTypesV2(seats: Seats) {
  const enabled = seats.filter(({ seat }) => seat.enabled);
  return [...byModel(enabled)].map(([name, entries]) => ({
    _: 'client.workerTypeV2' as const,
    name,
    workers: entries.map(({ seat, running }) => ({
      _: 'client.workerInstanceV2' as const,
      coefficient: seat.coefficient,
      activeRequests: running,
      maxActiveRequests: seat.limit,
    })),
  }));
}
