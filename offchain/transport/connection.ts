import type { Duplex } from 'node:stream';
import { decode, decodeAs, type TlAnswers, TlError, type TlObject } from '@cocoon/sdk/protocol/tl';
import type { Logger } from 'pino';
import { type Clock, systemClock } from './clock';
import { asError, ConnectionClosedError, FrameError, HandlerError, ProtocolViolationError } from './errors';
import { FrameParser } from './framing';
import { InboundQueries } from './inbound-queries';
import { DEFAULT_TIMINGS, Keepalive } from './keepalive';
import { DEFAULT_OUTBOX_LIMITS, Outbox } from './outbox';
import { type Envelope, envelopeFrame, frameOf, TCP_PACKETS, type TcpPacket } from './packets';
import type { ConnectionLimits, ConnectionOptions, PeerHandlers, Role, TlQuery } from './peer';
import { PendingQueries } from './pending-queries';
import { randomId } from './query-ids';
import type { PeerIdentity } from './security';

export type { ConnectionLimits, ConnectionOptions, OnConnection, PeerHandlers, Role, TlQuery } from './peer';

/**
 * One peer: framing, handshake, keepalive, queries and one-way messages over any byte stream.
 * Whatever is wrong with the peer's bytes ends this connection with a reason and a log line, and nothing else.
 *
 *     opening ── tcp.connect / tcp.connected ──> ready ──> closed
 *        └──────────── timeout, violation, end ─────────────^
 */
export class PeerConnection {
  readonly role: Role;
  readonly peer: PeerIdentity;
  readonly #stream: Duplex;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #limits: ConnectionLimits;
  readonly #handlers: PeerHandlers;
  readonly #parser = new FrameParser();
  readonly #outbox: Outbox;
  readonly #keepalive: Keepalive;
  readonly #queries: PendingQueries;
  readonly #inbound: InboundQueries;
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #closeReason: Error | undefined;
  #nextSeqno = 0;

