import { z } from 'zod';

/**
 * What the state files hold. A record states a result, never a command to run again: restoring a chain needs no emulator,
 * takes no time, and gives the same chain whatever version of the emulator is installed by then.
 * Cells are base64 BoCs, addresses are raw, lt and coins are decimal, hashes are hex.
 */
const transactionRecord = z.object({
  boc: z.string(),
  hash: z.string(),
  account: z.string(),
  lt: z.string(),
  now: z.number(),
  /** Message hashes: what started the transaction, and what it sent. */
  inHash: z.string().optional(),
  /** For an external message also its hash in normal form (no source, no fee, no state init, body in a reference). */
  inNormalHash: z.string().optional(),
  outHashes: z.array(z.string()),
  /** Sender and creation time of the internal message that started it. */
  from: z.object({ source: z.string(), lt: z.string() }).optional(),
});

const accountRecord = z.object({ address: z.string(), boc: z.string() });

const blockRecord = z.object({
  t: z.literal('block'),
  seqno: z.number(),
  time: z.number(),
  startLt: z.string(),
  endLt: z.string(),
  rootHash: z.string(),
  transactions: z.array(transactionRecord),
  /** Accounts as they are after the block. */
  accounts: z.array(accountRecord),
  /** How many of the oldest waiting external messages it took (run or dropped). */
  taken: z.number(),
  /** Internal messages left for the next block; absent when as before: none. */
  queue: z.array(z.string()).optional(),
});

export const stateRecord = z.discriminatedUnion('t', [
  blockRecord,
  /** An external message that waits for the next block. */
  z.object({ t: z.literal('external'), boc: z.string() }),
  /** Seconds by which the chain's clock is ahead of the machine's. */
  z.object({ t: z.literal('shift'), seconds: z.number() }),
  z.object({ t: z.literal('account'), address: z.string(), boc: z.string() }),
]);

export type TransactionRecord = z.infer<typeof transactionRecord>;
export type AccountRecord = z.infer<typeof accountRecord>;
export type BlockRecord = z.infer<typeof blockRecord>;
export type StateRecord = z.infer<typeof stateRecord>;
