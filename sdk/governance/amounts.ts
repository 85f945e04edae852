/** Amounts with their unit, as people write them: "1.5 TON", "20 nanoTON". */

/** nanoTON */
export type Amount = bigint;

const NANO_PER_TON = 1_000_000_000n;
const MOST = (1n << 120n) - 1n;

/** @returns the amount, or what is wrong with the text */
export function parseAmount(text: string): Amount | { problem: string } {
  const [, whole, fraction = '', unit] = /^(\d{1,37})(?:\.(\d+))? ?(TON|nanoTON)?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return { problem: `"${text}" is no amount: write it like "1.5 TON" or "20 nanoTON"` };
  if (unit === undefined) return { problem: `"${text}" has no unit: write "${text.trim()} TON" or "… nanoTON"` };
  if (unit === 'nanoTON' && fraction !== '') return { problem: `"${text}": there is nothing smaller than 1 nanoTON` };
  if (fraction.length > 9)
    return { problem: `"${text}" has more than 9 decimals: 0.000000001 TON is the least there is` };
  const amount = unit === 'nanoTON' ? BigInt(whole) : BigInt(whole) * NANO_PER_TON + BigInt(fraction.padEnd(9, '0'));
  return amount > MOST ? { problem: `"${text}" is more than any message can carry` } : amount;
}

export function formatAmount(amount: Amount, unit: 'TON' | 'nanoTON' = 'TON'): string {
  if (unit === 'nanoTON') return `${amount} nanoTON`;
  const sign = amount < 0n ? '-' : '';
  const nano = amount < 0n ? -amount : amount;
  const fraction = (nano % NANO_PER_TON).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${nano / NANO_PER_TON}${fraction === '' ? '' : `.${fraction}`} TON`;
}
