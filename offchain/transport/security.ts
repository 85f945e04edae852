import { BlockList, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { InsecureAddressError } from './errors';

/** Who is at the other end. */
export interface PeerIdentity {
  readonly address: string;
  readonly port: number;
  /** Hash of the attested image, 32 bytes; undefined when nothing is attested. */
  readonly imageHash?: Buffer;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A stream that may carry the protocol, and who is behind it. */
export interface Secured {
  readonly stream: Duplex;
  readonly peer: PeerIdentity;
}

/**
 * What turns a TCP socket into a stream that may carry the protocol. Both ways may take as long as they like: the caller
 * has a time limit and destroys the socket, and then they must reject.
 */
export interface TransportSecurity {
  readonly name: string;
  /** Called before anything is opened. @throws InsecureAddressError */
  checkListen(host: string): void;
  /** Called before anything is opened. @throws InsecureAddressError */
  checkTarget(target: Target): void;
  /** Where to open the socket that will lead to the target; absent: at the target. */
  route?(target: Target): Target;
  /**
   * Rejects when the peer cannot be trusted; the caller then destroys the socket. `proven` must be called once, as soon
   * as this peer may cost more than a socket; it throws when there is no room for it.
   */
  secureInbound(socket: Socket, proven: () => void): Promise<Secured>;
  secureOutbound(socket: Socket, target: Target): Promise<Secured>;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Whether an IP literal is this machine; a host name other than "localhost" never is. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** @throws InsecureAddressError */
export function requireLoopback(host: string, what = 'the plain transport'): void {
  if (isLoopback(host)) return;
  throw new InsecureAddressError(
    `"${host}" is not this machine, and ${what} neither encrypts nor attests; use 127.0.0.1 or an attested transport`,
  );
}

async function passThrough(socket: Socket): Promise<Secured> {
  const { remoteAddress = '', remotePort = 0 } = socket;
  // The name that was checked may have resolved to anything, so the address that was reached is checked too.
  requireLoopback(remoteAddress);
  return { stream: socket, peer: { address: remoteAddress, port: remotePort } };
}

/** No protection at all: only for peers on the same machine. */
export const plain: TransportSecurity = {
  name: 'plain',
  checkListen: (host) => requireLoopback(host),
  checkTarget: ({ host }) => requireLoopback(host),
  async secureInbound(socket, proven) {
    const secured = await passThrough(socket);
    proven();
    return secured;
  },
  secureOutbound: passThrough,
};
