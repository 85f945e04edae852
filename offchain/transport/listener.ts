import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from './clock';
import { type ConnectionOptions, type OnConnection, PeerConnection } from './connection';
import { DEFAULT_DOORSTEP, Doorstep, type DoorstepLimits } from './doorstep';
import { asError, ConnectionClosedError } from './errors';
import { DEFAULT_TIMINGS } from './keepalive';
import type { TransportSecurity } from './security';

export interface ListenOptions extends Pick<ConnectionOptions, 'onConnection' | 'logger' | 'timings' | 'limits'> {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly security: TransportSecurity;
  readonly clock?: Clock;
  /** Peers at a time that have done their proof of work (if the security asks for one); more are refused. */
  readonly maxConnections?: number;
  /** Room for sockets that have not. */
  readonly doorstep?: Partial<DoorstepLimits>;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly connections: ReadonlySet<PeerConnection>;
  /** Stops accepting, closes every connection with the reason, resolves when all sockets are gone. */
  close(reason?: Error): Promise<void>;
}

/** Everything that one listener holds. */
interface House {
  readonly options: ListenOptions;
  readonly doorstep: Doorstep;
  readonly maxConnections: number;
  /** Sockets that are past the doorstep. */
  readonly inside: Set<Socket>;
  /** Sockets that are no connection yet. */
  readonly unsecured: Set<Socket>;
  readonly connections: Set<PeerConnection>;
}

/** Listens for peers. @throws InsecureAddressError, or the error of listen(2) (address in use …) */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, security, logger, maxConnections = 1024 } = options;
  security.checkListen(host);
  const house: House = {
    options,
    maxConnections,
    doorstep: new Doorstep(options.doorstep),
    inside: new Set(),
    unsecured: new Set(),
    connections: new Set(),
  };
  const server = createServer({ noDelay: true }, (socket) => {
    house.unsecured.add(socket);
    accept(socket, house).finally(() => house.unsecured.delete(socket));
  });
  // Evicted sockets need a moment to go, hence twice the room for them.
  const onDoorstep = options.doorstep?.maxUnproven ?? DEFAULT_DOORSTEP.maxUnproven;
  server.maxConnections = maxConnections + 2 * onDoorstep;
  const { port } = await bind(server, options);
  server.on('error', (error) => logger.error({ err: error }, 'the peer listener failed'));
  return {
    host,
    port,
    connections: house.connections,
    close: (reason) => shutDown(server, house, reason),
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

function shutDown(server: Server, { connections, unsecured }: House, reason?: Error): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of [...connections]) connection.close(reason);
    // Sockets that did not become a connection yet have nothing to flush.
    for (const socket of unsecured) socket.destroy();
  });
}

/** Secures one socket and makes it a connection; a peer that cannot be secured loses its socket, and that is all. */
async function accept(socket: Socket, house: House): Promise<void> {
  const { options, doorstep } = house;
  const { security, logger, clock = systemClock } = options;
  const where = { address: socket.remoteAddress, port: socket.remotePort };
  const timeoutMs = options.timings?.handshakeTimeoutMs ?? DEFAULT_TIMINGS.handshakeTimeoutMs;
  let known = false;
  socket.on('error', (error) =>
    logger[known ? 'info' : 'debug']({ ...where, reason: error.message }, 'a peer was lost'),
  );
  const cancelTimer = clock.after(timeoutMs, () => socket.destroy(new Error('not secured in time')));
  doorstep.add(socket);
  let owned: Duplex = socket;
  try {
    const { stream, peer } = await security.secureInbound(socket, () => {
      known = true;
      admit(socket, house);
    });
    // From here on only the stream is destroyed, never the socket inside it (see tls.ts).
    cancelTimer();
    house.unsecured.delete(socket);
    owned = stream;
    if (socket.destroyed || stream.destroyed) return;
    new PeerConnection({ ...options, stream, peer, clock, role: 'acceptor', onConnection: tracked(house) });
  } catch (error) {
    // What costs its sender nothing must not fill the log.
    logger[known ? 'warn' : 'debug']({ ...where, reason: asError(error).message }, 'refused a peer');
    owned.destroy();
  } finally {
    cancelTimer();
  }
}

/** From the doorstep into the house. @throws ConnectionClosedError when the house is full */
function admit(socket: Socket, { options, doorstep, inside, maxConnections }: House): void {
  if (socket.destroyed) throw new ConnectionClosedError('the socket was closed');
  doorstep.remove(socket);
  if (inside.size >= maxConnections) {
    options.logger.warn({ max: maxConnections }, 'refused a peer: too many connections');
    throw new ConnectionClosedError('too many connections');
  }
  inside.add(socket);
  socket.once('close', () => inside.delete(socket));
}

/** The owner's handlers, with the connection in the set for as long as it stands. */
function tracked({ options, connections }: House): OnConnection {
  return (connection) => {
    const handlers = options.onConnection(connection);
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
