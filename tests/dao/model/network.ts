import type { Message, Outgoing, Party } from './messages';
import type { Random } from './random';

export interface Delivery {
  from: Party;
  to: Party;
  message: Message;
  /** its destination refused it: back at the sender */
  bounced: boolean;
  bounce: boolean;
  at: number;
  /** the sender's clock */
  sentAt: number;
}

/**
 * What TON promises and no more: messages between two contracts arrive in their order, all others in any; each contract's clock may
 * lag, never goes back, and is never behind that of a message's sender.
 */
export class Network {
  time = 0;
  private readonly queue: Delivery[] = [];
  private readonly lastArrival = new Map<string, number>();
  private readonly lag = new Map<Party, number>();
  private readonly clock = new Map<Party, number>();

  constructor(
    private readonly random: Random,
    private readonly mostLag: number,
    private readonly delay: (random: Random) => number = usualDelay,
  ) {}

  setLag(party: Party, lag: number): void {
    this.lag.set(party, lag);
  }

  now(party: Party): number {
    let lag = this.lag.get(party);
    if (lag === undefined) {
      lag = this.random.between(0, this.mostLag);
      this.lag.set(party, lag);
    }
    return this.advance(party, this.time - lag);
  }

  get busy(): boolean {
    return this.queue.length > 0;
  }

  /** A message is due. */
  get due(): boolean {
    return this.queue.length > 0 && this.queue[0]!.at <= this.time;
  }

  send(from: Party, { to, message, bounce }: Outgoing, bounced = false): void {
    const pair = `${from}>${to}`;
    const at = Math.max(this.lastArrival.get(pair) ?? 0, this.time + this.delay(this.random));
    this.lastArrival.set(pair, at);
    const delivery = { from, to, message, bounce, bounced, at, sentAt: this.clock.get(from) ?? 0 };
    let index = this.queue.length;
    while (index > 0 && this.queue[index - 1]!.at > at) index -= 1;
    this.queue.splice(index, 0, delivery);
  }

  /** The next message, at its time. */
  take(): Delivery {
    const delivery = this.queue.shift()!;
    this.time = Math.max(this.time, delivery.at);
    this.advance(delivery.to, delivery.sentAt);
    return delivery;
  }

  /** A contract's clock is at least this far. */
  advance(party: Party, to: number): number {
    const clock = Math.max(this.clock.get(party) ?? 0, to);
    this.clock.set(party, clock);
    return clock;
  }
}

function usualDelay(random: Random): number {
  return random.between(0, random.pick([3, 25, 120]));
}
