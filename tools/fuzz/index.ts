import { parseArgs } from 'node:util';
import { TARGETS, type Target } from './corpus';
import { fuzz } from './fuzz';

/** `npm run fuzz -- --target workers|clients|sidecar --count N [--seed S]`; see README.md. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { target: { type: 'string' }, count: { type: 'string' }, seed: { type: 'string' } },
  });
  const target = values.target as Target | undefined;
  if (!target || !TARGETS.includes(target)) throw new Error(`--target must be one of ${TARGETS.join(', ')}`);
  const count = Number(values.count ?? 10_000);
  const seed = Number(values.seed ?? 1);
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
    throw new Error('--count and --seed are whole numbers');
  }
  let shown = 0;
  const onProgress = (attacks: number): void => {
    if (attacks - shown < 10_000) return;
    shown = attacks;
    console.error(`${attacks} of ${count}`);
  };
  const { attacks, frames, seconds, before, after, bystanders } = await fuzz({ target, count, seed, onProgress });
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const kinds = Object.entries(attacks).map(([kind, number]) => `${number} ${kind}`);
  console.log(`${target}, seed ${seed}: no crash`);
  console.log(`  attacks: ${kinds.join(', ')}; ${frames} frames; ${seconds.toFixed(0)} s`);
  console.log(
    `  heap ${mib(before.heapBytes)} → ${mib(after.heapBytes)}, rss ${mib(before.rssBytes)} → ${mib(after.rssBytes)}`,
  );
  console.log(`  sessions left: ${after.peers}, of which bystanders: ${bystanders.length}`);
  for (const { pings, slowestMs } of bystanders) {
    console.log(`  bystander: ${pings} pings, slowest ${slowestMs.toFixed(0)} ms`);
  }
  for (const [text, times] of Object.entries(after.errors)) console.log(`  logged ${times} times: ${text}`);
}

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exit(1);
});
