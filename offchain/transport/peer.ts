import type { Duplex } from 'node:stream';
import type { TlAnswers, TlObject, TlTypes } from '@cocoon/sdk/protocol/tl';
import type { Logger } from 'pino';
import type { Clock } from './clock';
import type { PeerConnection } from './connection';
import type { Timings } from './keepalive';
import type { OutboxLimits } from './outbox';
import type { PeerIdentity } from './security';

export type Role = 'dialer' | 'acceptor';

/** What the owner of a connection does with it. A throw, or a rejection, never leaves the connection. */
export interface PeerHandlers {
  /**
   * A one-way message. A failure ends the connection: it is then not known what the peer may rely on. It is logged as an
   * error of ours, unless it is a ProtocolViolationError.
   */
  onMessage(message: TlObject): void | Promise<void>;
  /**
   * A query; the result is the answer. undefined is answered "Lost promise", a thrown PeerQueryError with its code and
   * text (and ends the connection after that, if it says so), any other failure with "internal error" and a log line.
   */
  onQuery(query: TlObject): Promise<TlObject | undefined>;
  /** The handshake is complete; from now on send() and query() work. */
  onReady?(): void;
  /** Called once, last. undefined: this side closed without a reason. */
  onClose(reason: Error | undefined): void;
}

/**
 * Makes the handlers of a new connection; called once, before anything is read. A throw refuses the peer. The connection
 * cannot be used yet: send, ask or close from onReady on.
 */
export type OnConnection = (connection: PeerConnection) => PeerHandlers;

export interface ConnectionLimits extends OutboxLimits {
  /** Queries of the peer that may be in work at a time; more are refused with "not ready". */
  readonly maxInboundQueries: number;
  /** How long close() waits for the peer to take what was written. */
  readonly closeGraceMs: number;
}

export interface ConnectionOptions {
  readonly stream: Duplex;
  readonly role: Role;
  readonly peer: PeerIdentity;
  readonly onConnection: OnConnection;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly timings?: Partial<Timings>;
  readonly limits?: Partial<ConnectionLimits>;
}

/** A function of the schema, and what its answer is. */
export type TlQuery = TlTypes[keyof TlAnswers];
