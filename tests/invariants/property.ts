import path from 'node:path';
import fc from 'fast-check';

/**
 * Runs a property with a fixed seed, so that everybody sees the same, and with one that nobody has tried. A failure shows
 * the shortest story found and a line that plays it alone; INVARIANT_SEED=… plays the random part again, INVARIANT_RUNS=…
 * asks for more runs of each.
 */
export async function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const total = Number(process.env.INVARIANT_RUNS ?? runs);
  for (const seed of [FIXED_SEED, freshSeed()]) await holdsFor(seed, Math.ceil(total / 2), arbitrary, property);
}

export const FIXED_SEED = 20_260_601;

/** One that nobody has tried, unless somebody wants to see it again. */
export function freshSeed(): number {
  return Number(process.env.INVARIANT_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** Long enough to find a short story, short enough for a person to wait for it. */
const SHRINKING_MS = 60_000;

/** The same with this seed alone; INVARIANT_PATH=… plays one story, with whichever seed INVARIANT_SEED says. */
export async function holdsFor<T>(
  planned: number,
  numRuns: number,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  const replayed = process.env.INVARIANT_PATH;
  const seed = replayed === undefined ? planned : freshSeed();
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
  const again = replayed === undefined ? {} : { path: replayed, endOnFailure: true };
  const details = await fc.check(fc.asyncProperty(arbitrary, guarded), { seed, numRuns, ...again });
  if (!details.failed) return;
  const found = details.errorInstance;
  const broken = new Error(
    `${found instanceof Error ? found.message : found}\n\nFound in run ${details.numRuns}, shortened ${details.numShrinks} ` +
      `times. Once more: INVARIANT_SEED=${seed} INVARIANT_PATH=${details.counterexamplePath} npx jest ${thisTest()}`,
  );
  // The story says where. A stack matters only where the machinery itself fell over.
  broken.stack = found instanceof Error && found.name !== 'InvariantBroken' ? found.stack : broken.message;
  throw broken;
}

/** The running test, as Jest's command line wants it. */
function thisTest(): string {
  const { testPath = '', currentTestName = '' } = expect.getState();
  return `${path.relative(process.cwd(), testPath)} -t ${JSON.stringify(currentTestName)}`;
}

/** The same values a property would see, to count what happens in them. */
export function sampled<T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] {
  return fc.sample(arbitrary, { seed: FIXED_SEED, numRuns });
}
