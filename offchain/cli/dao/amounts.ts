import { toNano } from '@ton/core';
import { usage } from './context';

/** TON as people write it: "100" or "0.5". */
export function parseTon(text: string, what: string): bigint {
  if (!/^\d{1,10}(\.\d{1,9})?$/.test(text)) {
    throw usage(`${what}: "${text}" is no amount.`, 'Give TON, such as 100 or 0.5.');
  }
  const amount = toNano(text);
  if (amount === 0n) throw usage(`${what}: nothing.`, 'Give more than 0.');
  return amount;
}

/** "60,30,10": shares of the weight in percent, or any other proportion. */
export function parseSplit(text: string, weight: bigint) {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== 3 || parts.some((part) => !/^\d{1,9}$/.test(part))) {
    throw usage(`--split ${text}: not three whole numbers.`, 'Give for,against,abstain, such as 60,30,10.');
  }
  const [y, n, a] = parts.map(BigInt) as [bigint, bigint, bigint];
  const sum = y + n + a;
  if (sum === 0n) throw usage('--split 0,0,0: nothing to vote with.', 'Give at least one number above 0.');
  const yes = (weight * y) / sum;
  const no = (weight * n) / sum;
  // What rounding leaves goes to the last part that was asked for.
  const abstain = a > 0n ? weight - yes - no : 0n;
  return a > 0n ? { yes, no, abstain } : n > 0n ? { yes, no: weight - yes, abstain } : { yes: weight, no, abstain };
}
