import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from './clock';
import { type ConnectionOptions, type OnConnection, PeerConnection } from './connection';
import { asError } from './errors';
import { DEFAULT_TIMINGS } from './keepalive';
import type { TransportSecurity } from './security';

export interface ListenOptions extends Pick<ConnectionOptions, 'onConnection' | 'logger' | 'timings' | 'limits'> {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly security: TransportSecurity;
  readonly clock?: Clock;
  /** Sockets open at a time, secured or not; more are closed at once. */
  readonly maxConnections?: number;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly connections: ReadonlySet<PeerConnection>;
  /** Stops accepting, closes every connection with the reason, resolves when all sockets are gone. */
  close(reason?: Error): Promise<void>;
}

/** Listens for peers. @throws InsecureAddressError, or the error of listen(2) (address in use …) */
export async function listen(options: ListenOptions): Promise<Listener> {
  options.security.checkAddress(options.host);
  const connections = new Set<PeerConnection>();
  const unsecured = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    unsecured.add(socket);
    accept(socket, options, connections).finally(() => unsecured.delete(socket));
  });
  server.maxConnections = options.maxConnections ?? 1024;
  server.on('drop', () => options.logger.warn({ max: server.maxConnections }, 'refused a peer: too many connections'));
  const { port } = await bind(server, options);
  server.on('error', (error) => options.logger.error({ err: error }, 'the peer listener failed'));
  return {
    host: options.host,
    port,
    connections,
    close: (reason) => shutDown(server, connections, unsecured, reason),
  };
}

function bind(server: Server, { host, port }: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function shutDown(
  server: Server,
  connections: ReadonlySet<PeerConnection>,
  unsecured: ReadonlySet<Socket>,
  reason?: Error,
): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of [...connections]) connection.close(reason);
    // Sockets that did not become a connection yet have nothing to flush.
    for (const socket of unsecured) socket.destroy();
  });
}

/** Secures one socket and makes it a connection; a peer that cannot be secured loses its socket, and that is all. */
async function accept(socket: Socket, options: ListenOptions, connections: Set<PeerConnection>): Promise<void> {
  const { security, logger, clock = systemClock } = options;
  const where = { address: socket.remoteAddress, port: socket.remotePort };
  const timeoutMs = options.timings?.handshakeTimeoutMs ?? DEFAULT_TIMINGS.handshakeTimeoutMs;
  const onError = (error: Error): void => logger.info({ ...where, reason: error.message }, 'a peer was lost');
  socket.on('error', onError);
  const cancelTimer = clock.after(timeoutMs, () => socket.destroy(new Error('not secured in time')));
  try {
    const { stream, peer } = await security.secureInbound(socket);
    if (socket.destroyed) return;
    new PeerConnection({
      ...options,
      stream,
      peer,
      clock,
      role: 'acceptor',
      onConnection: tracked(options, connections),
    });
  } catch (error) {
    logger.warn({ ...where, reason: asError(error).message }, 'refused a peer');
    socket.destroy();
  } finally {
    cancelTimer();
  }
}

/** The owner's handlers, with the connection in the set for as long as it stands. */
function tracked({ onConnection }: ListenOptions, connections: Set<PeerConnection>): OnConnection {
  return (connection) => {
    const handlers = onConnection(connection);
    connections.add(connection);
    return {
      onMessage: (message) => handlers.onMessage(message),
      onQuery: (query) => handlers.onQuery(query),
      onReady: () => handlers.onReady?.(),
      onClose: (reason) => {
        connections.delete(connection);
        handlers.onClose(reason);
      },
    };
  };
}
