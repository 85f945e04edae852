import { ton } from '../format';

/** How DAO commands write things down. */

export type Row = readonly [name: string, value: string | number | bigint | boolean];

export function rows(list: readonly Row[]): string {
  const width = Math.max(...list.map(([name]) => name.length));
  return list.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

export function when(unixSeconds: number, now: number): string {
  if (unixSeconds === 0) return 'never';
  const absolute = new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
  const distance = span(Math.abs(unixSeconds - now));
  return unixSeconds > now ? `${absolute} (in ${distance})` : `${absolute} (${distance} ago)`;
}

/** "5 d 3 h": two parts are enough to plan by. */
export function span(seconds: number): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    if (left >= size && parts.length < 2) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.join(' ') || '0 s';
}

export function percent(part: bigint, whole: bigint): string {
  return whole === 0n ? '0.00 %' : `${(Number((part * 10_000n) / whole) / 100).toFixed(2)} %`;
}

export function bps(value: number): string {
  return `${value / 100} %`;
}

export function epochDay(epoch: number): string {
  return new Date(epoch * 86_400_000).toISOString().slice(0, 10);
}

export { ton };

/** For --json: amounts as decimal strings, addresses and bytes as text. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Map) return Object.fromEntries(item);
    return item;
  });
}