  constructor(options: ConnectionOptions) {
    const { stream, role, peer, logger, clock = systemClock } = options;
    this.role = role;
    this.peer = peer;
    this.#stream = stream;
    this.#clock = clock;
    this.#limits = { ...DEFAULT_OUTBOX_LIMITS, maxInboundQueries: 1024, closeGraceMs: 2_000, ...options.limits };
    this.#logger = logger.child({ peer: `${peer.address}:${peer.port}`, role });
    this.#queries = new PendingQueries(clock);
    this.#outbox = new Outbox(stream, clock, this.#limits, (error) => this.#abort(error));
    this.#handlers = options.onConnection(this);
    this.#inbound = new InboundQueries({
      max: this.#limits.maxInboundQueries,
      logger: this.#logger,
      answer: (query) => this.#handlers.onQuery(query),
      send: (id, answer) => this.#sendAnswer(id, answer),
      refuse: (id, code, message) => this.#refuse(id, code, message),
      close: (reason) => this.close(reason),
    });
    this.#keepalive = new Keepalive({
      clock,
      role,
      timings: { ...DEFAULT_TIMINGS, ...options.timings },
      ping: () => this.#sendPacket({ _: 'tcp.ping', id: randomId() }),
      onSilent: (error) => this.#abort(error),
    });
    this.#attach();
    if (role === 'dialer') this.#sendPacket({ _: 'tcp.connect', id: randomId() });
  }

  /** Whether the handshake is complete and the connection still stands. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** False while the peer is behind with reading; wait for drained() before producing more. */
  get writable(): boolean {
    return this.#state === 'ready' && this.#outbox.writable;
  }

  /** Resolves when the peer has caught up; rejects with ConnectionClosedError when the connection ends first. */
  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  /** Own queries that wait for an answer. */
  get pendingQueries(): number {
    return this.#queries.size;
  }

  /**
   * Sends a one-way message. Returns `writable`: false means it was accepted and the peer is behind.
   * @throws ConnectionClosedError, MessageTooLargeError (B14), TlError: nothing was sent
   */
  send(message: TlObject): boolean {
    this.#requireReady(message._);
    this.#sendEnvelope('tcp.packet', undefined, message);
    return this.writable;
  }

  /**
   * Asks the peer; the answer's type follows from the function. Rejects with PeerQueryError (the peer refused),
   * QueryTimeoutError, ConnectionClosedError (at once when the connection ends, B28), MessageTooLargeError, or TlError
   * when the peer answered something else (that also ends the connection).
   */
  async query<Q extends TlQuery>(query: Q, opts: { timeoutMs: number }): Promise<TlAnswers[Q['_']]> {
    this.#requireReady(query._);
    const { id, answer } = this.#queries.open(query._, opts.timeoutMs);
    try {
      this.#sendEnvelope('tcp.query', id, query);
    } catch (error) {
      this.#queries.fail(id, asError(error));
    }
    return (await answer) as TlAnswers[Q['_']];
  }

  /** Ends the connection after what was written has been taken (or closeGraceMs). Idempotent. */
  close(reason?: Error): void {
    if (this.#state === 'closed') return;
    this.#finish(reason);
    this.#stream.end();
    const cancel = this.#clock.after(this.#limits.closeGraceMs, () => this.#stream.destroy());
    this.#stream.once('close', cancel);
  }

  #attach(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('error', (error) =>
      this.#abort(new ConnectionClosedError(`the connection failed: ${error.message}`, error)),
    );
    stream.on('close', () => this.#abort(new ConnectionClosedError('the connection was closed')));
  }

  #onEnd(): void {
    if (this.#parser.partial) this.#abort(new FrameError('the peer ended the stream inside a frame'));
    else this.close(new ConnectionClosedError('the peer closed the connection'));
  }

  #onData(chunk: Buffer): void {
    // After close() the stream is still read, so that the peer's end is seen; what it says no longer matters.
    if (this.#state === 'closed') return;
    let completed = false;
    try {
      this.#parser.push(chunk, (payload) => {
        completed = true;
        this.#onPayload(payload);
        return !this.closed;
      });
      this.#keepalive.heard(this.#parser.partial, completed);
    } catch (error) {
      this.#abort(
        error instanceof TlError ? new ProtocolViolationError(`bad message: ${error.message}`, error) : asError(error),
      );
    }
  }

  /** Throws TlError and ProtocolViolationError; the caller ends the connection. */
  #onPayload(payload: Buffer): void {
    const packet = decodeAs(TCP_PACKETS, payload);
    if (this.#state === 'opening') this.#onFirst(packet);
    else this.#onPacket(packet);
  }

  #onPacket(packet: TcpPacket): void {
    switch (packet._) {
      case 'tcp.packet':
        this.#onMessage(decode(packet.data));
        break;
      case 'tcp.query':
        this.#inbound.take(packet.id, packet.data);
        break;
      case 'tcp.queryAnswer':
        this.#queries.answer(packet.id, packet.data);
        break;
      case 'tcp.queryError':
        this.#queries.refuse(packet.id, packet.code, packet.message);
        break;
      case 'tcp.ping':
        this.#sendPacket({ _: 'tcp.pong', id: packet.id });
        break;
      default:
        // A pong has done its work by arriving; a repeated handshake means nothing.
        break;
    }
  }

  #onFirst(packet: TlObject): void {
    const expected = this.role === 'dialer' ? 'tcp.connected' : 'tcp.connect';
    if (packet._ !== expected) {
      throw new ProtocolViolationError(`the first packet is ${packet._}, ${expected} was expected`);
    }
    this.#state = 'ready';
    if (packet._ === 'tcp.connect') this.#sendPacket({ _: 'tcp.connected', id: packet.id });
    this.#keepalive.ready();
    this.#guard('onReady', () => this.#handlers.onReady?.());
  }

  #onMessage(message: TlObject): void {
    this.#guard(message._, () => this.#handlers.onMessage(message));
  }

  /** Runs a handler; its failure, now or later, ends the connection and nothing else. A violation is the peer's own. */
  #guard(what: string, run: () => void | Promise<void>): void {
    const failed = (error: unknown): void => {
      if (error instanceof ProtocolViolationError) {
        this.#abort(error);
        return;
      }
      this.#logger.error({ err: error, message: what }, 'a peer handler failed');
      this.#abort(new HandlerError(`handling ${what} failed: ${asError(error).message}`, error));
    };
    try {
      run()?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #sendAnswer(id: bigint, answer: TlObject): void {
    if (this.#state !== 'closed') this.#sendEnvelope('tcp.queryAnswer', id, answer);
  }

  #refuse(id: bigint, code: number, message: string): void {
    this.#sendPacket({ _: 'tcp.queryError', id, code, message });
  }

  #requireReady(what: string): void {
    if (this.#state === 'ready') return;
    const why = this.#state === 'closed' ? 'the connection is closed' : 'the handshake is not complete';
    throw new ConnectionClosedError(`${what} was not sent: ${why}`, this.#closeReason);
  }

  #sendEnvelope(envelope: Envelope, id: bigint | undefined, message: TlObject): void {
    this.#write(envelopeFrame(this.#nextSeqno, envelope, id, message));
  }

  #sendPacket(packet: TlObject): void {
    if (this.#state !== 'closed') this.#write(frameOf(this.#nextSeqno, packet));
  }

  /** The number is taken only when there is a frame to write: a message that cannot be encoded leaves no gap. */
  #write(frame: Buffer): void {
    this.#nextSeqno = (this.#nextSeqno + 1) | 0;
    this.#keepalive.sent();
    this.#outbox.write(frame);
  }

  /** Ends the connection without waiting for the peer. */
  #abort(reason: Error): void {
    if (this.#state === 'closed') return;
    this.#finish(reason);
    this.#stream.destroy();
  }

  #finish(reason: Error | undefined): void {
    this.#state = 'closed';
    this.#closeReason = reason;
    this.#keepalive.stop();
    const code = reason && 'code' in reason ? reason.code : undefined;
    this.#logger.info({ reason: reason?.message, code }, 'peer connection ended');
    this.#outbox.end(new ConnectionClosedError('the connection ended', reason));
    this.#queries.failAll((fn) => {
      const detail = reason ? `: ${reason.message}` : '';
      return new ConnectionClosedError(`the connection ended before ${fn} was answered${detail}`, reason);
    });
    try {
      this.#handlers.onClose(reason);
    } catch (error) {
      this.#logger.error({ err: error }, 'the close handler failed');
    }
  }
}
