import { type KeyObject, sign } from 'node:crypto';
import { type WalletMessage, walletExternal } from '@cocoon/sdk';
import { type Address, beginCell, type Cell, external, storeMessage, type Transaction } from '@ton/core';
import { type Chain, ChainError } from './port';
import type { QueuedSend } from './wallet-queue';

/** All known Cocoon wallets have this one. */
export const SUBWALLET = 0;
const PAGE = 20;

/** A message that was signed and whose fate is not known yet. */
export interface SignedBatch {
  /** Identifies it on chain. */
  bodyHash: Buffer;
  seqno: number;
  /** The external message to hand to the network. */
  boc: Buffer;
  batch: readonly QueuedSend[];
}

/** A signed batch and the wallet's transaction that executed it. */
export interface Executed {
  executed: SignedBatch;
  transaction: Transaction;
}

export interface SignRequest {
  wallet: Address;
  key: KeyObject;
  seqno: number;
  /** Unix seconds. */
  validUntil: number;
  batch: readonly QueuedSend[];
  /** While the wallet is not deployed. */
  init?: { code: Cell; data: Cell };
}

export function signBatch(request: SignRequest): SignedBatch {
  const { wallet, key, seqno, validUntil, batch, init } = request;
  const messages: WalletMessage[] = batch.flatMap((send) => send.encoded);
  const body = walletExternal({
    seqno,
    validUntil,
    subwallet: SUBWALLET,
    messages,
    sign: (hash) => sign(null, hash, key),
  });
  const message = external({ to: wallet, body, ...(init === undefined ? {} : { init }) });
  const boc = beginCell().store(storeMessage(message)).endCell().toBoc();
  return { bodyHash: body.hash(), seqno, boc, batch };
}

/**
 * The wallet's transaction that executed one of `signed`, among those after lt `after` up to `upTo`.
 * @throws ChainError, also when the endpoint does not list `upTo` yet
 */
export async function findExecuted(
  chain: Chain,
  wallet: Address,
  signed: readonly SignedBatch[],
  range: { after: bigint; upTo: bigint },
): Promise<Executed | undefined> {
  let page = await chain.transactions(wallet, { limit: PAGE });
  if ((page[0]?.lt ?? 0n) < range.upTo) {
    throw new ChainError(`the transactions of ${wallet} lag behind its state; trying again`, {
      code: 'bad-answer',
      retryable: true,
    });
  }
  for (;;) {
    for (const transaction of page) {
      if (transaction.lt <= range.after) {
        return undefined;
      }
      const { inMessage } = transaction;
      if (inMessage?.info.type !== 'external-in') {
        continue;
      }
      const hash = inMessage.body.hash();
      const executed = signed.find(({ bodyHash }) => bodyHash.equals(hash));
      if (executed !== undefined) {
        return { executed, transaction };
      }
    }
    const oldest = page.at(-1);
    if (oldest === undefined || oldest.prevTransactionLt <= range.after) {
      return undefined;
    }
    page = await chain.transactions(wallet, { limit: PAGE, before: { lt: oldest.lt, hash: oldest.hash() } });
  }
}
