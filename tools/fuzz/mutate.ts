/** Random but repeatable: the same seed makes the same bytes. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ x < 2^32 (mulberry32). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(size: number): Buffer {
    return Buffer.from(Array.from({ length: size }, () => this.below(256)));
  }
}

/** Where parsers break: around signs, prefixes of TL strings, and limits. */
const EXTREMES = [0, 1, 3, 4, 253, 254, 255, 0x7fff, 1 << 24, (1 << 24) + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const MUTATIONS: Mutation[] = [
  function flipBit(bytes, random) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xfd, 0xfe, 0xff, random.below(256)]);
    return bytes;
  },
  function setWord(bytes, random) {
    if (bytes.length < 4) return bytes;
    bytes.writeUInt32LE(random.pick([...EXTREMES, random.word()]) >>> 0, random.below(bytes.length - 3));
    return bytes;
  },
  function cut(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)]);
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
  },
  function repeat(bytes, random) {
    const at = random.below(bytes.length);
    const piece = bytes.subarray(at, at + 1 + random.below(32));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
];

/** One to three changes; the input stays as it is. */
export function mutate(input: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let left = 1 + random.below(3); left > 0 && bytes.length > 0; left--) {
    bytes = random.pick(MUTATIONS)(bytes, random);
  }
  return bytes;
}

/** The same bytes in up to four pieces. */
export function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
}
