import { type Address, beginCell, type Cell } from '@ton/core';
import { Op } from '../../wrappers';

/**
 * Operations that bring a closed channel or worker account back. The live network announces the first without saying
 * what it carries, and does not know the second.
 */

export const CLIENT_REOPEN = 0x29111ceb;

export function reopenClient(coins: bigint, excessesTo: Address): Cell {
  return beginCell().storeUint(CLIENT_REOPEN, 32).storeUint(0, 64).storeCoins(coins).storeAddress(excessesTo).endCell();
}

/** Undefined as long as the contracts have no such operation. */
export function reopenWorker(excessesTo: Address): Cell | undefined {
  const op = (Op as Readonly<Record<string, number>>).ownerWorkerReopen;
  if (op === undefined) return undefined;
  return beginCell().storeUint(op, 32).storeUint(0, 64).storeAddress(excessesTo).endCell();
}
