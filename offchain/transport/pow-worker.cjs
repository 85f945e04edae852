/**
 * The nonce search, run in a thread of its own (pow.ts). Plain JavaScript, so that a thread needs no loader: it starts
 * in milliseconds under tsx and under the tests alike.
 *
 * SHA-256 is written out for the one message there is: 16 bytes of salt and 8 of nonce, which is a single block. A call
 * of node:crypto costs four times as much as this hash. Every hit is checked with node:crypto before it is reported.
 */
const { createHash } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');

const K = Int32Array.from(
  (
    '428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 ' +
    '72be5d74 80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da ' +
    '983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 ' +
    '650a7354 766a0abb 81c2c92e 92722c85 a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 ' +
    '19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 ' +
    '90befffa a4506ceb bef9a3f7 c67178f2'
  )
    .split(' ')
    .map((word) => Number.parseInt(word, 16)),
);

/** Bytes the other way round: the nonce is little endian, SHA-256 reads big-endian words. */
function swap(word) {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Second word of the hash of the block in w[0..15]: it has the first 32 bits that count. Round 64 does not touch it. */
function secondWord(w) {
  for (let i = 16; i < 63; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + w[i - 7] + s0 + s1) | 0;
  }
  let a = 0x6a09e667 | 0;
  let b = 0xbb67ae85 | 0;
  let c = 0x3c6ef372 | 0;
  let d = 0xa54ff53a | 0;
  let e = 0x510e527f | 0;
  let f = 0x9b05688c | 0;
  let g = 0x1f83d9ab | 0;
  let h = 0x5be0cd19 | 0;
  for (let i = 0; i < 63; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  return (0xbb67ae85 + a) | 0;
}

/** The whole rule, by node:crypto: the first 8 bytes as a little-endian number have enough leading zero bits. */
function holds(salt, nonce, difficulty) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(nonce);
  const hash = createHash('sha256').update(salt).update(bytes).digest();
  return hash.readBigUInt64LE(0) >> BigInt(64 - difficulty) === 0n;
}

function solve(salt, difficulty) {
  const w = new Int32Array(64);
  for (let i = 0; i < 4; i++) w[i] = salt.readInt32BE(i * 4);
  // The padding of a 24-byte message: a one bit, zeros, the length in bits.
  w[6] = 0x80000000 | 0;
  w[15] = 192;
  // As little-endian bytes the leading zero bits start in the hash's byte 7.
  const mask = swap(difficulty >= 32 ? -1 : ~(-1 >>> difficulty));
  for (let high = 0; high <= 0x7fff_ffff; high++) {
    w[5] = swap(high);
    for (let low = 0; low <= 0xffff_ffff; low++) {
      w[4] = swap(low);
      if ((secondWord(w) & mask) !== 0) continue;
      const nonce = (BigInt(high) << 32n) | BigInt(low);
      if (holds(salt, nonce, difficulty)) return nonce;
    }
  }
  throw new Error('no nonce solves this challenge');
}

const { salt, difficulty } = workerData;
parentPort.postMessage(solve(Buffer.from(salt), difficulty));
