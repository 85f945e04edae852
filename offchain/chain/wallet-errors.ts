export type WalletErrorCode =
  /** Under the 2 TON below which the contract does not obey its key. */
  | 'wallet-low-balance'
  /** This send alone is worth more than the wallet can pay. */
  | 'wallet-insufficient-balance'
  /** The owner has blocked the key. */
  | 'wallet-blocked'
  /** The account has another public key or other data than expected. */
  | 'wallet-mismatch'
  /** More than four messages, or one the contract or the network cannot take. */
  | 'wallet-bad-message'
  /** The contract refuses the message for a reason that trying again did not cure. */
  | 'wallet-rejected'
  /** The wallet's transaction is on chain and sent nothing. */
  | 'wallet-transaction-failed'
  /** The wallet's transaction is on chain and left out messages that it could not send. */
  | 'wallet-message-skipped'
  /** The caller gave up, or the wallet was closed. */
  | 'wallet-closed'
  | 'wallet-aborted';

/** A send that did not happen. `message` is one line with the next step. */
export class WalletError extends Error {
  readonly code: WalletErrorCode;
  readonly retryable: boolean;
  readonly exitCode: number | undefined;

  constructor(
    code: WalletErrorCode,
    message: string,
    options: { retryable: boolean; exitCode?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'WalletError';
    this.code = code;
    this.retryable = options.retryable;
    this.exitCode = options.exitCode;
  }

  get shortMessage(): string {
    return this.message;
  }
}
