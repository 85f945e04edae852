import { type RegisteredProxy, TonCode } from '@cocoon/sdk';
import type { Logger } from 'pino';
import type { Clock } from '../node/clock';
import { type PeerConnection, type PeerHandlers, PeerQueryError, Redialer, type TransportSecurity } from '../transport';
import { ProxySession, type SessionDeps } from './session';

export interface SlotOptions {
  target: RegisteredProxy;
  security: TransportSecurity;
  session: Omit<SessionDeps, 'logger'>;
  clock: Clock;
  logger: Logger;
}

/** How long a proxy may be unusable before another one is tried (runners.md 3). */
const UNUSABLE_AFTER_MS = 300_000;

/** One place for a proxy: keeps a connection to its target, with a fresh session on each. */
export class ProxySlot {
  readonly target: RegisteredProxy;
  readonly #options: SlotOptions;
  readonly #logger: Logger;
  readonly #redialer: Redialer;
  #session: ProxySession | undefined;
  #problem: Error | undefined;
  #readyAtMs: number;

  /** @throws InsecureAddressError when the target may not be dialled with this security */
  constructor(options: SlotOptions) {
    this.target = options.target;
    this.#options = options;
    const { host, port } = options.target.clients;
    this.#logger = options.logger.child({ target: `${host}:${port}` });
    this.#readyAtMs = options.clock.nowMs();
    this.#redialer = new Redialer({
      host,
      port,
      security: options.security,
      logger: this.#logger,
      onConnection: (connection) => this.#handlers(connection),
    });
    this.#redialer.start();
  }

  get session(): ProxySession | undefined {
    return this.#session;
  }

  /** Why the last connection is not usable; undefined while it is, or before the first try has ended. */
  get problem(): Error | undefined {
    return this.#session?.ready ? undefined : (this.#session?.channel?.ending ?? this.#problem);
  }

  /** True when this proxy has not been ready for so long that another one should be tried. */
  get unusable(): boolean {
    const now = this.#options.clock.nowMs();
    if (this.#session?.ready) this.#readyAtMs = now;
    return now - this.#readyAtMs > UNUSABLE_AFTER_MS;
  }

  close(): void {
    this.#redialer.close();
  }

  #handlers(connection: PeerConnection): PeerHandlers {
    const session = new ProxySession(connection, { ...this.#options.session, logger: this.#logger });
    return {
      onReady: () => {
        this.#session = session;
        this.#open(session, connection);
      },
      onMessage: (message) => session.onMessage(message),
      onQuery: async () => {
        throw new PeerQueryError(TonCode.notReady, 'a client answers no queries');
      },
      onClose: (reason) => {
        session.onClose(reason);
        // A handshake that failed has said why already, and better.
        if (reason !== undefined && (this.#problem === undefined || session.wasReady)) this.#problem = reason;
        if (this.#session === session) this.#session = undefined;
      },
    };
  }

  #open(session: ProxySession, connection: PeerConnection): void {
    session.open().then(
      () => {
        this.#problem = undefined;
      },
      (error: Error) => {
        this.#problem = error;
        this.#logger.warn({ err: error }, 'the handshake with the proxy failed');
        connection.close(error);
      },
    );
  }
}
