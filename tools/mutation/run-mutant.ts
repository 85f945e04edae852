import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Cell } from '@ton/core';
import { type ContractName, compileOne, contractNames, projectRoot, sourceOf } from '../compile-contracts';
import { runSpecs, type SpecRun } from '../contract-tests';
import { graft } from './graft';
import type { Mutant } from './mutants';
import type { Target } from './targets';

export type Codes = Readonly<Record<ContractName, Cell>>;

export type Verdict =
  | { verdict: 'killed'; by: string }
  | { verdict: 'survived' }
  /** The compiler makes the same code of it. */
  | { verdict: 'same code' }
  | { verdict: 'does not compile' };

/** What is known of a test file from the run on unchanged behaviour. */
export interface KnownSpec {
  spec: string;
  seconds: number;
  contracts: ContractName[];
}

/** Options of a Jest run whose tests see `codes` as the code of this project's contracts. */
export async function withCodes<T>(
  codes: Codes,
  use: (run: Pick<SpecRun, 'env' | 'config'>) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'cocoon-mutant-'));
  const file = path.join(dir, 'code.json');
  const entry = (code: Cell) => ({ hash: code.hash().toString('hex'), boc: code.toBoc().toString('base64') });
  writeFileSync(file, JSON.stringify(Object.fromEntries(contractNames.map((name) => [name, entry(codes[name])]))));
  try {
    return await use({
      env: { COCOON_MUTANT: file },
      config: { moduleNameMapper: { '(^|/)generated/code$': '<rootDir>/tools/mutation/mutated-code.ts' } },
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Files that a source imports, itself included, as paths relative to contracts/.
 * @param stopAt files that are not looked into
 */
export function importsOf(
  file: string,
  sources: ReadonlyMap<string, Buffer>,
  stopAt: readonly string[] = [],
): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const content = sources.get(name);
    if (content === undefined || found.has(name) || stopAt.includes(name)) return;
    found.add(name);
    for (const [, target] of content.toString('utf8').matchAll(/^\s*import\s+"(\.[^"]+)"/gm)) {
      const joined = path.posix.join(path.posix.dirname(name), target!);
      visit(joined.endsWith('.tact') ? joined : `${joined}.tact`);
    }
  };
  visit(file);
  return found;
}

/** Those of `names` whose code changes with `file`. */
export function contractsOf(
  file: string,
  sources: ReadonlyMap<string, Buffer>,
  names: readonly ContractName[],
): ContractName[] {
  return names.filter((name) => importsOf(sourceOf(name), sources).has(file));
}

/** Those of `names` that are made of `file` themselves, not only through another one's code that they carry. */
export function ownersOf(
  file: string,
  sources: ReadonlyMap<string, Buffer>,
  names: readonly ContractName[],
): ContractName[] {
  return names.filter((name) => {
    const others = names.filter((other) => other !== name).map(sourceOf);
    return importsOf(sourceOf(name), sources, others).has(file);
  });
}

/**
 * Cheap and specific first: what killed it before, what bears the name of a contract that the mutant is in (and there, what is about
 * the same exit code), then by duration.
 * @param contracts whose code is another
 * @param owners those of them that the mutated source belongs to
 * @param isAbout whether a test file names what the mutant is about
 */
export function orderSpecs(
  known: readonly KnownSpec[],
  contracts: readonly ContractName[],
  killer?: string,
  owners: readonly ContractName[] = contracts,
  isAbout: (spec: string) => boolean = () => false,
): string[] {
  const rank = ({ spec }: KnownSpec): number => {
    if (killer?.startsWith(spec)) return 0;
    if (!owners.some((name) => path.basename(spec).startsWith(name))) return 3;
    return isAbout(spec) ? 1 : 2;
  };
  return known
    .filter((entry) => entry.contracts.some((name) => contracts.includes(name)))
    .sort((a, b) => rank(a) - rank(b) || a.seconds - b.seconds)
    .map(({ spec }) => spec);
}

/** The tests' name of the exit code that a guard throws, itself or the function that it is a call of; null: it throws none. */
export function exitCodeIn(id: string, sources: ReadonlyMap<string, Buffer>): string | null {
  let constant = /\bERR_(\w+)/.exec(id)?.[1];
  const called = / › drop guard › (?:self\.)?(require\w+)\(/.exec(id)?.[1];
  for (const content of called === undefined || constant !== undefined ? [] : sources.values()) {
    constant ??= new RegExp(`fun ${called}\\([^}]*?\\bERR_(\\w+)`).exec(content.toString('utf8'))?.[1];
  }
  return constant?.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) ?? null;
}

export interface Surroundings {
  sources: ReadonlyMap<string, Buffer>;
  codes: Codes;
  specs: readonly KnownSpec[];
  target: Target;
}

/** Seconds that the tests of one mutant may take. */
const TIMEOUT = 900;

export async function runMutant(mutant: Mutant, around: Surroundings, killer?: string): Promise<Verdict> {
  const mutated = new Map(around.sources).set(mutant.file, Buffer.from(mutant.source));
  const codes: Record<ContractName, Cell> = { ...around.codes };
  const changed: ContractName[] = [];
  const owners = ownersOf(mutant.file, around.sources, around.target.contracts);
  const replaced = new Map<string, Cell>();
  // Those that carry another's code come after it.
  for (const name of contractsOf(mutant.file, around.sources, around.target.contracts)) {
    let code: Cell;
    try {
      code = owners.includes(name)
        ? Cell.fromBoc(await compileOne(name, mutated, { quiet: true }))[0]!
        : graft(codes[name], replaced);
    } catch {
      return { verdict: 'does not compile' };
    }
    if (code.equals(codes[name])) continue;
    replaced.set(codes[name].hash().toString('hex'), code);
    codes[name] = code;
    changed.push(name);
  }
  if (changed.length === 0) return { verdict: 'same code' };
  const code = exitCodeIn(mutant.id, around.sources);
  const isAbout = (spec: string) => code !== null && readFileSync(path.join(projectRoot, spec), 'utf8').includes(code);
  const specs = orderSpecs(around.specs, changed, killer, owners, isAbout);
  const results = await withCodes(codes, (run) =>
    runSpecs({
      specs,
      env: { ...run.env, COCOON_SPEC_ORDER: JSON.stringify(specs) },
      config: {
        ...run.config,
        bail: 1,
        testEnvironment: '<rootDir>/tools/mutation/first-failure.cjs',
        testSequencer: '<rootDir>/tools/mutation/given-order.cjs',
        setupFiles: ['<rootDir>/tools/mutation/quick-failure.ts'],
      },
      args: ['--runInBand'],
      timeout: TIMEOUT,
    }),
  );
  if (results === 'timeout') return { verdict: 'killed', by: `(tests did not end in ${TIMEOUT} s)` };
  const failed = results.find(({ passed }) => !passed);
  return failed === undefined
    ? { verdict: 'survived' }
    : { verdict: 'killed', by: `${failed.spec} › ${failed.failure ?? ''}` };
}
