export { fakeAttester, noAttester } from './attester';
export { CertificateKeeper, type CertificateKeeperOptions } from './certificate-keeper';
export { type AttestationCode, AttestationError } from './errors';
export { imageHash, measurementBytes, NO_IMAGE } from './image-hash';
export type {
  Attestation,
  AttestedCertificate,
  Attester,
  Measurements,
  PeerVerifier,
  PolicyName,
  VerifiedPeer,
} from './types';
