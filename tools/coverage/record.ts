/**
 * Loaded by Jest into every test file of a recording run (`setupFilesAfterEnv`), never otherwise: notes which
 * instructions of which code cells the emulator executes, whichever way the test reaches it, and writes them to one file per
 * test file when that ends.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Executor } from '@ton/sandbox';

/** Offsets in bits of the instructions executed, by hash of their cell in lower-case hex. */
export type Executed = Record<string, number[]>;

export interface Recording {
  /** Path of the test file from the project's root. */
  spec: string;
  executed: Executed;
}

const dir = process.env.COCOON_RECORD_DIR;
if (dir === undefined)
  throw new Error('COCOON_RECORD_DIR is not set: record.ts belongs to `npm run coverage:contracts`');

const seen = new Map<string, Set<number>>();

function note(log: string): void {
  for (const [, hash, offset] of log.matchAll(/code cell hash: ?([0-9A-Fa-f]{64}) offset: ?(\d+)/g)) {
    const offsets = seen.get(hash!);
    if (offsets === undefined) seen.set(hash!, new Set([Number(offset)]));
    else offsets.add(Number(offset));
  }
}

// Logs are dropped once read unless the test asked for them: the chain keeps every transaction for ever.
const { runTransaction, runGetMethod } = Executor.prototype;
Executor.prototype.runTransaction = async function (args) {
  const answer = await runTransaction.call(this, { ...args, verbosity: 'full_location' });
  const { result } = answer;
  note(result.success ? result.vmLog : (result.vmResults?.vmLog ?? ''));
  if (args.verbosity === 'short' && result.success) result.vmLog = '';
  return answer;
};
Executor.prototype.runGetMethod = async function (args) {
  const answer = await runGetMethod.call(this, { ...args, verbosity: 'full_location' });
  if (answer.output.success) note(answer.output.vm_log);
  return answer;
};

afterAll(() => {
  const spec = path.relative(path.resolve(__dirname, '../..'), expect.getState().testPath!);
  const executed: Executed = {};
  for (const [hash, offsets] of seen) executed[hash.toLowerCase()] = [...offsets].sort((a, b) => a - b);
  mkdirSync(dir, { recursive: true });
  const recording: Recording = { spec, executed };
  writeFileSync(path.join(dir, `${spec.replace(/\W+/g, '-')}.json`), JSON.stringify(recording));
});
