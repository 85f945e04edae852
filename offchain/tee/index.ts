export { type AttestationCode, AttestationError } from './errors';
export type {
  Attestation,
  AttestedCertificate,
  Attester,
  Measurements,
  PeerVerifier,
  PolicyName,
  VerifiedPeer,
} from './types';
