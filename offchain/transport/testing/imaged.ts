import { plain, type TransportSecurity } from '../security';

/** For tests: a plain transport that says of every peer that it runs this image. */
export function imaged(imageHash: Buffer): TransportSecurity {
  const withImage = async (secured: ReturnType<TransportSecurity['secureInbound']>) => {
    const { stream, peer } = await secured;
    return { stream, peer: { ...peer, imageHash } };
  };
  return {
    ...plain,
    name: 'imaged',
    secureInbound: (socket, proven) => withImage(plain.secureInbound(socket, proven)),
    secureOutbound: (socket, target) => withImage(plain.secureOutbound(socket, target)),
  };
}
