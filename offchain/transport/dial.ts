import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from './clock';
import { type ConnectionOptions, PeerConnection } from './connection';
import { asError, ConnectionClosedError, DialError } from './errors';
import { DEFAULT_TIMINGS } from './keepalive';
import type { Secured, Target, TransportSecurity } from './security';

export interface DialOptions extends Pick<ConnectionOptions, 'onConnection' | 'logger' | 'timings' | 'limits'> {
  readonly host: string;
  readonly port: number;
  readonly security: TransportSecurity;
  readonly clock?: Clock;
  /** Gives up when aborted before the connection is ready; a ready connection is not affected. */
  readonly signal?: AbortSignal;
}

function openSocket({ host, port }: Target): { socket: Socket; opened: Promise<void> } {
  const socket = connect({ host, port, noDelay: true });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    // It stays: a failure after connecting is seen by whoever reads the socket then, and must not end the process.
    socket.on('error', reject);
    socket.once('close', () => reject(new ConnectionClosedError('the socket was closed')));
  });
  return { socket, opened };
}

/**
 * Connects, secures the socket and completes the handshake; resolves with a ready connection.
 * handshakeTimeoutMs covers all of it. @throws InsecureAddressError, DialError (with the cause)
 */
export async function dial(options: DialOptions): Promise<PeerConnection> {
  const { host, port, security, clock = systemClock, signal } = options;
  security.checkTarget({ host, port });
  const target = `${host}:${port}`;
  if (signal?.aborted) throw new DialError(`dialling ${target} was cancelled`);
  const timeoutMs = options.timings?.handshakeTimeoutMs ?? DEFAULT_TIMINGS.handshakeTimeoutMs;
  const { socket, opened } = openSocket(security.route?.({ host, port }) ?? { host, port });
  let owned: Duplex = socket;
  let giveUp: (error: Error) => void = () => undefined;
  const gaveUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const cancelTimer = clock.after(timeoutMs, () =>
    giveUp(new DialError(`no connection to ${target} within ${timeoutMs} ms`)),
  );
  const onAbort = (): void => giveUp(new DialError(`dialling ${target} was cancelled`));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([gaveUp, opened]);
    // What was secured is destroyed as a whole, never the socket inside it (see tls.ts).
    const securing = options.security.secureOutbound(socket, { host, port });
    const secured = await Promise.race([gaveUp, securing]);
    owned = secured.stream;
    return await Promise.race([gaveUp, establish(options, secured, clock)]);
  } catch (error) {
    owned.destroy();
    if (error instanceof DialError) throw error;
    throw new DialError(`cannot connect to ${target}: ${asError(error).message}`, error);
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', onAbort);
  }
}

function establish(options: DialOptions, { stream, peer }: Secured, clock: Clock): Promise<PeerConnection> {
  return new Promise((resolve, reject) => {
    // It may have ended while it was being secured.
    if (stream.destroyed) return reject(new ConnectionClosedError('the socket was closed'));
    new PeerConnection({
      ...options,
      stream,
      peer,
      clock,
      role: 'dialer',
      onConnection: (connection) => {
        const handlers = options.onConnection(connection);
        return {
          onMessage: (message) => handlers.onMessage(message),
          onQuery: (query) => handlers.onQuery(query),
          onReady: () => {
            resolve(connection);
            handlers.onReady?.();
          },
          onClose: (reason) => {
            reject(reason ?? new ConnectionClosedError('closed before the handshake was complete'));
            handlers.onClose(reason);
          },
        };
      },
    });
  });
}
