import fc from 'fast-check';

/**
 * Runs a property with a fixed seed, so that everybody sees the same, and with one that nobody has tried. A failure shows
 * the shortest story found; INVARIANT_SEED=… plays the random part again, INVARIANT_RUNS=… asks for more runs of each.
 */
export async function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const total = Number(process.env.INVARIANT_RUNS ?? runs);
  const fresh = Number(process.env.INVARIANT_SEED ?? Math.floor(Math.random() * 2 ** 31));
  for (const seed of [FIXED_SEED, fresh]) await checkWith(seed, Math.ceil(total / 2), arbitrary, property);
}

const FIXED_SEED = 20_260_601;
/** Long enough to find a short story, short enough for a person to wait for it. */
const SHRINKING_MS = 60_000;

async function checkWith<T>(
  seed: number,
  numRuns: number,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  let firstFailure: number | undefined;
  const guarded = async (value: T) => {
    // Past the limit every candidate passes, which ends the search with the best one so far.
    if (firstFailure !== undefined && performance.now() - firstFailure > SHRINKING_MS) return;
    try {
      await property(value);
    } catch (error) {
      firstFailure ??= performance.now();
      throw error;
    }
  };
  const details = await fc.check(fc.asyncProperty(arbitrary, guarded), { seed, numRuns });
  if (!details.failed) return;
  const found = details.errorInstance;
  const broken = new Error(
    `${found instanceof Error ? found.message : found}\n\nFound in run ${details.numRuns} with INVARIANT_SEED=${seed}, ` +
      `path ${details.counterexamplePath}, shortened ${details.numShrinks} times.`,
  );
  // The story says where. A stack matters only where the machinery itself fell over.
  broken.stack = found instanceof Error && found.name !== 'InvariantBroken' ? found.stack : broken.message;
  throw broken;
}

/** The same values a property would see, to count what happens in them. */
export function sampled<T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] {
  return fc.sample(arbitrary, { seed: FIXED_SEED, numRuns });
}
