import { isIPv6, type Socket } from 'node:net';
import { ConnectionClosedError } from './errors';

export interface DoorstepLimits {
  /** Sockets at a time whose peer has not proven anything yet. */
  readonly maxUnproven: number;
  /** Of these, how many from one address (IPv6: one /64, which is what one household gets). */
  readonly maxUnprovenPerAddress: number;
}

export const DEFAULT_DOORSTEP: DoorstepLimits = { maxUnproven: 512, maxUnprovenPerAddress: 32 };

/**
 * Sockets between accept() and the proof of work. They cost their owner nothing, so they must not cost us much: there is
 * a limit, and whoever has stood there longest goes when it is reached. A peer that works gets through within a second
 * or two; a flood only displaces itself and whoever is slower than it.
 */
export class Doorstep {
  readonly #limits: DoorstepLimits;
  /** Each with the address it is counted by; oldest first. */
  readonly #all = new Map<Socket, string>();
  /** Oldest first. No address without a socket. */
  readonly #byAddress = new Map<string, Set<Socket>>();

  constructor(limits: Partial<DoorstepLimits> = {}) {
    this.#limits = { ...DEFAULT_DOORSTEP, ...limits };
  }

  get size(): number {
    return this.#all.size;
  }

  /** Puts a socket there, which may cost another one its place; it leaves by itself when it closes. */
  add(socket: Socket): void {
    const { maxUnproven, maxUnprovenPerAddress } = this.#limits;
    const address = networkOf(socket.remoteAddress ?? '');
    const before = this.#byAddress.get(address);
    if (before && before.size >= maxUnprovenPerAddress) this.#evict(before);
    else if (this.#all.size >= maxUnproven) this.#evict(this.#all.keys());
    const neighbours = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, neighbours.add(socket));
    this.#all.set(socket, address);
    socket.once('close', () => this.remove(socket));
  }

  remove(socket: Socket): void {
    const address = this.#all.get(socket);
    if (address === undefined) return;
    this.#all.delete(socket);
    const neighbours = this.#byAddress.get(address);
    neighbours?.delete(socket);
    if (neighbours?.size === 0) this.#byAddress.delete(address);
  }

  #evict(oldestFirst: Iterable<Socket>): void {
    const [oldest] = oldestFirst;
    if (!oldest) return;
    // Its 'close' comes a turn later; the next socket needs the place now.
    this.remove(oldest);
    oldest.destroy(new ConnectionClosedError('too many peers have proven nothing yet, and this one is the oldest'));
  }
}

/** What one owner of addresses is counted by. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
