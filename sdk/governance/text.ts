import { Address, Cell } from '@ton/core';
import { type Amount, formatAmount } from './amounts';
import type { FieldValue } from './fields';

/** Values as people read them. */

/** What a field of coins is told in: prices are tiny. */
function isPrice(field: string): boolean {
  return /PerToken$/.test(field);
}

export function valueText(field: string, value: FieldValue): string {
  if (value === null) return 'none';
  if (value === undefined) return 'not given';
  if (typeof value === 'bigint') return formatAmount(value as Amount, isPrice(field) ? 'nanoTON' : 'TON');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return numberText(field, value);
  if (typeof value === 'string') return printable(value);
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Address.isAddress(value)) return value.toString();
  if (value instanceof Cell) return `cell ${value.hash().toString('hex')}`;
  return JSON.stringify(Object.keys(value));
}

const SPANS = /(Delay|delay|Period|period|extension|Timelock|grace|DelayBeforeClose)/;

function numberText(field: string, value: number): string {
  const name = field.slice(field.lastIndexOf('.') + 1);
  if (/Bps$/.test(name)) return `${value / 100} %`;
  if (/Multiplier$/.test(name)) return `x${value / 10_000}`;
  if (/^(until|expireAt)$/.test(name)) return new Date(value * 1_000).toISOString().replace('.000', '');
  return SPANS.test(name) && name !== 'periods' ? spanText(value) : String(value);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** At most two units: "1 d 2 h". What would be lost with them is told in seconds. */
export function spanText(seconds: number): string {
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  if (first < 0) return '0 s';
  const [unit, length] = UNITS[first]!;
  const rest = seconds % length;
  if (rest === 0) return `${seconds / length} ${unit}`;
  const [next, part] = UNITS[first + 1]!;
  return rest % part === 0 ? `${Math.floor(seconds / length)} ${unit} ${rest / part} ${next}` : `${seconds} s`;
}

/** Anybody's bytes on somebody's terminal: control characters, and those that turn text around, are shown as what they are not. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}
