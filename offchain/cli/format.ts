/** Plain-text formatting for the terminal; no colour, so that the output can be piped and compared. */

/** 1234567 -> "1 234 567": thin grouping that survives copy and paste into a calculator. */
export function group(value: bigint | number): string {
  const text = value.toString();
  const sign = text.startsWith('-') ? '-' : '';
  return sign + text.slice(sign.length).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

/** nanoTON as "0.000016600 TON", always nine decimals so that columns line up. */
export function ton(nano: bigint): string {
  const sign = nano < 0n ? '-' : '';
  const abs = nano < 0n ? -nano : nano;
  return `${sign}${abs / 1_000_000_000n}.${(abs % 1_000_000_000n).toString().padStart(9, '0')} TON`;
}

type Align = 'left' | 'right';

/** Renders rows as columns two spaces apart; the first row is the heading. */
export function table(rows: readonly (readonly string[])[], align: readonly Align[], indent = '  '): string {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      align
        .map((side, column) => {
          const cell = row[column] ?? '';
          const width = widths[column] ?? 0;
          return side === 'right' ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => indent + line)
    .join('\n');
}
