import { Address, type Cell, SendMode } from '@ton/core';
import { internal, type SendMessageResult } from '@ton/sandbox';
import { exitCodeName } from '../../wrappers';
import { exitCodeOf, feesOf, isBounce, storageFeeOf, txOf } from './trace';
import { type Actor, balanceOf, dataOf, type World } from './world';

export interface Attempt {
  /** An actor, or the address of a contract to speak as (coins of the message are then made from nothing). */
  from: Actor | Address;
  to: Address;
  /** nanoTON */
  value: bigint;
  body: Cell;
}

/** Delivers one bounceable message and returns the trace. */
export async function deliver(world: World, { from, to, value, body }: Attempt): Promise<SendMessageResult> {
  if (from instanceof Address) return world.chain.sendMessage(internal({ from, to, value, body, bounce: true }));
  return from.send({ to, value, body, bounce: true, sendMode: SendMode.PAY_GAS_SEPARATELY });
}

/**
 * Delivers a message and asserts the four facts of a clean rejection: the exit code; the contract's data is what it was;
 * the contract sent nothing and kept exactly its coins (rent apart); the sender got everything back but fees.
 */
export async function expectRejection(world: World, attempt: Attempt, exitCode: number): Promise<SendMessageResult> {
  const sender = attempt.from instanceof Address ? attempt.from : attempt.from.address;
  const minted = attempt.from instanceof Address ? attempt.value : 0n;
  const dataBefore = await dataOf(world, attempt.to);
  const contractBefore = await balanceOf(world, attempt.to);
  const senderBefore = await balanceOf(world, sender);

  const result = await deliver(world, attempt);

  const tx = txOf(result, attempt.to);
  expect(named(exitCodeOf(tx))).toBe(named(exitCode));
  expect((await dataOf(world, attempt.to)).hash().toString('hex')).toBe(dataBefore.hash().toString('hex'));
  const messages = tx.outMessages.values();
  expect(messages.map(isBounce)).toEqual([true]);
  const rent = storageFeeOf(tx);
  expect(await balanceOf(world, attempt.to)).toBe(contractBefore - rent);
  const lost = senderBefore + minted - (await balanceOf(world, sender));
  expect(lost).toBe(feesOf(result) - rent);
  return result;
}

function named(code: number | undefined): string {
  if (code === undefined) return 'no compute phase';
  return `${code} ${exitCodeName(code) ?? 'unnamed'}`;
}
