import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ContractName, projectRoot } from '../compile-contracts';
import type { Baseline } from './baseline';
import type { Equivalent, MutationReport } from './report';
import type { Verdict } from './run-mutant';

const benchDir = path.join(projectRoot, 'bench/mutation');
const stateFile = path.join(projectRoot, 'build/mutation/state.json');

export type Known = Verdict & {
  /** Code hash of each contract that the mutated file is part of. */
  of: Partial<Record<ContractName, string>>;
  /** Fingerprint of the tests: a survivor may die of new ones. */
  tests: string;
};

export interface State {
  baseline?: Baseline & { key: string };
  verdicts: Record<string, Known>;
}

export function readState(): State {
  return existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as State) : { verdicts: {} };
}

/** Written aside and renamed: a run that is stopped here leaves the former state. */
export function writeState(state: State): void {
  mkdirSync(path.dirname(stateFile), { recursive: true });
  writeFileSync(`${stateFile}.new`, JSON.stringify(state));
  renameSync(`${stateFile}.new`, stateFile);
}

export function readReport(): MutationReport | undefined {
  const file = path.join(benchDir, 'result.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MutationReport) : undefined;
}

export function writeReport(report: MutationReport, readme: string): void {
  mkdirSync(benchDir, { recursive: true });
  writeFileSync(path.join(benchDir, 'result.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(path.join(benchDir, 'README.md'), readme);
}

export function readEquivalents(): Equivalent[] {
  const file = path.join(benchDir, 'equivalent.json');
  if (!existsSync(file)) return [];
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Equivalent[];
  for (const { mutant, reason } of entries) {
    if (typeof mutant !== 'string' || typeof reason !== 'string' || reason.length < 10) {
      throw new Error(`equivalent.json: each entry needs "mutant" and a "reason"; look at ${JSON.stringify(mutant)}`);
    }
  }
  return entries;
}

/** What decides the outcome of a test of the contracts, other than the contracts. */
const TEST_DIRS = [
  ...['tests/contracts', 'tests/flows', 'tests/guarantees', 'tests/fees'],
  ...['tests/support', 'tests/fixtures', 'wrappers'],
];

export function testsFingerprint(): string {
  const hash = createHash('sha256');
  for (const dir of TEST_DIRS.filter((name) => existsSync(path.join(projectRoot, name)))) {
    const files = readdirSync(path.join(projectRoot, dir), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(?:ts|json)$/.test(name)).sort()) {
      hash.update(`${dir}/${file}\0`).update(readFileSync(path.join(projectRoot, dir, file)));
    }
  }
  return hash.digest('hex').slice(0, 32);
}
