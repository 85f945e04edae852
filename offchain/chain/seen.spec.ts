import { Address } from '@ton/core';
import { Seen } from './seen';

const address = Address.parseRaw(`0:${'11'.repeat(32)}`);
const at = (lt: bigint, hash = 1) => ({ lt, hash: Buffer.alloc(32, hash) });

describe('what was seen of an account', () => {
  it('is not undone: older, none at all, or another at the same time are refused', () => {
    const seen = new Seen();
    seen.note(address, undefined, 'a');
    expect(seen.has(address)).toBe(false);
    seen.note(address, at(5n), 'a');
    for (const last of [at(4n), undefined])
      expect(() => seen.note(address, last, 'b')).toThrow(expect.objectContaining({ code: 'stale', retryable: true }));
    expect(() => seen.note(address, at(5n, 2), 'b')).toThrow(expect.objectContaining({ code: 'disagreement' }));
    seen.note(address, at(5n), 'b');
    seen.check(address, at(6n), 'b');
    seen.note(address, at(5n), 'a');
  });

  it('is kept for ten thousand accounts, those read last', () => {
    const seen = new Seen();
    const others = Array.from({ length: 10_000 }, (_value, index) => {
      const hash = Buffer.alloc(32);
      hash.writeUInt32BE(index);
      return new Address(0, hash);
    });
    seen.note(others[0]!, at(5n), 'a');
    seen.note(address, at(5n), 'a');
    for (const one of others) seen.note(one, at(5n), 'a');
    expect(seen.has(others[0]!)).toBe(true);
    expect(seen.has(address)).toBe(false);
  });
});
