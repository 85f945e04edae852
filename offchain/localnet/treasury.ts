import { type Address, beginCell, type Cell, external, internal, SendMode, storeMessage } from '@ton/core';
import { TreasuryContract } from '@ton/sandbox';

/** Five billion TON, the supply of the live network. */
export const SUPPLY = 5_000_000_000_000_000_000n;
/** What stays in the treasury for its own fees. */
export const TREASURY_RESERVE = 1_000_000_000n;

const treasury = TreasuryContract.create(0, BigInt(`0x${Buffer.from('cocoon localnet').toString('hex')}`));

/** Owns all coins at the beginning. The contract checks nothing: on a local chain anybody may ask the faucet anyway. */
export const treasuryAddress: Address = treasury.address;

/** The external message that makes the treasury pay; not bounceable, so that it reaches accounts without code. */
export function faucetMessage(payment: { to: Address; amount: bigint; deployed: boolean }): Cell {
  const body = treasury.createTransfer({
    sendMode: SendMode.PAY_GAS_SEPARATELY,
    messages: [internal({ to: payment.to, value: payment.amount, bounce: false })],
  });
  const message = external({ to: treasury.address, body, init: payment.deployed ? null : treasury.init });
  return beginCell().store(storeMessage(message)).endCell();
}
