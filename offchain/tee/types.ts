/** What a node asks of the machine at the other end. */
export type PolicyName = 'any' | 'fake_tdx' | 'tdx';

/** A certificate of this node and its private key; `imageHash` is 32 zero bytes when nothing is attested. */
export interface AttestedCertificate {
  readonly keyPem: string;
  readonly certPem: string;
  readonly notAfterMs: number;
  readonly imageHash: Buffer;
}

/** Where the quote of this machine comes from. */
export interface Attester {
  readonly kind: 'none' | 'fake_tdx' | 'tdx';
  /** A quote over 64 bytes of report data; undefined when this machine attests nothing. @throws AttestationError */
  quote(reportData: Buffer): Promise<Buffer | undefined>;
}

/** What a TDX quote says is running: the fields that the image hash covers, and the report data. */
export interface Measurements {
  /** The virtual firmware. */
  readonly mrTd: Buffer;
  readonly mrConfigId: Buffer;
  readonly mrOwner: Buffer;
  readonly mrOwnerConfig: Buffer;
  /** Firmware configuration; kernel; initrd and command line; runtime events. */
  readonly rtmr: readonly [Buffer, Buffer, Buffer, Buffer];
  /** 64 bytes chosen by whoever made the quote: here SHA-512 of the certificate's public key. */
  readonly reportData: Buffer;
}

/** A peer's attestation, after it was verified. */
export interface Attestation extends Measurements {
  readonly kind: 'fake_tdx' | 'tdx';
  /** Intel's word for the platform's patch level; undefined for fake_tdx. */
  readonly tcbStatus?: string;
  /** Intel security advisories that the platform is exposed to at that level. */
  readonly advisoryIds: readonly string[];
}

export interface VerifiedPeer {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Buffer;
  /** 32 bytes; zero when nothing is attested. */
  readonly imageHash: Buffer;
  readonly attestation?: Attestation;
  /** 48 bytes: which root the attestation's certificates end in. */
  readonly rootKeyId?: Buffer;
}

export interface PeerVerifier {
  readonly policy: PolicyName;
  /** `role` is what the peer is. @throws AttestationError, one `code` per cause */
  verify(certificateDer: Buffer, role: 'server' | 'client'): Promise<VerifiedPeer>;
}
