import type { Address } from '@ton/core';
import { ChainError } from './port';

/** @throws ChainError `exit-code` unless TVM says that the get method ended well */
export function checkExitCode(address: Address, name: string, exitCode: number): void {
  // 1 is TVM's other way to say "fine".
  if (exitCode === 0 || exitCode === 1) return;
  const why = exitCode === -13 || exitCode === -256 ? ': is the contract deployed?' : '';
  throw new ChainError(`get method ${name} of ${address} ended with exit code ${exitCode}${why}`, {
    code: 'exit-code',
    retryable: false,
    exitCode,
  });
}
