import { attestedImage } from './attestation';
import { InsecureAddressError } from './errors';
import { type AttestedPeerInfo, imageHashOf, readPeerInfo } from './peer-info';
import { type PeerIdentity, requireLoopback, type Target, type TransportSecurity } from './security';
import { connectThrough, encodeLogin, requireSocksTarget } from './socks5';

export interface SideCarOptions {
  /** The SOCKS5 port of a router on this machine; without one this side can only be dialled. */
  readonly router?: Target;
  /** Name of the policy that the router is to apply; without it the policy of its port holds. */
  readonly policy?: string;
}

/**
 * Behind, or in front of, a router on this machine that does proof of work, TLS and attestation. The streams between it
 * and us are in clear, so they must not leave the machine. Each begins with what the router knows about the peer; that
 * the router is honest is as certain as that this process is, since both are part of one image.
 */
export function sideCar({ router, policy }: SideCarOptions): TransportSecurity {
  if (router) requireLoopback(router.host, 'the way to the router');
  if (policy !== undefined) encodeLogin(policy);
  return {
    name: 'side-car',
    checkListen: (host) => requireLoopback(host, 'the way to the router'),
    checkTarget(target) {
      if (!router) throw new InsecureAddressError(`no router is configured that could lead to ${target.host}`);
      try {
        requireSocksTarget(target);
      } catch (error) {
        throw new InsecureAddressError(`no router can lead to "${target.host}": it must be an IPv4 address`, error);
      }
    },
    route: (target) => router ?? target,
    async secureInbound(socket, proven) {
      const { remoteAddress = '', remotePort = 0 } = socket;
      requireLoopback(remoteAddress, 'the way to the router');
      // The router has done the proof of work with its peer.
      proven();
      const info = await readPeerInfo(socket);
      const { address, port } = info.source;
      const seen = address === '' ? { host: remoteAddress, port: remotePort } : { host: address, port };
      return { stream: socket, peer: identify(info, seen) };
    },
    async secureOutbound(socket, target) {
      requireLoopback(socket.remoteAddress ?? '', 'the way to the router');
      await connectThrough(socket, { target, ...(policy === undefined ? {} : { policy }) });
      return { stream: socket, peer: identify(await readPeerInfo(socket), target) };
    },
  };
}

function identify({ attestation }: AttestedPeerInfo, { host, port }: Target): PeerIdentity {
  const image = attestedImage(imageHashOf(attestation));
  return { address: host, port, ...(image ? { imageHash: image } : {}) };
}
