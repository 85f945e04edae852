export * from './attestation';
export { type AttestedOptions, attestedTls } from './attested-tls';
export { type Clock, systemClock } from './clock';
export {
  type ConnectionLimits,
  type ConnectionOptions,
  type OnConnection,
  PeerConnection,
  type PeerHandlers,
  type Role,
  type TlQuery,
} from './connection';
export { type DialOptions, dial } from './dial';
export type { DoorstepLimits } from './doorstep';
export * from './errors';
export { MAX_PAYLOAD_BYTES } from './framing';
export type { Timings } from './keepalive';
export { type Listener, type ListenOptions, listen } from './listener';
export { DEFAULT_POW } from './pow';
export { type Backoff, Redialer, type RedialerOptions } from './redialer';
export { isLoopback, type PeerIdentity, plain, type Secured, type Target, type TransportSecurity } from './security';
export * from './security-errors';
export { type SideCarOptions, sideCar } from './side-car';
