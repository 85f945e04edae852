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
export * from './errors';
export { MAX_PAYLOAD_BYTES } from './framing';
export type { Timings } from './keepalive';
export { type Listener, type ListenOptions, listen } from './listener';
export { type Backoff, Redialer, type RedialerOptions } from './redialer';
export { isLoopback, type PeerIdentity, plain, type TransportSecurity } from './security';
