import { type Address, toNano } from '@ton/core';
import { bodies } from '../../wrappers';
import type { Sent } from './trace';

/** What a client or worker keeps of its own when it closes: the reserve that some message paid for. */
export const OWN_RESERVE = toNano('0.11');
/** Less than this above the reserve is not worth a message: it travels on with the request. */
export const LEAST_OWN = toNano('0.1');

/** A closing account pays its owner what it had of its own, in full. */
export function expectOwnCoins(
  payout: Sent | undefined,
  expected: { queryId: bigint; owner: Address; coins: bigint },
): void {
  expect(payout).toMatchObject({ op: 'payout', bounce: false, mode: 1, value: expected.coins });
  expect(payout?.to.equals(expected.owner)).toBe(true);
  expect(payout?.body.equals(bodies.payout({ queryId: expected.queryId }))).toBe(true);
}
