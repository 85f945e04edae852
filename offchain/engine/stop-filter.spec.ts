import fc from 'fast-check';
import { StopFilter } from './stop-filter';

describe('stop filter', () => {
  it('sends exactly what stands before the first stop sequence, however the text is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(letters, stops, fc.array(fc.nat(30)), (text, sequences, cuts) => {
        const filter = new StopFilter(sequences);
        let sent = '';
        let at = 0;
        for (const cut of [...cuts.map((one) => Math.min(one, text.length)).sort((a, b) => a - b), text.length]) {
          sent += filter.push(text.slice(at, cut));
          at = cut;
          if (filter.hit) break;
        }
        if (!filter.hit) sent += filter.flush();
        expect(filter.hit).toBe(sequences.some((stop) => text.includes(stop)));
        expect(sequences.some((stop) => sent.includes(stop))).toBe(false);
        expect(text.startsWith(sent)).toBe(true);
        if (filter.hit) expect(sequences.some((stop) => text.startsWith(stop, sent.length))).toBe(true);
        else expect(sent).toBe(text);
      }),
    );
  });
});
