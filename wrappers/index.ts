export * from './addresses';
export * from './CocoonClient';
export * from './CocoonDao';
export * from './CocoonProposal';
export * from './CocoonProxy';
export * from './CocoonRegistrar';
export * from './CocoonRoot';
export * from './CocoonStake';
export * from './CocoonVault';
export * from './CocoonWallet';
export * from './CocoonWorker';
export * from './dao-actions';
export * from './dao-data';
export * from './dao-messages';
export * from './errors';
export { CocoonState, hashToInt, intToHash } from './fields';
export * from './generated/exit-codes';
export * from './generated/opcodes';
export {
  type KeyManager,
  type PublicKey,
  type PublicKeyTerms,
  packKeyManager,
  parseKeyManager,
  parsePublicKeyVoucher,
  publicKeyVoucher,
} from './key-manager';
export * from './messages';
export * from './params';
export { type ClientRecord, type ClientRecords, parseProxyBooks, totalEscrow } from './proxy-books';
export * from './registrar-data';
export * from './registrar-messages';
export type { CurrentParams, FullParams, RootInfo } from './root-views';
export type { ExcessesOptions, MessageOptions, OutgoingMessage, VoucherOptions } from './sending';
export { NotDeployedError } from './state';
export * from './storage';
export * from './values';
export * from './vault-data';
export * from './vault-messages';
export * from './vouchers';
