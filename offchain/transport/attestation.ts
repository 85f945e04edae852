/**
 * What the transport needs of attestation. offchain/tee makes certificates and judges them; the transport only carries
 * them, and depends on these shapes, not on that code.
 */
export interface AttestedCertificate {
  readonly keyPem: string;
  readonly certPem: string;
  readonly notAfterMs: number;
  readonly imageHash: Buffer;
}

/** Where the certificate of this side comes from. It is asked for every handshake, so a renewed one is used at once. */
export interface CertificateSource {
  current(): AttestedCertificate;
}

export interface VerifiedPeer {
  /** Raw Ed25519 key of the certificate, 32 bytes. */
  readonly publicKey: Buffer;
  /** 32 bytes; zeros when nothing is attested. */
  readonly imageHash: Buffer;
}

export interface PeerVerifier {
  readonly policy: 'any' | 'fake_tdx' | 'tdx';
  /** `role` is what the peer is. Rejects when the policy does not accept the certificate. */
  verify(certificateDer: Buffer, role: 'server' | 'client'): Promise<VerifiedPeer>;
}

export const IMAGE_HASH_BYTES = 32;

/** The hash of an attested image; undefined for the zeros that stand for "nothing attested", so that they match no list. */
export function attestedImage(imageHash: Buffer): Buffer | undefined {
  return imageHash.length === IMAGE_HASH_BYTES && imageHash.some((byte) => byte !== 0) ? imageHash : undefined;
}
