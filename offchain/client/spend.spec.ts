import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokensUsed } from '@cocoon/sdk';
import fc from 'fast-check';
import { ManualClock } from '../transport/testing/manual-clock';
import { SpendGuard, worstCost } from './spend';
import { params } from './testing/fake-network';

const request = { bodyBytes: 100, maxTokens: 1000, maxCoefficient: 1000 };
/** 100 at x1 and 1000 at x8, 20 nanoTON each. */
const COST = 162_000n;

function guard(limits: { perRequest?: bigint; perDay?: bigint }, dir = mkdtempSync(join(tmpdir(), 'cocoon-spend-'))) {
  const clock = new ManualClock();
  const make = () => new SpendGuard({ perRequest: limits.perRequest, perDay: limits.perDay }, dir, clock);
  return { guard: make(), make, clock, file: join(dir, 'spend.json') };
}

describe('spend limits', () => {
  test('the worst case is never below what an answer can cost', () => {
    const count = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(
        count,
        count,
        count,
        count,
        fc.integer({ min: 0, max: 10_000 }),
        (prompt, cached, output, thought, coefficient) => {
          const usage = {
            promptTokens: prompt + cached,
            cachedTokens: cached,
            completionTokens: output + thought,
            reasoningTokens: thought,
          };
          const worst = worstCost(
            { bodyBytes: prompt + cached, maxTokens: output + thought, maxCoefficient: coefficient },
            params,
          );
          expect(worst).toBeGreaterThanOrEqual(tokensUsed(usage, coefficient, params).total * params.pricePerToken);
        },
      ),
    );
  });

  test('exactly the limit may be spent', () => {
    expect(() => guard({ perRequest: COST }).guard.reserve(request, params)).not.toThrow();
    expect(() => guard({ perRequest: COST - 1n }).guard.reserve(request, params)).toThrow(/max_spend_per_request_nano/);
    const day = guard({ perDay: 2n * COST }).guard;
    day.reserve(request, params);
    day.reserve(request, params);
    expect(() => day.reserve(request, params)).toThrow(/max_spend_per_day_nano/);
  });

  test('a settled reservation gives back the rest, once', () => {
    const { guard: spend } = guard({ perDay: 10n * COST });
    const reservation = spend.reserve(request, params);
    reservation.settle(10n);
    reservation.settle(0n);
    expect(spend.spentToday).toBe(200n);
  });

  test('a new day starts at zero, and yesterday settles into yesterday', () => {
    const { guard: spend, clock } = guard({ perDay: COST });
    const reservation = spend.reserve(request, params);
    clock.advance(24 * 3600 * 1000);
    expect(spend.spentToday).toBe(0n);
    reservation.settle(0n);
    expect(spend.spentToday).toBe(0n);
    expect(() => spend.reserve(request, params)).not.toThrow();
  });

  test('after a crash at any moment the file covers everything that was reserved', () => {
    const { guard: spend, make, file } = guard({ perDay: 100n * COST });
    for (let i = 1n; i <= 100n; i++) {
      spend.reserve(request, params);
      const onDisk = BigInt((JSON.parse(readFileSync(file, 'utf8')) as { spentNano: string }).spentNano);
      expect(onDisk).toBeGreaterThanOrEqual(i * COST);
    }
    expect(() => make().reserve(request, params)).toThrow(/max_spend_per_day_nano/);
  });

  test('an orderly stop keeps the exact amount', () => {
    const { guard: spend, make } = guard({ perDay: 100n * COST });
    spend.reserve(request, params).settle(1n);
    spend.close();
    expect(make().spentToday).toBe(20n);
  });
});
