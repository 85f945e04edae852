export { LedgerOpenError, LedgerWriteError } from './errors';
export { type Integrity, machineIntegrity, NO_INTEGRITY } from './integrity';
export { Ledger, type LedgerHealth, type LedgerOptions } from './ledger';
export type * from './rows';
