import { parseArgs } from 'node:util';
import { compileContracts, readSources } from './compile-contracts';
import { measureBaseline } from './mutation/baseline';
import type { Mutant } from './mutation/mutants';
import {
  complaints,
  type Group,
  type MutantResult,
  type MutationReport,
  makeReport,
  renderReadme,
  resultOf,
} from './mutation/report';
import { type Codes, contractsOf, ownersOf, runMutant, type Surroundings, type Verdict } from './mutation/run-mutant';
import {
  type Known,
  readEquivalents,
  readReport,
  readState,
  type State,
  testsFingerprint,
  writeReport,
  writeState,
} from './mutation/store';
import { rank, type Target, targets } from './mutation/targets';

const usage = `usage: npm run mutate [-- OPTIONS]
  --dao            the DAO's contracts, judged by tests/dao; without it those of the network
  --contract NAME  mutants of this contract's own sources only; \`common\`: of what several share
  --changed        trust the committed result where the code is the same, and run the rest
  --fresh          forget what earlier runs in this checkout found
  --max N          stop after N mutants; the next run goes on from there
  --jobs N         mutants at a time (default 1)
  --list           print the mutants and run nothing
  --write          write bench/mutation, of all that is known
  --check          run nothing: does bench/mutation stand for the present sources?`;

interface Candidate extends Mutant {
  group: Group;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        dao: { type: 'boolean', default: false },
        contract: { type: 'string' },
        changed: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        max: { type: 'string', default: 'Infinity' },
        jobs: { type: 'string', default: '1' },
        list: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
      },
    });
    const target: Target = values.dao ? targets.dao : targets.network;
    const groups: readonly string[] = [...target.contracts, 'common'];
    if (values.contract !== undefined && !groups.includes(values.contract)) {
      throw new Error(`unknown contract ${values.contract}: one of ${groups.join(', ')}`);
    }
    const [max, jobs] = [Number(values.max), Number(values.jobs)];
    if (!(max >= 0) || !(jobs >= 1)) throw new Error('--max and --jobs take a number');
    return { ...values, max, jobs, target };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

function allMutants(target: Target, sources: ReadonlyMap<string, Buffer>): Candidate[] {
  return target.mutants(sources).flatMap((mutant) => {
    const owners = ownersOf(mutant.file, sources, target.contracts);
    if (owners.length === 0) return [];
    return [{ ...mutant, group: owners.length === 1 ? owners[0]! : ('common' as const) }];
  });
}

const hashes = (codes: Codes, names: readonly (keyof Codes)[]) =>
  Object.fromEntries(names.map((name) => [name, codes[name].hash().toString('hex')])) as MutationReport['codes'];

const same = (a: MutationReport['codes'], b: MutationReport['codes']) =>
  (Object.keys(b) as (keyof typeof b)[]).every((name) => a[name] === b[name]);

/** Adds what the committed result says of mutants whose code is still the same. */
function adoptCommitted(state: State, report: MutationReport | undefined, tests: string): void {
  for (const { mutant, verdict, by } of report?.mutants ?? []) {
    if (state.verdicts[mutant] !== undefined) continue;
    const ran = (verdict === 'killed' ? { verdict, by } : { verdict }) as Verdict | { verdict: 'equivalent' };
    // A survivor is run again: there may be a test for it by now.
    if (ran.verdict === 'survived') continue;
    const known: Verdict = ran.verdict === 'equivalent' ? { verdict: 'survived' } : ran;
    state.verdicts[mutant] = { ...known, of: report!.codes, tests };
  }
}

