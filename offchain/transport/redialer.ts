import { systemClock } from './clock';
import type { OnConnection, PeerConnection } from './connection';
import { type DialOptions, dial } from './dial';
import { asError } from './errors';

export interface Backoff {
  /** First wait after a failure. */
  readonly minMs: number;
  /** Longest wait; the live network's dialers try every 10 s. */
  readonly maxMs: number;
  /** A connection that stood this long was a success: the next failure waits minMs again. */
  readonly stableMs: number;
}

export const DEFAULT_BACKOFF: Backoff = { minMs: 250, maxMs: 10_000, stableMs: 10_000 };

export interface RedialerOptions extends Omit<DialOptions, 'signal'> {
  readonly backoff?: Partial<Backoff>;
  /** 0 ≤ x < 1; for tests. */
  readonly random?: () => number;
}

/**
 * Keeps a connection to one target: whenever there is none, it dials again after a growing, jittered wait (half to all
 * of it at random, so that a restarted proxy does not meet all its peers in the same millisecond).
 */
export class Redialer {
  readonly #options: RedialerOptions;
  readonly #backoff: Backoff;
  readonly #aborter = new AbortController();
  #connection: PeerConnection | undefined;
  #failures = 0;
  #cancelTimer: () => void = () => undefined;
  #started = false;

  /** @throws InsecureAddressError at once: dialling again would not make the address safe */
  constructor(options: RedialerOptions) {
    options.security.checkTarget({ host: options.host, port: options.port });
    this.#options = options;
    this.#backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
  }

  /** The ready connection, if there is one now. */
  get connection(): PeerConnection | undefined {
    return this.#connection?.ready ? this.#connection : undefined;
  }

  start(): void {
    if (this.#started || this.#aborter.signal.aborted) return;
    this.#started = true;
    this.#dial();
  }

  /** Stops dialling and closes the connection. Idempotent. */
  close(reason?: Error): void {
    this.#aborter.abort();
    this.#cancelTimer();
    this.#connection?.close(reason);
  }

  #dial(): void {
    const { host, port, logger, clock = systemClock } = this.#options;
    let readyAt: number | undefined;
    const onConnection: OnConnection = (connection) => {
      const handlers = this.#options.onConnection(connection);
      return {
        onMessage: (message) => handlers.onMessage(message),
        onQuery: (query) => handlers.onQuery(query),
        onReady: () => {
          readyAt = clock.nowMs();
          this.#connection = connection;
          handlers.onReady?.();
        },
        onClose: (reason) => {
          // Before it was ready, the failed dial() reports it.
          if (readyAt !== undefined) this.#lost(clock.nowMs() - readyAt);
          handlers.onClose(reason);
        },
      };
    };
    dial({ ...this.#options, onConnection, signal: this.#aborter.signal }).catch((error: unknown) => {
      if (this.#aborter.signal.aborted) return;
      logger.warn({ host, port, reason: asError(error).message }, 'cannot reach the peer; will try again');
      this.#again();
    });
  }

  #lost(stoodMs: number): void {
    this.#connection = undefined;
    if (stoodMs >= this.#backoff.stableMs) this.#failures = 0;
    this.#again();
  }

  #again(): void {
    if (this.#aborter.signal.aborted) return;
    const { minMs, maxMs } = this.#backoff;
    const { clock = systemClock, random = Math.random } = this.#options;
    const waitMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    this.#cancelTimer = clock.after(waitMs * (0.5 + random() / 2), () => this.#dial());
  }
}
