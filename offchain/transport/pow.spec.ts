import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { attestedTls } from './attested-tls';
import { ConnectionClosedError } from './errors';
import {
  CHALLENGE_BYTES,
  decodeChallenge,
  demandPow,
  encodeChallenge,
  encodeResponse,
  powHolds,
  provePow,
  RESPONSE_BYTES,
  requireDifficulty,
  solvePow,
} from './pow';
import { readExactly } from './read-exactly';
import { DifficultyError, ProofOfWorkError } from './security-errors';
import { trusting } from './testing/attested';
import { certificate } from './testing/certificates';

const salt = Buffer.alloc(16, 7);

function pair(): [Duplex, Duplex] {
  const ends = duplexPair();
  for (const end of ends) end.on('error', () => undefined);
  return ends;
}

describe('the solver', () => {
  test('finds the smallest nonce, for any salt', async () => {
    for (const difficulty of [1, 5, 9, 13]) {
      const challenge = { difficulty, salt: randomBytes(16) };
      const nonce = await solvePow(challenge);
      let smallest = 0n;
      while (!powHolds(challenge, smallest)) smallest++;
      expect(nonce).toBe(smallest);
    }
  });

  test('is stopped by its signal, in the middle of a search that would take years', async () => {
    const aborter = new AbortController();
    const search = solvePow({ difficulty: 60, salt }, aborter.signal);
    aborter.abort();
    await expect(search).rejects.toBeInstanceOf(ConnectionClosedError);
    await expect(solvePow({ difficulty: 60, salt }, aborter.signal)).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test('does not hold up this thread', async () => {
    const aborter = new AbortController();
    const search = solvePow({ difficulty: 60, salt }, aborter.signal);
    await new Promise((resolve) => setImmediate(resolve));
    aborter.abort();
    await expect(search).rejects.toThrow('cancelled');
  });
});

describe('the dialer', () => {
  const never = () => Promise.reject(new Error('must not be asked'));

  test.each([-1, -(2 ** 31), 29, 64, 65, 2 ** 31 - 1])(
    'refuses a difficulty of %d without working',
    async (difficulty) => {
      const [ours, theirs] = pair();
      theirs.write(encodeChallenge({ difficulty, salt }));
      await expect(provePow(ours, { maxDifficulty: 28, solve: never })).rejects.toBeInstanceOf(DifficultyError);
      expect(theirs.readableLength).toBe(0);
    },
  );

  test('takes the most that it is willing to do', async () => {
    const [ours, theirs] = pair();
    theirs.write(encodeChallenge({ difficulty: 28, salt }));
    await provePow(ours, { maxDifficulty: 28, solve: async () => 77n });
    expect(await readExactly(theirs, RESPONSE_BYTES, 'it')).toEqual(encodeResponse(77n));
  });

  test('refuses anything that is no challenge', async () => {
    const [ours, theirs] = pair();
    theirs.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await expect(provePow(ours, { maxDifficulty: 28, solve: never })).rejects.toBeInstanceOf(ProofOfWorkError);
  });

  test('gives up when the server ends in the middle of the challenge', async () => {
    const [ours, theirs] = pair();
    theirs.end(Buffer.alloc(CHALLENGE_BYTES - 1));
    await expect(provePow(ours, { maxDifficulty: 28, solve: never })).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test('stops working when the connection is closed', async () => {
    const [ours, theirs] = pair();
    theirs.write(encodeChallenge({ difficulty: 60, salt }));
    const working = provePow(ours, {
      maxDifficulty: 64,
      solve: (challenge, signal) => {
        setImmediate(() => ours.destroy());
        return solvePow(challenge, signal);
      },
    });
    await expect(working).rejects.toThrow('the proof of work was cancelled');
  });
});

describe('the server', () => {
  test('takes a nonce that is worth its difficulty, and leaves what follows for TLS', async () => {
    const [ours, theirs] = pair();
    const demanded = demandPow(ours, { difficulty: 8 });
    const challenge = decodeChallenge(await readExactly(theirs, CHALLENGE_BYTES, 'it'));
    expect(challenge.difficulty).toBe(8);
    theirs.write(Buffer.concat([encodeResponse(await solvePow(challenge)), Buffer.from('client hello')]));
    await demanded;
    expect(await readExactly(ours, 12, 'the rest')).toEqual(Buffer.from('client hello'));
  });

  test('asks even when nothing is to be done, and takes any nonce then', async () => {
    const [ours, theirs] = pair();
    const demanded = demandPow(ours, { difficulty: 0 });
    await provePow(theirs, { maxDifficulty: 0 });
    await demanded;
  });

  test('has one answer to give: a wrong one is not followed by a second try', async () => {
    const [ours, theirs] = pair();
    const demanded = demandPow(ours, { difficulty: 12 });
    const challenge = decodeChallenge(await readExactly(theirs, CHALLENGE_BYTES, 'it'));
    const right = await solvePow(challenge);
    theirs.write(Buffer.concat([encodeResponse(right - 1n), encodeResponse(right)]));
    await expect(demanded).rejects.toBeInstanceOf(ProofOfWorkError);
  });

  test('never asks the same twice, so that no answer can be kept', async () => {
    const salts = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const [ours, theirs] = pair();
      demandPow(ours, { difficulty: 20 }).catch(() => undefined);
      salts.add(decodeChallenge(await readExactly(theirs, CHALLENGE_BYTES, 'it')).salt.toString('hex'));
      ours.destroy();
    }
    expect(salts.size).toBe(20);
  });

  test('whatever the answer is, in whatever pieces, it is taken or refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 4 }),
        fc.boolean(),
        async (pieces, wellFormed) => {
          const [ours, theirs] = pair();
          const demanded = demandPow(ours, { difficulty: 4 }).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (wellFormed) theirs.write(encodeResponse(0n).subarray(0, 4));
          for (const piece of pieces) theirs.write(Buffer.from(piece));
          theirs.end();
          const outcome = await demanded;
          if (outcome !== undefined) {
            expect([ProofOfWorkError, ConnectionClosedError]).toContain((outcome as Error).constructor);
          }
          const sent = pieces.reduce((sum, piece) => sum + piece.length, wellFormed ? 4 : 0);
          if (sent < RESPONSE_BYTES) expect(outcome).toBeInstanceOf(ConnectionClosedError);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('reading exactly leaves the rest, however the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
      fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 9 }),
      async (content, cuts, reads) => {
        const [ours, theirs] = pair();
        for (let at = 0, i = 0; at < content.length; at += cuts[i++ % cuts.length]!) {
          theirs.write(Buffer.from(content.slice(at, at + cuts[i % cuts.length]!)));
        }
        theirs.end();
        const got: Buffer[] = [];
        let left = content.length;
        for (const size of reads.filter((wanted) => wanted <= content.length)) {
          if (size > left) {
            await expect(readExactly(ours, size, 'it')).rejects.toBeInstanceOf(ConnectionClosedError);
            return;
          }
          got.push(await readExactly(ours, size, 'it'));
          left -= size;
        }
        expect(Buffer.concat(got)).toEqual(Buffer.from(content).subarray(0, content.length - left));
        ours.resume();
        await once(ours, 'end');
      },
    ),
    { numRuns: 200 },
  );
});

test.each([-1, 65, 1.5, Number.NaN])('a configured difficulty of %d is an error at start', (difficulty) => {
  expect(() => requireDifficulty('pow difficulty', difficulty)).toThrow(RangeError);
  const shown = certificate();
  const base = { certificates: { current: () => shown }, verifier: trusting };
  expect(() => attestedTls({ ...base, pow: { difficulty } })).toThrow('pow difficulty is');
  expect(() => attestedTls({ ...base, pow: { maxDifficulty: difficulty } })).toThrow('max pow difficulty is');
});
