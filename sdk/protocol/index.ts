/** Pure parts of the protocol: no I/O. The layouts of cells live in the wrappers and are part of the same surface. */
export * from '../../wrappers';
export * from './http';
export * from './keys';
export * from './metering';
export * from './prices';
export * from './root-config';
export * from './tl';
export * from './tl-address';
export * from './versions';
export * from './vouchers';
