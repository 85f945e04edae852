import { type Address, beginCell } from '@ton/core';
import { internal } from '@ton/sandbox';
import { type Attempt, deliver } from './rejection';
import { exitCodeOf, sentBy, txOf } from './trace';
import { balanceOf, dataOf, type World } from './world';

/** The contract takes the message, sends nothing, changes nothing and keeps the coins (gas apart). */
export async function expectSilence(world: World, attempt: Attempt): Promise<void> {
  const dataBefore = await dataOf(world, attempt.to);
  const balanceBefore = await balanceOf(world, attempt.to);
  const result = await deliver(world, attempt);
  const tx = txOf(result, attempt.to);
  expect(exitCodeOf(tx)).toBe(0);
  expect(sentBy(tx)).toEqual([]);
  expect((await dataOf(world, attempt.to)).equals(dataBefore)).toBe(true);
  expect(await balanceOf(world, attempt.to)).toBe(balanceBefore + attempt.value - tx.totalFees.coins);
}

/** The same for a message of ours that comes back: bounced flag, 32 ones, then the beginning of what was sent. */
export async function expectBounceIgnored(
  world: World,
  opts: { from: Address; to: Address; op: number },
): Promise<void> {
  const dataBefore = await dataOf(world, opts.to);
  const balanceBefore = await balanceOf(world, opts.to);
  const body = beginCell().storeUint(0xffffffff, 32).storeUint(opts.op, 32).storeUint(1, 64).endCell();
  const { from, to } = opts;
  const result = await world.chain.sendMessage(internal({ from, to, value: 10_000_000n, body, bounced: true }));
  const tx = txOf(result, to);
  expect(exitCodeOf(tx)).toBe(0);
  expect(sentBy(tx)).toEqual([]);
  expect((await dataOf(world, to)).equals(dataBefore)).toBe(true);
  expect(await balanceOf(world, to)).toBe(balanceBefore + 10_000_000n - tx.totalFees.coins);
}
