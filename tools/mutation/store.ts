import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ContractName, projectRoot } from '../compile-contracts';
import type { Baseline } from './baseline';
import type { Equivalent, MutationReport } from './report';
import type { Verdict } from './run-mutant';
import type { Target } from './targets';

const benchDir = path.join(projectRoot, 'bench/mutation');
const stateFile = ({ name }: Target) =>
  path.join(projectRoot, 'build/mutation', name === 'network' ? 'state.json' : `${name}-state.json`);

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

export function readState(target: Target): State {
  const file = stateFile(target);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : { verdicts: {} };
}

/** Written aside and renamed: a run that is stopped here leaves the former state. */
export function writeState(target: Target, state: State): void {
  const file = stateFile(target);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

export function readReport({ files }: Target): MutationReport | undefined {
  const file = path.join(benchDir, files.result);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MutationReport) : undefined;
}

export function writeReport({ files }: Target, report: MutationReport, readme: string): void {
  mkdirSync(benchDir, { recursive: true });
  writeFileSync(path.join(benchDir, files.result), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(path.join(benchDir, files.readme), readme);
}

export function readEquivalents({ files }: Target): Equivalent[] {
  const file = path.join(benchDir, files.equivalents);
  if (!existsSync(file)) return [];
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Equivalent[];
  for (const { mutant, reason } of entries) {
    if (typeof mutant !== 'string' || typeof reason !== 'string' || reason.length < 10) {
      throw new Error(
        `${files.equivalents}: each entry needs "mutant" and a "reason"; look at ${JSON.stringify(mutant)}`,
      );
    }
  }
  return entries;
}

export function testsFingerprint({ testDirs }: Target): string {
  const hash = createHash('sha256');
  for (const dir of testDirs.filter((name) => existsSync(path.join(projectRoot, name)))) {
    const files = readdirSync(path.join(projectRoot, dir), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(?:ts|json)$/.test(name)).sort()) {
      hash.update(`${dir}/${file}\0`).update(readFileSync(path.join(projectRoot, dir, file)));
    }
  }
  return hash.digest('hex').slice(0, 32);
}
