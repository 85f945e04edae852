/**
 * From coins to tokens and back. Coins are nanoTON, tokens are adjusted tokens, both bigint; a price is nanoTON per
 * adjusted token. Divisions round down: nobody is credited with a token that is not fully paid.
 */

/** Tokens that any balance buys when tokens cost nothing. */
export const FREE_TOKENS = 1_000_000_000_000n;

/** @returns nanoTON */
export function costOf(tokens: bigint, pricePerToken: bigint): bigint {
  return tokens * pricePerToken;
}

/** How many tokens the coins buy, rounded down; a price of zero buys FREE_TOKENS. */
export function tokensFor(coins: bigint, pricePerToken: bigint): bigint {
  return pricePerToken === 0n ? FREE_TOKENS : coins / pricePerToken;
}

/** Coins rounded down to a whole number of tokens, as a top-up is. */
export function wholeTokens(coins: bigint, pricePerToken: bigint): bigint {
  return pricePerToken === 0n ? coins : coins - (coins % pricePerToken);
}

/** A client's channel as the chain shows it. */
export interface ClientChannel {
  /** escrow, nanoTON */
  readonly balance: bigint;
  /** nanoTON */
  readonly stake: bigint;
  /** tokens charged on chain so far */
  readonly tokensCharged: bigint;
}

/** Cumulative tokens that the escrow has paid for, the charged ones included. */
export function tokensPayed(channel: ClientChannel, pricePerToken: bigint): bigint {
  return tokensFor(channel.balance, pricePerToken) + channel.tokensCharged;
}

/**
 * Tokens a client may still start to use. What is used and not yet charged never exceeds the stake, so a client whose
 * channel is closed behind the proxy's back cannot have taken more than that. May be negative.
 * @param running tokens used so far (cumulative) and tokens held by running requests
 */
export function tokensAvailable(
  channel: ClientChannel,
  pricePerToken: bigint,
  running: { readonly tokensUsed: bigint; readonly tokensReserved: bigint },
): bigint {
  const payed = tokensPayed(channel, pricePerToken);
  const covered = tokensFor(channel.stake, pricePerToken) + channel.tokensCharged;
  const held = running.tokensReserved + running.tokensUsed;
  return payed < covered ? payed - held : covered - held;
}

/** Tokens that a charge would move: committed on chain by a save_state, and not charged (or being charged) yet. */
export function tokensReadyToCharge(committedToBlockchain: bigint, expectedCharged: bigint): bigint {
  const ready = committedToBlockchain - expectedCharged;
  return ready > 0n ? ready : 0n;
}
