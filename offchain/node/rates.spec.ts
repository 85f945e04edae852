import { ManualClock } from '../transport/testing/manual-clock';
import { Rate } from './rates';

describe('a rate', () => {
  it('keeps the total from zero on and lets each rate decay with its own period (B10)', () => {
    const clock = new ManualClock();
    const rate = new Rate(() => clock.nowMs());
    rate.add(60);
    expect(rate.toJSON()).toEqual([60, 60, 6, 1, 0.1, 60 / 3600, 60 / 86_400]);
    clock.advance(10_000);
    const [total, second, tenSeconds, minute] = rate.toJSON();
    expect(total).toBe(60);
    expect(second).toBeCloseTo(60 * Math.exp(-10), 10);
    expect(tenSeconds).toBeCloseTo(6 * Math.exp(-1), 10);
    expect(minute).toBeCloseTo(Math.exp(-1 / 6), 10);
  });

  it('comes close to a steady flow', () => {
    const clock = new ManualClock();
    const rate = new Rate(() => clock.nowMs());
    for (let i = 0; i < 1000; i++) {
      clock.advance(100);
      rate.add(2);
    }
    const [total, , tenSeconds] = rate.toJSON();
    expect(total).toBe(2000);
    expect(tenSeconds).toBeGreaterThan(19);
    expect(tenSeconds).toBeLessThan(21);
  });

  it('counts what is added while the clock is set back, and never shows a negative rate', () => {
    let nowMs = 10_000;
    const rate = new Rate(() => nowMs);
    rate.add(1);
    nowMs = 0;
    rate.add(1);
    expect(rate.toJSON()[0]).toBe(2);
    expect(Math.min(...rate.toJSON())).toBeGreaterThan(0);
  });
});
