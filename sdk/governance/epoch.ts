import { TimeRangeError } from './errors';

/** How the DAO counts time: an epoch is a day of UTC, numbered from 1970. Times are unix seconds. */

export const EPOCH_SECONDS = 86_400;
/** Epochs are stored in 16 bits: they last until the year 2149. */
export const LAST_EPOCH = 0xffff;
/** No proposal runs longer than this many epochs; a Stake tells no weight for an older snapshot. */
export const HORIZON_EPOCHS = 30;
/** The longest warm-up, in epochs beyond the next one. */
export const LONGEST_WARMUP = 14;
/** From unstaking to the earliest release. */
export const SHORTEST_UNBONDING = 3 * EPOCH_SECONDS;
/** From the last vote, proposal or delegation to the earliest release. */
export const UNBONDING_AFTER_USE = 21 * EPOCH_SECONDS;

/** The epoch of a time. @throws TimeRangeError */
export function epochAt(time: number): number {
  const epoch = Math.floor(time / EPOCH_SECONDS);
  if (!Number.isFinite(time) || epoch < 0 || epoch > LAST_EPOCH) {
    throw new TimeRangeError(`${time} is no time of the DAO: give unix seconds between 1970 and 2149`);
  }
  return epoch;
}

/** The first second of an epoch. @throws TimeRangeError */
export function startOfEpoch(epoch: number): number {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > LAST_EPOCH) {
    throw new TimeRangeError(`${epoch} is no epoch: they count from 0 to ${LAST_EPOCH}`);
  }
  return epoch * EPOCH_SECONDS;
}

/** The first epoch whose snapshot counts a deposit that the Dao hears of at this time. */
export function labelOfDeposit(time: number, warmup: number): number {
  return epochAt(time) + 1 + warmup;
}

/** From when on stake that is unstaked now may be withdrawn. @param lastUse 0: never used */
export function releaseAt(now: number, lastUse: number): number {
  return Math.max(now + SHORTEST_UNBONDING, lastUse + UNBONDING_AFTER_USE);
}
