import { TARGETS } from '../../tools/fuzz/corpus';
import { fuzz } from '../../tools/fuzz/fuzz';
import { mutate, pieces, Random } from '../../tools/fuzz/mutate';

/** A few of the attacks that `npm run fuzz` makes by the thousand. */
test.each(TARGETS)(
  'the %s listener survives broken frames, work and handshakes, forgets their senders, and serves honest peers',
  async (target) => {
    const { attacks, after, bystanders } = await fuzz({ target, count: 150, seed: 7 });
    expect(Object.values(attacks).reduce((sum, made) => sum + made, 0)).toBe(150);
    expect(Math.min(...Object.values(attacks))).toBeGreaterThan(0);
    expect(after.peers).toBe(bystanders.length);
    expect(bystanders.map(({ pings }) => pings)).toEqual([4, 4]);
    // What a peer sends is the peer's mistake: nothing here may look like one of ours.
    expect(after.errors).toEqual({});
  },
);

test('the same seed makes the same mutations, and another seed others', () => {
  const input = Buffer.from('something to be broken');
  const made = (seed: number): string[] => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => mutate(input, random).toString('hex'));
  };
  expect(made(1)).toEqual(made(1));
  expect(made(1)).not.toEqual(made(2));
  expect(input.toString()).toBe('something to be broken');
});

test('cutting into pieces loses nothing', () => {
  const random = new Random(3);
  for (let i = 0; i < 100; i++) {
    const bytes = random.bytes(random.below(50));
    expect(Buffer.concat(pieces(bytes, random))).toEqual(bytes);
  }
});