async function runAll(todo: readonly Candidate[], state: State, around: Surroundings, jobs: number, tests: string) {
  const queue = [...todo];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const former = state.verdicts[mutant.id];
      const started = Date.now();
      const ran = await runMutant(mutant, around, former?.verdict === 'killed' ? former.by : undefined);
      const of = hashes(around.codes, contractsOf(mutant.file, around.sources, around.target.contracts));
      state.verdicts[mutant.id] = { ...ran, of, tests };
      writeState(around.target, state);
      done++;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${done}/${todo.length} ${ran.verdict.padEnd(9)} ${seconds.padStart(5)} s  ${mutant.id}`);
      if (ran.verdict === 'killed') console.log(`    by ${ran.by}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

async function main(): Promise<void> {
  // The compiler's WebAssembly parts add listeners each time they start, and a run starts them hundreds of times.
  process.setMaxListeners(0);
  const { target, ...options } = readOptions();
  const names = target.contracts;
  const sources = readSources();
  const mutants = allMutants(target, sources);
  const chosen = mutants.filter(({ group }) => options.contract === undefined || group === options.contract);
  if (options.list) {
    for (const { id } of chosen) console.log(id);
    console.log(`${chosen.length} mutants`);
    return;
  }
  const codes = await compileContracts();
  const equivalents = readEquivalents(target);
  if (options.check) return check(target, mutants, codes);

  const tests = testsFingerprint(target);
  const state: State = options.fresh ? { verdicts: {} } : readState(target);
  if (options.changed) adoptCommitted(state, readReport(target), tests);
  const isKnown = ({ id, file }: Candidate, known: Known | undefined = state.verdicts[id]): boolean =>
    known !== undefined &&
    same(known.of, hashes(codes, contractsOf(file, sources, names))) &&
    (known.verdict !== 'survived' || known.tests === tests || equivalents.some(({ mutant }) => mutant === id));
  const todo = chosen
    .filter((mutant) => !isKnown(mutant))
    .sort((a, b) => rank(a.id) - rank(b.id))
    .slice(0, options.max);

  const key = JSON.stringify([tests, hashes(codes, names)]);
  if (todo.length > 0 && state.baseline?.key !== key) {
    console.log('running the tests once on a control, to learn which of them execute which contract …');
    state.baseline = { key, ...(await measureBaseline(sources, codes, target)) };
    writeState(target, state);
  }
  console.log(`${chosen.length} mutants, ${todo.length} to run`);
  await runAll(todo, state, { sources, codes, specs: state.baseline?.specs ?? [], target }, options.jobs, tests);

  const results: MutantResult[] = mutants
    .filter((mutant) => isKnown(mutant))
    .map(({ id, group }) => resultOf(id, group, state.verdicts[id]!, equivalents));
  const report = makeReport(hashes(codes, names), results);
  const survivors = results.filter(({ verdict }) => verdict === 'survived');
  for (const { mutant } of survivors) console.log(`survived: ${mutant}`);
  console.log(`${results.length} of ${mutants.length} mutants judged, ${survivors.length} survive`);
  if (options.write) {
    writeReport(
      target,
      report,
      renderReadme(target, report, mutants.length - results.length, equivalents, state.baseline?.pinning ?? []),
    );
    console.log(`wrote bench/mutation/${target.files.result} and ${target.files.readme}`);
  }
  process.exitCode = survivors.length > 0 ? 1 : 0;
}

function check(target: Target, mutants: readonly Candidate[], codes: Codes): void {
  const flag = target.name === 'dao' ? ' --dao' : '';
  const report = readReport(target);
  const { result } = target.files;
  if (report === undefined) {
    throw new Error(`bench/mutation/${result} is missing; run \`npm run mutate --${flag} --write\``);
  }
  const present = { mutants: mutants.map(({ id }) => id), codes: hashes(codes, target.contracts) };
  const wrong = complaints(report, present, readEquivalents(target), target.isRequired);
  if (wrong.length > 0) {
    const list = wrong.map((line) => `  ${line}`).join('\n');
    const rerun = `npm run mutate --${flag} --changed --write`;
    throw new Error(`bench/mutation/${result} is not of these sources; run \`${rerun}\`:\n${list}`);
  }
  console.log(`mutation: ${report.mutants.length} mutants as committed in ${result}, none survives`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
