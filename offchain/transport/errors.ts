/** Why a connection could not be made, ended, or did not answer. `code` is stable; `retryable` is about the same call. */
export abstract class TransportError extends Error {
  abstract readonly code: string | number;
  abstract readonly retryable: boolean;

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

/** The byte stream is not a sequence of frames: wrong length or number, or it ends inside one. Ends the connection. */
export class FrameError extends TransportError {
  readonly code = 'BAD_FRAME';
  readonly retryable = false;
}

/** A frame that is not a message, or a message that has no place there. Ends the connection. */
export class ProtocolViolationError extends TransportError {
  readonly code = 'PROTOCOL_VIOLATION';
  readonly retryable = false;
}

/** A message handler of this side threw; the connection's state is unknown, so it ended. */
export class HandlerError extends TransportError {
  readonly code = 'HANDLER_FAILED';
  readonly retryable = false;
}

/** The connection is not there (any more). `cause` is why it ended, when something went wrong. */
export class ConnectionClosedError extends TransportError {
  readonly code = 'CONNECTION_CLOSED';
  readonly retryable = true;
}

/** Nothing came from the peer for longer than the protocol allows. */
export class PeerSilentError extends TransportError {
  readonly code = 'PEER_SILENT';
  readonly retryable = true;
}

/** The peer does not read what it is sent. */
export class SlowPeerError extends TransportError {
  readonly code = 'PEER_TOO_SLOW';
  readonly retryable = true;
}

/** The message would not fit one frame (16 MiB); nothing was sent (B14). */
export class MessageTooLargeError extends TransportError {
  readonly code = 'MESSAGE_TOO_LARGE';
  readonly retryable = false;
}

/** No answer in time. The peer may still have acted on the query. */
export class QueryTimeoutError extends TransportError {
  readonly code = 'QUERY_TIMEOUT';
  readonly retryable = true;
}

/**
 * `tcp.queryError`: received, it says why the peer refused; thrown by an onQuery handler, it is what the peer is told,
 * and with 'close' the connection ends once the peer has been told. `code` is a TON code (601 …).
 */
export class PeerQueryError extends TransportError {
  readonly code: number;
  readonly retryable = false;
  readonly afterwards: 'keep' | 'close';

  constructor(code: number, message: string, afterwards: 'keep' | 'close' = 'keep') {
    super(message);
    this.code = code;
    this.afterwards = afterwards;
  }
}

/** The peer could not be reached or did not complete the handshake. */
export class DialError extends TransportError {
  readonly code = 'DIAL_FAILED';
  readonly retryable = true;
}

/** Bytes would leave this machine unprotected. */
export class InsecureAddressError extends TransportError {
  readonly code = 'INSECURE_ADDRESS';
  readonly retryable = false;
}

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
