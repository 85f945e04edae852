import type { TlObject } from '@cocoon/sdk/protocol/tl/codec';
import type { Logger } from 'pino';
import { listenError } from '../node/config';
import type { PeerConnection, PeerHandlers } from '../transport/connection';
import { ProtocolViolationError } from '../transport/errors';
import { type Listener, listen } from '../transport/listener';
import type { TransportSecurity } from '../transport/security';
import { ClientSession } from './client-session';
import { PeerViolation } from './errors';
import type { PeerContext } from './peer-context';
import { WorkerSession } from './worker-session';

/** One place to listen at; the keys are those of the configuration to name when it cannot be had. */
export interface Doorway {
  role: 'clients' | 'workers';
  host: string;
  port: number;
  security: TransportSecurity;
  hostKey: string;
  portKey: string;
}

export interface PeersOptions {
  context: PeerContext;
  /** At least one for each role. */
  doorways: readonly Doorway[];
  /** Per listener. */
  maxConnections: number;
  logger: Logger;
}

interface Session {
  readonly connection: PeerConnection;
  onMessage(message: TlObject): void | Promise<void>;
  onQuery(message: TlObject): Promise<TlObject>;
  onClose(reason: Error | undefined): void;
}

/** What a peer does wrong is not logged as a failure of ours. @throws ProtocolViolationError */
function takeMessage(session: Session, message: TlObject): void | Promise<void> {
  const judged = (error: unknown): never => {
    throw error instanceof PeerViolation ? new ProtocolViolationError(error.message, error) : error;
  };
  try {
    return session.onMessage(message)?.catch(judged);
  } catch (error) {
    return judged(error);
  }
}

/** The listeners and everybody connected to them. */
export class Peers {
  readonly clients = new Set<ClientSession>();
  readonly workers = new Set<WorkerSession>();
  private readonly options: PeersOptions;
  private listeners: Listener[] = [];

  constructor(options: PeersOptions) {
    this.options = options;
  }

  /**
   * Opens all ports and resolves with the number of the first of each role.
   * @throws ConfigError naming the key whose port cannot be had
   */
  async open(): Promise<{ clientPort: number; workerPort: number }> {
    const { context, doorways } = this.options;
    const ports = { clients: 0, workers: 0 };
    for (const doorway of doorways) {
      const { port } =
        doorway.role === 'workers'
          ? await this.listen(doorway, this.workers, (connection) => new WorkerSession(connection, context))
          : await this.listen(doorway, this.clients, (connection) => new ClientSession(connection, context));
      ports[doorway.role] ||= port;
    }
    return { clientPort: ports.clients, workerPort: ports.workers };
  }

  /** What the root allows has changed. */
  rootChanged(): void {
    for (const worker of [...this.workers]) worker.rootChanged();
  }

  async close(reason?: Error): Promise<void> {
    const listeners = this.listeners;
    this.listeners = [];
    await Promise.all(listeners.map((listener) => listener.close(reason)));
  }

  private async listen<S extends Session>(
    { host, port, security, hostKey, portKey }: Doorway,
    sessions: Set<S>,
    open: (connection: PeerConnection) => S,
  ): Promise<Listener> {
    const { logger, maxConnections } = this.options;
    try {
      const onConnection = (connection: PeerConnection): PeerHandlers => {
        const session = open(connection);
        sessions.add(session);
        return {
          onMessage: (message) => takeMessage(session, message),
          onQuery: (message) => session.onQuery(message),
          onClose: (reason) => {
            sessions.delete(session);
            session.onClose(reason);
          },
        };
      };
      const listener = await listen({ host, port, security, logger, maxConnections, onConnection });
      this.listeners.push(listener);
      return listener;
    } catch (error) {
      throw listenError(error as Error, { host, port, hostKey, portKey });
    }
  }
}
