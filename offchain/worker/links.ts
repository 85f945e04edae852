import type { Endpoint, RegisteredProxy } from '@cocoon/sdk/protocol/root-config';
import type { Logger } from 'pino';
import type { Clock } from '../node/clock';
import { InsecureAddressError, Redialer, type Clock as TransportClock, type TransportSecurity } from '../transport';
import { Session } from './session';
import type { WorkerContext } from './worker-context';

/** A proxy that is not ready for so long is given up for another, where there is another. */
const PATIENCE_MS = 300_000;

export interface LinksOptions {
  /** How many proxies to be connected to. */
  count: number;
  context: WorkerContext;
  security: TransportSecurity;
  logger: Logger;
  clock: Clock;
  /** From 0 up to 1; decides which proxies are chosen. */
  random?: () => number;
  /** Passed to the dialer: its own clock, for tests. */
  transportClock?: TransportClock;
}

interface Link {
  proxy: RegisteredProxy;
  redialer: Redialer;
  /** The newest connection's. */
  session: Session | undefined;
  /** Since when it has not been ready. */
  downSinceMs: number | undefined;
}

export interface LinkState {
  address: string;
  ready: boolean;
  proxy: string | undefined;
  problem: string | undefined;
  runningQueries: number;
}

/** The connections of this worker: to so many of the registered proxies, chosen at random, dialled again whenever they end. */
export class Links {
  readonly #options: LinksOptions;
  #links: Link[] = [];
  /** Get no new requests from their proxies, and end when what runs is done and paid for. */
  readonly #leaving = new Set<Link>();
  #registered: readonly RegisteredProxy[] = [];
  #cancelTimer: () => void = () => undefined;
  #closed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  get sessions(): Session[] {
    return this.#links.flatMap(({ session }) => (session === undefined ? [] : [session]));
  }

  get readyCount(): number {
    return this.sessions.filter((session) => session.ready).length;
  }

  /** The registry as it is now: proxies that left it are left, free places are filled. */
  update(registered: readonly RegisteredProxy[]): void {
    if (this.#closed) return;
    this.#registered = registered;
    this.#leave(
      (link) => !registered.some((proxy) => keyOf(proxy.workers) === keyOf(link.proxy.workers)),
      'it is no longer registered',
    );
    this.#fill();
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(PATIENCE_MS / 10, () => this.#review());
  }

  /** Every proxy is left, and nobody is dialled until the next update(). */
  suspend(reason: string): void {
    this.#cancelTimer();
    this.#leave(() => true, reason);
  }

  /** The root's lists have changed. */
  rootChanged(): void {
    for (const { session } of [...this.#links, ...this.#leaving]) session?.rootChanged();
  }

  close(reason: string): void {
    this.#closed = true;
    this.#cancelTimer();
    for (const { redialer } of [...this.#links, ...this.#leaving]) redialer.close(new Error(reason));
    this.#links = [];
  }

  states(): LinkState[] {
    return this.#links.map(({ proxy, session }) => ({
      address: keyOf(proxy.workers),
      ready: session?.ready ?? false,
      proxy: session?.account?.identity.proxy.toString(),
      problem: session === undefined ? 'not connected yet' : session.problem,
      runningQueries: session?.runningQueries ?? 0,
    }));
  }

  #review(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const link of this.#links) {
      if (link.session?.ready) link.downSinceMs = undefined;
      else link.downSinceMs ??= nowMs;
    }
    const taken = new Set(this.#links.map(({ proxy }) => keyOf(proxy.workers)));
    const others = this.#registered.some((proxy) => !taken.has(keyOf(proxy.workers)));
    if (others) {
      this.#leave(
        ({ downSinceMs }) => downSinceMs !== undefined && nowMs - downSinceMs >= PATIENCE_MS,
        'it was not ready for long',
      );
    }
    this.update(this.#registered);
  }

  #leave(which: (link: Link) => boolean, reason: string): void {
    for (const link of this.#links.filter(which)) {
      this.#options.logger.info({ proxy: keyOf(link.proxy.workers), reason }, 'leaving a proxy');
      this.#links = this.#links.filter((other) => other !== link);
      this.#leaving.add(link);
      const end = () => {
        this.#leaving.delete(link);
        link.redialer.close(new Error(reason));
      };
      if (link.session === undefined) end();
      else link.session.leave(end);
    }
  }

  #fill(): void {
    const { count, random = Math.random, logger } = this.#options;
    const taken = new Set(this.#links.map(({ proxy }) => keyOf(proxy.workers)));
    const spare = this.#registered.filter((proxy) => !taken.has(keyOf(proxy.workers)));
    while (this.#links.length < count && spare.length > 0) {
      const [proxy] = spare.splice(Math.floor(random() * spare.length), 1);
      if (proxy === undefined) return;
      try {
        this.#open(proxy);
      } catch (error) {
        if (!(error instanceof InsecureAddressError)) throw error;
        logger.error({ proxy: keyOf(proxy.workers) }, `this proxy cannot be used: ${error.message}`);
      }
    }
  }

  /** @throws InsecureAddressError */
  #open(proxy: RegisteredProxy): void {
    const { context, security, logger, clock, transportClock } = this.#options;
    const { host, port } = proxy.workers;
    const log = logger.child({ proxyAddress: keyOf(proxy.workers) });
    const link: Link = {
      proxy,
      session: undefined,
      downSinceMs: clock.nowMs(),
      redialer: new Redialer({
        host,
        port,
        security,
        logger: log,
        ...(transportClock === undefined ? {} : { clock: transportClock }),
        onConnection: (connection) => {
          const session = new Session(connection, context, log);
          link.session = session;
          return session;
        },
      }),
    };
    this.#links.push(link);
    link.redialer.start();
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
