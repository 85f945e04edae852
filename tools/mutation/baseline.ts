import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Cell } from '@ton/core';
import { type ContractName, compileOne } from '../compile-contracts';
import { runSpecs } from '../contract-tests';
import type { Recording } from '../coverage/record';
import { type Codes, type KnownSpec, withCodes } from './run-mutant';
import type { Target } from './targets';

export interface Baseline {
  specs: KnownSpec[];
  /** Test files that fail on other code of the same behaviour: they pin the code, so to fail on a mutant says nothing. */
  pinning: string[];
}

/** Codes that behave as ours and yet are others: they answer one get method more, as every Tact contract may. */
async function controlCodes(sources: ReadonlyMap<string, Buffer>, codes: Codes, target: Target): Promise<Codes> {
  const entries: [ContractName, Cell][] = [];
  for (const name of target.contracts) {
    const boc = await compileOne(name, sources, { options: { interfacesGetter: true } });
    entries.push([name, Cell.fromBoc(boc)[0]!]);
  }
  return { ...codes, ...Object.fromEntries(entries) };
}

/**
 * Runs every test of the contracts once, on a control: shows that the tests see the code they are given, how long each file
 * takes and which contracts it executes. Throws when a test fails that does not fail for the control's sake.
 */
export async function measureBaseline(
  sources: ReadonlyMap<string, Buffer>,
  codes: Codes,
  target: Target,
): Promise<Baseline> {
  const control = await controlCodes(sources, codes, target);
  for (const name of target.contracts) {
    if (control[name].equals(codes[name])) throw new Error(`the control of ${name} has the same code: no control`);
  }
  const dir = mkdtempSync(path.join(os.tmpdir(), 'cocoon-baseline-'));
  try {
    const results = await withCodes(control, (run) =>
      runSpecs({
        specs: target.specs(),
        env: { ...run.env, COCOON_RECORD_DIR: dir },
        config: { ...run.config, setupFilesAfterEnv: ['<rootDir>/tools/coverage/record.ts'] },
        args: ['--maxWorkers=1'],
      }),
    );
    if (results === 'timeout') throw new Error('the tests did not end');
    const pinning = results.filter(({ passed }) => !passed).map(({ spec }) => spec);
    await assertPass(pinning, codes);
    const executed = new Map<string, Recording['executed']>();
    for (const file of readdirSync(dir)) {
      const recording = JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as Recording;
      executed.set(recording.spec, recording.executed);
    }
    const runs = (spec: string, name: ContractName) => control[name].hash().toString('hex') in executed.get(spec)!;
    const specs = results
      .filter(({ passed, spec }) => passed && executed.has(spec))
      .map(({ spec, seconds }) => ({
        spec,
        seconds,
        contracts: target.contracts.filter((name) => runs(spec, name)),
      }));
    return { specs, pinning };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function assertPass(specs: readonly string[], codes: Codes): Promise<void> {
  if (specs.length === 0) return;
  const results = await withCodes(codes, (run) => runSpecs({ specs, ...run, args: ['--maxWorkers=1'] }));
  const failed = results === 'timeout' ? specs.map((spec) => ({ spec, failure: 'did not end' })) : results;
  const broken = failed.filter((result) => !('passed' in result && result.passed));
  if (broken.length > 0) {
    const list = broken.map(({ spec, failure }) => `  ${spec}: ${failure}`).join('\n');
    throw new Error(`A mutant is judged by tests that pass without it; make these pass first:\n${list}`);
  }
}
