import { createHash, randomBytes as cryptoRandomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { ConnectionClosedError } from './errors';
import { readExactly } from './read-exactly';
import { DifficultyError, ProofOfWorkError } from './security-errors';

/**
 * Proof of work, before TLS and in clear: the server sends a challenge, the dialer answers with a nonce. It makes a
 * flood of handshakes cost the flooder more than the server, and proves nothing else.
 *
 *     challenge: u32 magic | i32 difficulty | 16 bytes of salt      response: u32 magic | i64 nonce      little endian
 */
export const CHALLENGE_BYTES = 24;
export const RESPONSE_BYTES = 12;
const CHALLENGE_MAGIC = 0x418e1291;
const RESPONSE_MAGIC = 0x01827319;
const SALT_BYTES = 16;
/** The rule looks at 64 bits of the hash. */
const MAX_DIFFICULTY = 64;
export const DEFAULT_POW = { difficulty: 20, maxDifficulty: 28 } as const;

export interface PowChallenge {
  /** Leading zero bits asked for. */
  readonly difficulty: number;
  readonly salt: Buffer;
}

export function encodeChallenge({ difficulty, salt }: PowChallenge): Buffer {
  const bytes = Buffer.alloc(CHALLENGE_BYTES);
  bytes.writeUInt32LE(CHALLENGE_MAGIC, 0);
  bytes.writeInt32LE(difficulty, 4);
  salt.copy(bytes, 8);
  return bytes;
}

/** Any difficulty is read; whether it is accepted is the dialer's decision. @throws ProofOfWorkError */
export function decodeChallenge(bytes: Buffer): PowChallenge {
  if (bytes.length !== CHALLENGE_BYTES || bytes.readUInt32LE(0) !== CHALLENGE_MAGIC) {
    throw new ProofOfWorkError('what the server sent first is no proof-of-work challenge');
  }
  return { difficulty: bytes.readInt32LE(4), salt: bytes.subarray(8) };
}

export function encodeResponse(nonce: bigint): Buffer {
  const bytes = Buffer.alloc(RESPONSE_BYTES);
  bytes.writeUInt32LE(RESPONSE_MAGIC, 0);
  bytes.writeBigInt64LE(nonce, 4);
  return bytes;
}

/** @throws ProofOfWorkError */
export function decodeResponse(bytes: Buffer): bigint {
  if (bytes.length !== RESPONSE_BYTES || bytes.readUInt32LE(0) !== RESPONSE_MAGIC) {
    throw new ProofOfWorkError('what the peer sent first is no answer to the proof-of-work challenge');
  }
  return bytes.readBigInt64LE(4);
}

/**
 * SHA256(salt || nonce): its first 8 bytes, as a little-endian number, must have enough leading zero bits. So they are
 * counted from the top bit of byte 7 down to byte 0.
 */
export function powHolds({ difficulty, salt }: PowChallenge, nonce: bigint): boolean {
  if (difficulty > MAX_DIFFICULTY) return false;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(nonce);
  const hash = createHash('sha256').update(salt).update(bytes).digest();
  return hash.readBigUInt64LE(0) >> BigInt(MAX_DIFFICULTY - Math.max(0, difficulty)) === 0n;
}

/** The smallest nonce that solves it, found in a thread of its own; the thread is gone when the promise settles. */
export function solvePow(challenge: PowChallenge, signal?: AbortSignal): Promise<bigint> {
  const { difficulty, salt } = challenge;
  if (difficulty === 0) return Promise.resolve(0n);
  return new Promise((resolve, reject) => {
    const cancelled = (): Error => new ConnectionClosedError('the proof of work was cancelled');
    if (signal?.aborted) return reject(cancelled());
    // Options of this process (a loader, an inspector) are not for the thread.
    const worker = new Worker(join(__dirname, 'pow-worker.cjs'), {
      workerData: { salt: Uint8Array.from(salt), difficulty },
      execArgv: [],
    });
    const settle = (run: () => void): void => {
      signal?.removeEventListener('abort', onAbort);
      void worker.terminate();
      run();
    };
    const onAbort = (): void => settle(() => reject(cancelled()));
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (nonce: bigint) => settle(() => resolve(nonce)));
    worker.once('error', (error: unknown) =>
      settle(() => reject(new ProofOfWorkError('the proof of work could not be done', error))),
    );
    worker.once('exit', () => settle(() => reject(new ProofOfWorkError('the proof-of-work thread ended early'))));
  });
}

export interface ProvePow {
  readonly maxDifficulty: number;
  readonly solve?: typeof solvePow;
}

/** The dialer's part. Ends with the stream, also in the middle of the search. @throws DifficultyError, ProofOfWorkError */
export async function provePow(stream: Duplex, { maxDifficulty, solve = solvePow }: ProvePow): Promise<void> {
  const challenge = decodeChallenge(await readExactly(stream, CHALLENGE_BYTES, 'the proof-of-work challenge'));
  const { difficulty } = challenge;
  if (difficulty < 0 || difficulty > Math.min(maxDifficulty, MAX_DIFFICULTY)) {
    throw new DifficultyError(`the server asks for ${difficulty} bits of work; 0 to ${maxDifficulty} are accepted`);
  }
  const aborter = new AbortController();
  const abort = (): void => aborter.abort();
  stream.once('close', abort);
  try {
    const nonce = await solve(challenge, aborter.signal);
    stream.write(encodeResponse(nonce));
  } finally {
    stream.off('close', abort);
  }
}

export interface DemandPow {
  readonly difficulty: number;
  readonly randomBytes?: (size: number) => Buffer;
}

/**
 * The server's part: a salt that was never used, one answer, exactly 12 bytes of it; what follows stays in the stream.
 * @throws ProofOfWorkError
 */
export async function demandPow(
  stream: Duplex,
  { difficulty, randomBytes = cryptoRandomBytes }: DemandPow,
): Promise<void> {
  const challenge = { difficulty, salt: randomBytes(SALT_BYTES) };
  stream.write(encodeChallenge(challenge));
  const nonce = decodeResponse(await readExactly(stream, RESPONSE_BYTES, 'the proof of work'));
  if (!powHolds(challenge, nonce)) throw new ProofOfWorkError(`the nonce is not worth ${difficulty} bits of work`);
}

/** @throws RangeError for a difficulty that the protocol does not have */
export function requireDifficulty(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_DIFFICULTY) return value;
  throw new RangeError(`${name} is ${value}; it must be a whole number from 0 to ${MAX_DIFFICULTY}`);
}
