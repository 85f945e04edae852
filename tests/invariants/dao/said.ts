import type { Address, Slice } from '@ton/core';
import { type Op, opName, type VoteSplit } from '../../../wrappers';
import type { InternalMessage } from '../../support/message-pool';

/** What messages say, as far as the properties need to know. */

export interface Said {
  op: keyof typeof Op | undefined;
  /** behind the query id */
  rest: Slice;
}

/** @param message for a bounce: what came back */
export function said({ info, body }: Pick<InternalMessage, 'info' | 'body'>): Said {
  const rest = body.beginParse();
  if (info.bounced) rest.skip(32);
  if (rest.remainingBits < 96) return { op: undefined, rest };
  const op = opName(rest.loadUint(32));
  rest.skip(64);
  return { op: op as keyof typeof Op | undefined, rest };
}

export const amountIn = (message: InternalMessage): bigint => said(message).rest.loadCoins();

export interface CastVote {
  nonce: number;
  epoch: number;
  owner: Address;
  previous: VoteSplit;
  split: VoteSplit;
}

export function readCast(message: InternalMessage): CastVote {
  const { rest } = said(message);
  const [nonce, epoch] = [rest.loadUint(32), rest.loadUint(16)];
  const owner = rest.loadAddress();
  const parts = rest.loadRef().beginParse();
  const next = (): VoteSplit => ({ yes: parts.loadCoins(), no: parts.loadCoins(), abstain: parts.loadCoins() });
  return { nonce, epoch, owner, previous: next(), split: next() };
}

export function readAck(message: InternalMessage): { nonce: number; code: number } {
  const { rest } = said(message);
  return { nonce: rest.loadUint(32), code: rest.loadUint(8) };
}

/** The message with this operation among those that were sent. */
export function findSaid<T extends { message: InternalMessage }>(
  sent: readonly T[],
  op: keyof typeof Op,
): InternalMessage | undefined {
  return sent.find(({ message }) => !message.info.bounced && said(message).op === op)?.message;
}

/** Account id of the sender. */
export const accountOf = ({ info }: InternalMessage): string => info.src.hash.toString('hex');
