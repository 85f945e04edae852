import type { Socket } from 'node:net';
import { attestedImage, type VerifiedPeer } from './attestation';
import { DEFAULT_POW, demandPow, provePow, requireDifficulty } from './pow';
import type { PeerIdentity, TransportSecurity } from './security';
import { type AttestedTlsOptions, acceptTls, dialTls } from './tls';

export interface AttestedOptions extends AttestedTlsOptions {
  readonly pow?: {
    /** Asked of whoever dials this side, in bits. */
    readonly difficulty?: number;
    /** The most that this side does for whoever it dials. */
    readonly maxDifficulty?: number;
  };
}

function identify({ remoteAddress = '', remotePort = 0 }: Socket, { imageHash }: VerifiedPeer): PeerIdentity {
  const image = attestedImage(imageHash);
  return { address: remoteAddress, port: remotePort, ...(image ? { imageHash: image } : {}) };
}

/** The live network's own transport: proof of work, then TLS 1.3 with attested certificates on both sides. */
export function attestedTls({ certificates, verifier, pow = {} }: AttestedOptions): TransportSecurity {
  const difficulty = requireDifficulty('pow difficulty', pow.difficulty ?? DEFAULT_POW.difficulty);
  const maxDifficulty = requireDifficulty('max pow difficulty', pow.maxDifficulty ?? DEFAULT_POW.maxDifficulty);
  const tls = { certificates, verifier };
  return {
    name: `attested TLS (${verifier.policy})`,
    // Whoever is reached is verified, so any address will do.
    checkListen: () => undefined,
    checkTarget: () => undefined,
    async secureInbound(socket, proven) {
      await demandPow(socket, { difficulty });
      proven();
      const { stream, verified } = await acceptTls(socket, tls);
      return { stream, peer: identify(socket, verified) };
    },
    async secureOutbound(socket) {
      await provePow(socket, { maxDifficulty });
      const { stream, verified } = await dialTls(socket, tls);
      return { stream, peer: identify(socket, verified) };
    },
  };
}
