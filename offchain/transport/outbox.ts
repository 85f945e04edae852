import type { Duplex } from 'node:stream';
import type { Clock } from './clock';
import { ConnectionClosedError, SlowPeerError } from './errors';

export interface OutboxLimits {
  /** Above this many unsent bytes `writable` is false and senders should wait for drained(). */
  readonly highWaterBytes: number;
  /** Above this many the peer is cut off at once. */
  readonly maxBufferedBytes: number;
  /** A peer that keeps the buffer above highWaterBytes for longer than this is cut off. */
  readonly slowPeerTimeoutMs: number;
}

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  highWaterBytes: 1 << 20,
  maxBufferedBytes: 64 << 20,
  slowPeerTimeoutMs: 30_000,
};

/**
 * The writing side of a connection. Everything written in one turn of the event loop leaves in one system call; what
 * the peer does not read is bounded in size and in time.
 */
export class Outbox {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #limits: OutboxLimits;
  readonly #onSlow: (error: SlowPeerError) => void;
  #corked = false;
  #ended = false;
  #cancelSlowTimer: (() => void) | undefined;
  #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  constructor(stream: Duplex, clock: Clock, limits: OutboxLimits, onSlow: (error: SlowPeerError) => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#limits = limits;
    this.#onSlow = onSlow;
  }

  /** False while the peer is behind. */
  get writable(): boolean {
    return !this.#ended && this.#cancelSlowTimer === undefined;
  }

  /** Resolves when the peer has caught up; rejects with ConnectionClosedError when the connection ends first. */
  drained(): Promise<void> {
    if (this.#ended) return Promise.reject(new ConnectionClosedError('the connection is closed'));
    if (this.writable) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  write(frame: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#stream.cork();
      process.nextTick(this.#uncork);
    }
    this.#stream.write(frame, this.#written);
    const behind = this.#stream.writableLength;
    if (behind <= this.#limits.highWaterBytes) return;
    if (behind > this.#limits.maxBufferedBytes) {
      this.#onSlow(new SlowPeerError(`${behind} bytes wait for a peer that does not read them`));
      return;
    }
    this.#cancelSlowTimer ??= this.#clock.after(this.#limits.slowPeerTimeoutMs, () => {
      const { slowPeerTimeoutMs, highWaterBytes } = this.#limits;
      this.#onSlow(
        new SlowPeerError(`the peer was more than ${highWaterBytes} bytes behind for ${slowPeerTimeoutMs} ms`),
      );
    });
  }

  /** Nothing more will be written; what was is handed to the stream. */
  end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#uncork();
    this.#caughtUp();
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  #uncork = (): void => {
    if (!this.#corked) return;
    this.#corked = false;
    this.#stream.uncork();
  };

  #written = (): void => {
    if (this.#cancelSlowTimer === undefined || this.#stream.writableLength > this.#limits.highWaterBytes / 2) return;
    this.#caughtUp();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  };

  #caughtUp(): void {
    this.#cancelSlowTimer?.();
    this.#cancelSlowTimer = undefined;
  }
}
