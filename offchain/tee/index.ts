export { fakeAttester, noAttester } from './attester';
export { CertificateKeeper, type CertificateKeeperOptions } from './certificate-keeper';
export {
  attesterOf,
  type OpenedPolicy,
  type OpenOptions,
  openPolicy,
  type PolicyConfig,
  policySchema,
} from './config';
export { ConfigfsAttester, TSM_REPORTS } from './configfs';
export { type AttestationCode, AttestationError } from './errors';
export { type Evidence, makeEvidence, parseEvidence, verifyOffline } from './evidence';
export { imageHash, measurementBytes, NO_IMAGE } from './image-hash';
export { createPeerVerifier, type PolicyOptions } from './policy';
export type {
  Attestation,
  AttestedCertificate,
  Attester,
  Measurements,
  PeerVerifier,
  PolicyName,
  VerifiedPeer,
} from './types';
