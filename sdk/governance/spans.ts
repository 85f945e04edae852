/** Spans and shares as people write them, with their unit: "5 d", "12 h", "2.5 %", "x8". */

const UNITS: Record<string, number> = { s: 1, min: 60, h: 3_600, d: 86_400 };

type Problem = { problem: string };

/** @returns seconds, or what is wrong with the text */
export function parseSpan(text: string): number | Problem {
  const [, count, unit] = /^(\d{1,9}) ?(s|min|h|d)$/.exec(text.trim()) ?? [];
  if (count === undefined)
    return { problem: `"${text}" is no span of time: write it like "5 d", "12 h", "30 min" or "90 s"` };
  const seconds = Number(count) * UNITS[unit!]!;
  return seconds > 0xffffffff ? { problem: `"${text}" is longer than contracts can count` } : seconds;
}

/** @returns basis points, or what is wrong with the text */
export function parseShare(text: string): number | Problem {
  const [, whole, fraction = ''] = /^(\d{1,3})(?:\.(\d{1,2}))? ?%$/.exec(text.trim()) ?? [];
  if (whole === undefined) return { problem: `"${text}" is no share: write it like "10 %" or "66.67 %"` };
  const bps = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  return bps > 10_000 ? { problem: `"${text}" is more than all there is` } : bps;
}

/** @returns ten-thousandths, or what is wrong with the text */
export function parseMultiplier(text: string): number | Problem {
  const [, whole, fraction = ''] = /^x(\d{1,5})(?:\.(\d{1,4}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return { problem: `"${text}" is no multiplier: write it like "x8" or "x0.1"` };
  return Number(whole) * 10_000 + Number(fraction.padEnd(4, '0'));
}

/** @returns unix seconds, or what is wrong with the text */
export function parseTime(text: string): number | Problem {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) ? Date.parse(text) / 1_000 : Number.NaN;
  if (Number.isNaN(at)) return { problem: `"${text}" is no time: write it like 2027-06-30 or 2027-06-30T12:00:00Z` };
  return at >= 0 && at <= 0xffffffff ? at : { problem: `"${text}" is a time that contracts cannot store` };
}
