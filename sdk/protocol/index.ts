/** Pure parts of the protocol: no I/O. The layouts of cells live in the wrappers and are part of the same surface. */
export * from '../../wrappers';
