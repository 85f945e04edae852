import fc from 'fast-check';
import { adjustTokens, MeteringError, reservation, tokensUsed } from './metering';
import {
  costOf,
  FREE_TOKENS,
  tokensAvailable,
  tokensFor,
  tokensPayed,
  tokensReadyToCharge,
  wholeTokens,
} from './prices';

describe('adjusted tokens', () => {
  test.each([
    [1000, 1000, 10_000, 1000n],
    [7, 1000, 1000, 0n],
    [10, 1000, 1000, 1n],
    [0, 999_999_999, 80_000, 0n],
    [0xffffffff, 1000, 80_000, 34_359_738_360n],
    // For each of these, exact arithmetic or another order of the same operations gives one more or one less.
    [295_584, 1825, 25_000, 1_348_601n],
    [1_378_395, 2050, 80_000, 22_605_677n],
    [1_092_275, 4688, 25_000, 12_801_463n],
    [513_300, 1500, 89_200, 6_867_954n],
    [748_700, 1412, 25_000, 2_642_910n],
    [1_548_000, 2199, 10_000, 3_404_052n],
    [1285, 700, 80_000, 7196n],
  ])('adjust(%i, %i, %i) = %s, in the order of the protocol', (tokens, coefficient, multiplier, adjusted) => {
    expect(adjustTokens(tokens, coefficient, multiplier)).toBe(adjusted);
  });

  test('never exceeds the exact value by more than rounding, never shrinks with more tokens', () => {
    fc.assert(
      fc.property(fc.nat(0xffffff), fc.nat(10_000), fc.nat(200_000), (tokens, coefficient, multiplier) => {
        const adjusted = adjustTokens(tokens, coefficient, multiplier);
        const exact = (BigInt(tokens) * BigInt(coefficient) * BigInt(multiplier)) / 10_000_000n;
        expect(adjusted - exact).toBeLessThanOrEqual(1n);
        expect(exact - adjusted).toBeLessThanOrEqual(1n);
        expect(adjustTokens(tokens + 1, coefficient, multiplier)).toBeGreaterThanOrEqual(adjusted);
      }),
    );
  });

  test.each([
    ['a negative count', -1, 1000, 10_000, 'tokens'],
    ['NaN', Number.NaN, 1000, 10_000, 'tokens'],
    ['a fraction', 1.5, 1000, 10_000, 'tokens'],
    ['more than 32 bits', 2 ** 32, 1000, 10_000, 'tokens'],
    ['infinity', Number.POSITIVE_INFINITY, 1000, 10_000, 'tokens'],
    ['a negative coefficient', 1, -1, 10_000, 'coefficient'],
    ['a coefficient of 10^9', 1, 1_000_000_000, 10_000, 'coefficient'],
    ['a negative multiplier', 1, 1000, -1, 'multiplier'],
    ['an amount over 63 bits', 0xffffffff, 999_999_999, 0xffffffff, 'tokens'],
  ])('refuses %s', (_, tokens, coefficient, multiplier, field) => {
    expect(() => adjustTokens(tokens, coefficient, multiplier)).toThrow(MeteringError);
    expect(() => adjustTokens(tokens, coefficient, multiplier)).toThrow(new RegExp(`^${field}: `));
  });

  const live = {
    promptMultiplier: 10_000,
    cachedMultiplier: 1_000,
    completionMultiplier: 80_000,
    reasoningMultiplier: 80_000,
  };

  test('each kind is cut to whole tokens before the sum', () => {
    const usage = { promptTokens: 105, cachedTokens: 5, completionTokens: 30, reasoningTokens: 10 };
    expect(tokensUsed(usage, 1000, live)).toEqual({
      prompt: 100n,
      cached: 0n,
      completion: 160n,
      reasoning: 80n,
      total: 340n,
    });
  });

  test('parts larger than their whole count as the whole, never below zero', () => {
    const usage = { promptTokens: 10, cachedTokens: 50, completionTokens: 2, reasoningTokens: 3 };
    expect(tokensUsed(usage, 1000, live)).toEqual({
      prompt: 0n,
      cached: 1n,
      completion: 0n,
      reasoning: 16n,
      total: 17n,
    });
  });

  test.each(['promptTokens', 'cachedTokens', 'completionTokens', 'reasoningTokens'])(
    'refuses a negative %s by name',
    (field) => {
      const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0, [field]: -1 };
      expect(() => tokensUsed(usage, 1000, live)).toThrow(new RegExp(`^${field}: -1`));
    },
  );
});

describe('reservation', () => {
  test('is adjust(maxTokens + bytes, maxCoefficient, 10000)', () => {
    expect(reservation({ maxTokens: 1000, queryBytes: 500, maxCoefficient: 2000 })).toBe(3000n);
    expect(reservation({ maxTokens: 1000, queryBytes: 500, maxCoefficient: 2000, multiplier: 80_000 })).toBe(24_000n);
  });

  test.each([
    ['maxTokens', -1],
    ['maxTokens', Number.NaN],
    ['maxCoefficient', -1000],
    ['maxCoefficient', 2 ** 31 - 1],
    ['queryBytes', -5],
  ])('refuses %s = %d instead of reserving a negative amount (B7)', (field, value) => {
    const wish = { maxTokens: 10, queryBytes: 10, maxCoefficient: 1000, [field]: value };
    expect(() => reservation(wish)).toThrow(new RegExp(`^${field}: `));
  });
});

describe('prices', () => {
  const channel = { balance: 1_000n, stake: 405n, tokensCharged: 7n };

  test('coins buy whole tokens only', () => {
    expect(tokensFor(59n, 20n)).toBe(2n);
    expect(wholeTokens(59n, 20n)).toBe(40n);
    expect(costOf(3n, 20n)).toBe(60n);
    expect(tokensPayed(channel, 20n)).toBe(57n);
  });

  test('a price of zero buys a fixed large amount', () => {
    expect(tokensFor(0n, 0n)).toBe(FREE_TOKENS);
    expect(wholeTokens(59n, 0n)).toBe(59n);
  });

  test('uncharged usage never exceeds the stake', () => {
    const at = (balance: bigint): bigint =>
      tokensAvailable({ ...channel, balance }, 20n, { tokensUsed: 10n, tokensReserved: 3n });
    // stake covers 20 tokens beyond the 7 charged
    expect(at(1_000_000n)).toBe(20n + 7n - 13n);
    expect(at(100n)).toBe(5n + 7n - 13n);
  });

  test('only what is committed and not yet charged can be charged', () => {
    expect(tokensReadyToCharge(10n, 4n)).toBe(6n);
    expect(tokensReadyToCharge(4n, 10n)).toBe(0n);
  });
});
