/** The public surface of the SDK. Everything below does no I/O except the wrappers' senders and get methods. */
export * from '../wrappers';
export * from './errors';
export * from './generated/code';
export * from './governance';
export * from './networks';
export * from './protocol';
