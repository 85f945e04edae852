import type { TlObject } from '@cocoon/sdk/protocol/tl/codec';
import type { Logger } from 'pino';
import { listenError } from '../node/config';
import type { PeerConnection, PeerHandlers } from '../transport/connection';
import { ProtocolViolationError } from '../transport/errors';
import { type Listener, listen } from '../transport/listener';
import { plain, type TransportSecurity } from '../transport/security';
import { ClientSession } from './client-session';
import { PeerViolation } from './errors';
import type { PeerContext } from './peer-context';
import { WorkerSession } from './worker-session';

export interface PeersOptions {
  context: PeerContext;
  host: string;
  clientPort: number;
  workerPort: number;
  /** Per listener. */
  maxConnections: number;
  /** What protects both listeners; plain, which stays on this machine, when left out. */
  security?: TransportSecurity;
  logger: Logger;
}

interface Session {
  readonly connection: PeerConnection;
  onMessage(message: TlObject): void;
  onQuery(message: TlObject): Promise<TlObject>;
  onClose(reason: Error | undefined): void;
}

/** What a peer does wrong is not logged as a failure of ours. @throws ProtocolViolationError */
function takeMessage(session: Session, message: TlObject): void {
  try {
    session.onMessage(message);
  } catch (error) {
    throw error instanceof PeerViolation ? new ProtocolViolationError(error.message, error) : error;
  }
}

/** The two listeners and everybody connected to them. */
export class Peers {
  readonly clients = new Set<ClientSession>();
  readonly workers = new Set<WorkerSession>();
  private readonly options: PeersOptions;
  private listeners: Listener[] = [];

  constructor(options: PeersOptions) {
    this.options = options;
  }

  /** Opens both ports and resolves with their numbers. @throws ConfigError naming the key whose port cannot be had */
  async open(): Promise<{ clientPort: number; workerPort: number }> {
    const { context, clientPort, workerPort } = this.options;
    const workers = await this.listen(
      'workers_rpc_port',
      workerPort,
      this.workers,
      (connection) => new WorkerSession(connection, context),
    );
    const clients = await this.listen(
      'client_rpc_port',
      clientPort,
      this.clients,
      (connection) => new ClientSession(connection, context),
    );
    return { clientPort: clients.port, workerPort: workers.port };
  }

  async close(reason?: Error): Promise<void> {
    const listeners = this.listeners;
    this.listeners = [];
    await Promise.all(listeners.map((listener) => listener.close(reason)));
  }

  private async listen<S extends Session>(
    key: string,
    port: number,
    sessions: Set<S>,
    open: (connection: PeerConnection) => S,
  ): Promise<Listener> {
    const { host, logger, maxConnections, security = plain } = this.options;
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
      throw listenError(error as Error, { host, port, hostKey: 'rpc_host', portKey: key });
    }
  }
}
