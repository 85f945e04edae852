import { plain, type TransportSecurity } from '../security';

/** For tests: a plain transport that says of every peer that it runs this image. */
export function attested(imageHash: Buffer): TransportSecurity {
  const withImage = async (secured: ReturnType<TransportSecurity['secureInbound']>) => {
    const { stream, peer } = await secured;
    return { stream, peer: { ...peer, imageHash } };
  };
  return {
    ...plain,
    name: 'attested',
    secureInbound: (socket) => withImage(plain.secureInbound(socket)),
    secureOutbound: (socket) => withImage(plain.secureOutbound(socket)),
  };
}
