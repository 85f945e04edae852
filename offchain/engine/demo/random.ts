import { createHash } from 'node:crypto';

/** Numbers in [0, 1) that depend only on the parts: the same question with the same seed has the same answer on any machine. */
export function seededRandom(...parts: readonly (string | number)[]): () => number {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = digest.readUInt32LE(12);
  // sfc32, the small fast counting generator of PractRand: 32-bit operations only, so exact everywhere.
  return () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 0x1_0000_0000;
  };
}

/** A whole number from 0 to `count` - 1. */
export function below(random: () => number, count: number): number {
  return Math.floor(random() * count);
}
