import type { Clock } from './clock';
import { PeerSilentError } from './errors';

export interface Timings {
  /** From the first byte to tcp.connect / tcp.connected. */
  readonly handshakeTimeoutMs: number;
  /** Longest silence of a peer that this side dialled. */
  readonly dialerTimeoutMs: number;
  /** Longest silence of a peer that dialled this side. */
  readonly acceptorTimeoutMs: number;
  /** The dialer pings after this long without traffic in either direction. */
  readonly pingAfterMs: number;
  /** Longest time one frame may take to arrive, however steadily its bytes trickle in. */
  readonly frameTimeoutMs: number;
}

export const DEFAULT_TIMINGS: Timings = {
  handshakeTimeoutMs: 20_000,
  dialerTimeoutMs: 20_000,
  acceptorTimeoutMs: 60_000,
  pingAfterMs: 10_000,
  frameTimeoutMs: 60_000,
};

/**
 * Watches one connection with a single timer: traffic only moves timestamps, the timer looks at them when it fires.
 * The dialer pings when either direction was quiet: an acceptor counts what it receives, however much it is sending.
 */
export class Keepalive {
  readonly #clock: Clock;
  readonly #timings: Timings;
  readonly #role: 'dialer' | 'acceptor';
  readonly #ping: () => void;
  readonly #onSilent: (error: PeerSilentError) => void;
  #ready = false;
  #stopped = false;
  #cancel: () => void = () => undefined;
  #openedAt: number;
  #heardAt: number;
  #sentAt: number;
  #pingedAt = Number.NEGATIVE_INFINITY;
  #frameSince: number | undefined;

  constructor(opts: {
    clock: Clock;
    timings: Timings;
    role: 'dialer' | 'acceptor';
    ping: () => void;
    onSilent: (error: PeerSilentError) => void;
  }) {
    this.#clock = opts.clock;
    this.#timings = opts.timings;
    this.#role = opts.role;
    this.#ping = opts.ping;
    this.#onSilent = opts.onSilent;
    this.#openedAt = this.#heardAt = this.#sentAt = this.#clock.nowMs();
    this.#schedule();
  }

  ready(): void {
    this.#ready = true;
    this.#cancel();
    this.#schedule();
  }

  /** Bytes came in. `midFrame`: they end inside a frame; `completed`: they finished at least one. */
  heard(midFrame: boolean, completed: boolean): void {
    this.#heardAt = this.#clock.nowMs();
    if (!midFrame) this.#frameSince = undefined;
    else if (completed || this.#frameSince === undefined) this.#frameSince = this.#heardAt;
  }

  sent(): void {
    this.#sentAt = this.#clock.nowMs();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #limitMs(): number {
    return this.#role === 'dialer' ? this.#timings.dialerTimeoutMs : this.#timings.acceptorTimeoutMs;
  }

  #pingAt(): number {
    if (!this.#ready || this.#role !== 'dialer') return Number.POSITIVE_INFINITY;
    return Math.min(Math.max(this.#heardAt, this.#pingedAt), this.#sentAt) + this.#timings.pingAfterMs;
  }

  /** When the peer is given up, and what for. */
  #deadline(): { at: number; why: string } {
    const { handshakeTimeoutMs, frameTimeoutMs } = this.#timings;
    if (!this.#ready) {
      return { at: this.#openedAt + handshakeTimeoutMs, why: `no handshake within ${handshakeTimeoutMs} ms` };
    }
    const silence = { at: this.#heardAt + this.#limitMs(), why: `nothing received for ${this.#limitMs()} ms` };
    if (this.#frameSince === undefined) return silence;
    const frame = { at: this.#frameSince + frameTimeoutMs, why: `a frame was not complete after ${frameTimeoutMs} ms` };
    return frame.at < silence.at ? frame : silence;
  }

  #schedule(): void {
    const next = Math.min(this.#deadline().at, this.#pingAt(), this.#clock.nowMs() + this.#timings.frameTimeoutMs);
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(next - this.#clock.nowMs())), () => this.#check());
  }

  #check(): void {
    if (this.#stopped) return;
    const now = this.#clock.nowMs();
    const { at, why } = this.#deadline();
    if (now >= at) {
      this.#onSilent(new PeerSilentError(why));
      return;
    }
    if (now >= this.#pingAt()) {
      this.#pingedAt = now;
      this.#ping();
    }
    // The ping may have ended the connection (a peer that reads nothing).
    if (!this.#stopped) this.#schedule();
  }
}
