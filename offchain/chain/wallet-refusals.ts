import { ExitCode, type WalletData } from '@cocoon/sdk';
import { type Address, fromNano } from '@ton/core';
import type { AccountState, ChainError } from './port';
import { WalletError } from './wallet-errors';
import { SUBWALLET } from './wallet-open';
import { WALLET_MINIMUM } from './wallet-queue';

export function closed(): WalletError {
  return new WalletError(
    'wallet-closed',
    'the wallet was closed; start it again, look at the chain, send again what is missing',
    { retryable: true },
  );
}

/** @param balance nanoTON, where it is known */
export function lowBalance(wallet: Address, balance?: bigint): WalletError {
  const holds = balance === undefined ? 'holds less' : `holds ${fromNano(balance)} TON`;
  return new WalletError(
    'wallet-low-balance',
    `the wallet ${wallet} ${holds}; it works from ${fromNano(WALLET_MINIMUM)} TON on, top it up and send again`,
    { retryable: true, exitCode: ExitCode.walletLowBalance },
  );
}

export function rejected(wallet: Address, cause: ChainError): WalletError {
  return new WalletError('wallet-rejected', `the wallet ${wallet} cannot send this: ${cause.message}`, {
    retryable: false,
    cause,
    ...(cause.exitCode === undefined ? {} : { exitCode: cause.exitCode }),
  });
}

/** Why the wallet can send nothing at all as things are, if so. `data` is undefined when it cannot be read. */
export function refusalFor(
  wallet: Address,
  publicKey: Buffer,
  account: AccountState,
  data: WalletData | undefined,
): WalletError | undefined {
  if (account.status === 'frozen') {
    return new WalletError('wallet-blocked', `the wallet ${wallet} is frozen for unpaid storage; pay its debt`, {
      retryable: false,
    });
  }
  if (data === undefined || !data.publicKey.equals(publicKey) || data.subwallet !== SUBWALLET) {
    return new WalletError(
      'wallet-mismatch',
      `the account ${wallet} is no Cocoon wallet of this key; check node_wallet_key and owner_address`,
      { retryable: false },
    );
  }
  if ((data.status & 1) !== 0) {
    return new WalletError(
      'wallet-blocked',
      `the owner has blocked the wallet ${wallet}; unblock it with a message from the owner with the text "u"`,
      { retryable: true, exitCode: ExitCode.walletBlocked },
    );
  }
  return account.balance < WALLET_MINIMUM ? lowBalance(wallet, account.balance) : undefined;
}
