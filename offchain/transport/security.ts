import { BlockList, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { InsecureAddressError } from './errors';

/** Who is at the other end. */
export interface PeerIdentity {
  readonly address: string;
  readonly port: number;
  /** Hash of the attested image, 32 bytes; undefined when the transport attests nothing. */
  readonly imageHash?: Buffer;
}

/** What turns a TCP socket into a stream that may carry the protocol. */
export interface TransportSecurity {
  readonly name: string;
  /** Called with the address to listen on or to dial, before anything is opened. @throws InsecureAddressError */
  checkAddress(host: string): void;
  /** Rejects when the peer cannot be trusted; the caller then destroys the socket. */
  secureInbound(socket: Socket): Promise<{ stream: Duplex; peer: PeerIdentity }>;
  secureOutbound(socket: Socket): Promise<{ stream: Duplex; peer: PeerIdentity }>;
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

function requireLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new InsecureAddressError(
    `"${host}" is not this machine, and the plain transport neither encrypts nor attests; use 127.0.0.1 or an attested transport`,
  );
}

async function passThrough(socket: Socket): Promise<{ stream: Duplex; peer: PeerIdentity }> {
  const { remoteAddress = '', remotePort = 0 } = socket;
  // The name that was checked may have resolved to anything, so the address that was reached is checked too.
  requireLoopback(remoteAddress);
  return { stream: socket, peer: { address: remoteAddress, port: remotePort } };
}

/** No protection at all: only for peers on the same machine. */
export const plain: TransportSecurity = {
  name: 'plain',
  checkAddress: requireLoopback,
  secureInbound: passThrough,
  secureOutbound: passThrough,
};
