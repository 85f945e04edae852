import type { Address } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { feesOf } from './trace';
import type { World } from './world';

/** Balance of every account of the world, by raw address. */
export type Balances = ReadonlyMap<string, bigint>;

export function balancesOf(world: World): Balances {
  const balances = new Map<string, bigint>();
  for (const { address, account } of world.chain.snapshot().contracts) {
    balances.set(address.toRawString(), account.account?.storage.balance.coins ?? 0n);
  }
  return balances;
}

export function gainOf(before: Balances, after: Balances, account: Address): bigint {
  const key = account.toRawString();
  return (after.get(key) ?? 0n) - (before.get(key) ?? 0n);
}

/**
 * Runs a step and checks that no coin appeared or vanished: what all accounts together lost is what validators took.
 * @returns the step's result and how much everybody gained
 */
export async function conserving<T extends SendMessageResult>(
  world: World,
  step: () => Promise<T>,
): Promise<{ result: T; fees: bigint; gain: (account: Address) => bigint }> {
  const before = balancesOf(world);
  const result = await step();
  const after = balancesOf(world);
  const fees = feesOf(result);
  expect(total(before) - total(after)).toBe(fees);
  return { result, fees, gain: (account) => gainOf(before, after, account) };
}

function total(balances: Balances): bigint {
  let sum = 0n;
  for (const balance of balances.values()) sum += balance;
  return sum;
}
