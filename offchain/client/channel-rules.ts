import { type ClientData, CocoonState, tokensFor, wholeTokens } from '@cocoon/sdk';

/** Counters of one channel in adjusted tokens, as this client knows them. */
export interface ChannelCounters {
  /** Highest total the proxy has reported as used. */
  tokensMax: bigint;
  /** Total the newest voucher is signed for. */
  tokensSigned: bigint;
}

export interface ChannelSituation {
  /** The client contract as last seen on chain. */
  onChain: ClientData;
  counters: ChannelCounters;
  secretHash: Buffer;
  pricePerToken: bigint;
  /** The owner asked for the channel to be closed. */
  closing: boolean;
  /** Unix seconds since when the root has newer terms than the channel and nobody serves it; undefined where that is not so. */
  outdatedSinceS: number | undefined;
  /** Unix seconds. */
  nowS: number;
}

export type ChannelStep =
  | { do: 'topUp'; amount: bigint; withSecret: boolean }
  | { do: 'changeSecret' }
  | { do: 'charge' }
  | { do: 'requestRefund'; why: string };

/** A proxy that is restarted comes back within this time. */
const PATIENCE_S = 600;

/** After the unlock moment, the time the proxy gets to finish in order; also covers clocks that differ. */
const UNLOCK_MARGIN_S = 30;

/** The balance has fallen below half a stake: time to top up. */
export function needsTopUp(onChain: Pick<ClientData, 'balance' | 'stake'>, pricePerToken: bigint): boolean {
  return tokensFor(onChain.balance, pricePerToken) < tokensFor(onChain.stake, pricePerToken) / 2n;
}

/**
 * The next thing to do for a channel, or undefined when it is as it should be (payments.md 2.6). One step at a time: the next is
 * decided on what the chain shows after this one.
 */
export function nextStep(situation: ChannelSituation): ChannelStep | undefined {
  const { onChain, counters, pricePerToken } = situation;
  if (onChain.state === CocoonState.closed) return undefined;
  if (onChain.state === CocoonState.closing) {
    const overdue = situation.nowS > onChain.unlockTs + UNLOCK_MARGIN_S;
    return overdue
      ? { do: 'requestRefund', why: 'the proxy has not granted the refund before the unlock time' }
      : undefined;
  }
  if (situation.closing) return { do: 'requestRefund', why: 'the owner asked to close the channel' };
  if (situation.outdatedSinceS !== undefined) {
    const { proxyDelayBeforeClose, clientDelayBeforeClose } = onChain.params;
    const lead = proxyDelayBeforeClose - clientDelayBeforeClose;
    // Half of the lead: the forced path then still ends before the proxy can take the pool. Without a lead, hurry saves nothing.
    const wait = lead > 0 ? 0.5 * lead : PATIENCE_S;
    if (situation.nowS >= situation.outdatedSinceS + wait)
      return { do: 'requestRefund', why: 'its proxy has moved to a contract of newer terms, or is gone' };
    return undefined;
  }
  const secretDiffers = !onChain.secretHash.equals(situation.secretHash);
  if (needsTopUp(onChain, pricePerToken)) {
    return { do: 'topUp', amount: wholeTokens(onChain.stake, pricePerToken), withSecret: secretDiffers };
  }
  if (secretDiffers) return { do: 'changeSecret' };
  // Uncharged use counts against the stake: settling it makes room before requests are refused.
  const halfStake = tokensFor(onChain.stake, pricePerToken) / 2n;
  if (counters.tokensMax > onChain.tokensUsed + halfStake && counters.tokensSigned > onChain.tokensUsed)
    return { do: 'charge' };
  return undefined;
}
