import { formatAmount, parseAmount } from './amounts';
import { parseMultiplier, parseShare, parseSpan, parseTime } from './spans';
import { spanText } from './text';

describe('what people write', () => {
  test.each<[string, bigint]>([
    ['1.5 TON', 1_500_000_000n],
    ['20 nanoTON', 20n],
    ['0.000000001TON', 1n],
    ['0 TON', 0n],
  ])('%s is an amount', (text, amount) => {
    expect(parseAmount(text)).toBe(amount);
  });

  test.each(['5', '-1 TON', '1,5 TON', '1.5 nanoTON', '0.0000000001 TON', 'TON', '1e9 TON', `${'9'.repeat(37)} TON`])(
    '%s is none',
    (text) => {
      expect(parseAmount(text)).toHaveProperty('problem');
    },
  );

  test('amounts, spans, shares, multipliers and times are told as they are written', () => {
    for (const amount of [0n, 1n, 1_500_000_000n, 10n ** 20n]) expect(parseAmount(formatAmount(amount))).toBe(amount);
    expect(formatAmount(-5n)).toBe('-0.000000005 TON');
    expect([parseSpan('5 d'), parseSpan('90s'), parseSpan('2 h')]).toEqual([432_000, 90, 7_200]);
    expect([spanText(432_000), spanText(90_061), spanText(7_200), spanText(93_600), spanText(0)]).toEqual([
      '5 d',
      '90061 s',
      '2 h',
      '1 d 2 h',
      '0 s',
    ]);
    expect([parseShare('10 %'), parseShare('66.67%')]).toEqual([1_000, 6_667]);
    expect([parseMultiplier('x8'), parseMultiplier('x0.1')]).toEqual([80_000, 1_000]);
    expect(parseTime('2027-06-30T12:00:00Z')).toBe(1_814_356_800);
    for (const wrong of [
      parseSpan('5'),
      parseShare('101 %'),
      parseMultiplier('8'),
      parseTime('30.6.2027'),
      parseSpan('99999 d'),
    ]) {
      expect(wrong).toHaveProperty('problem');
    }
  });
});
