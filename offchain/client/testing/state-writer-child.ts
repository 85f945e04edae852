import { StateWriter } from '../state-file';

/** Writes growing states as fast as it can until it is killed; says each one that has reached the disk. */
async function main(file: string): Promise<void> {
  const writer = new StateWriter<{ count: number; padding: string }>(file, (error) => {
    throw error;
  });
  for (let count = 1; ; count++) {
    writer.put({ count, padding: 'x'.repeat(20_000) });
    await writer.flush();
    process.stdout.write(`${count}\n`);
  }
}

main(process.argv[2] as string).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
