import { parseArgs } from 'node:util';
import { compileContracts, networkContractNames, readSources } from './compile-contracts';
import { measureBaseline } from './mutation/baseline';
import { type Mutant, mutantsOf } from './mutation/mutants';
import {
  complaints,
  type Group,
  type MutantResult,
  type MutationReport,
  makeReport,
  renderReadme,
  resultOf,
} from './mutation/report';
import { type Codes, contractsOf, runMutant, type Surroundings, type Verdict } from './mutation/run-mutant';
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

const usage = `usage: npm run mutate [-- OPTIONS]
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
    const groups: readonly string[] = [...networkContractNames, 'common'];
    if (values.contract !== undefined && !groups.includes(values.contract)) {
      throw new Error(`unknown contract ${values.contract}: one of ${groups.join(', ')}`);
    }
    const [max, jobs] = [Number(values.max), Number(values.jobs)];
    if (!(max >= 0) || !(jobs >= 1)) throw new Error('--max and --jobs take a number');
    return { ...values, max, jobs };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

function allMutants(sources: ReadonlyMap<string, Buffer>): Candidate[] {
  return [...sources].flatMap(([file, content]) => {
    const users = contractsOf(file, sources);
    if (users.length === 0) return [];
    const group = users.length === 1 ? users[0]! : ('common' as const);
    return mutantsOf(file, content.toString('utf8')).map((mutant) => ({ ...mutant, group }));
  });
}

const hashes = (codes: Codes, names: readonly (keyof Codes)[] = networkContractNames) =>
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
      const of = hashes(around.codes, contractsOf(mutant.file, around.sources));
      state.verdicts[mutant.id] = { ...ran, of, tests };
      writeState(state);
      done++;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${done}/${todo.length} ${ran.verdict.padEnd(9)} ${seconds.padStart(5)} s  ${mutant.id}`);
      if (ran.verdict === 'killed') console.log(`    by ${ran.by}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

/** The guards first: they are what a run is asked for when there is no time for all. */
function rank({ id }: Pick<Candidate, 'id'>): number {
  if (id.includes(' › drop guard › ')) return 0;
  return id.includes(' › drop assignment › ') ? 1 : 2;
}

async function main(): Promise<void> {
  // The compiler's WebAssembly parts add listeners each time they start, and a run starts them hundreds of times.
  process.setMaxListeners(0);
  const options = readOptions();
  const sources = readSources();
  const mutants = allMutants(sources);
  const chosen = mutants.filter(({ group }) => options.contract === undefined || group === options.contract);
  if (options.list) {
    for (const { id } of chosen) console.log(id);
    console.log(`${chosen.length} mutants`);
    return;
  }
  const codes = await compileContracts();
  const equivalents = readEquivalents();
  if (options.check) return check(mutants, codes);

  const tests = testsFingerprint();
  const state: State = options.fresh ? { verdicts: {} } : readState();
  if (options.changed) adoptCommitted(state, readReport(), tests);
  const isKnown = ({ id, file }: Candidate, known: Known | undefined = state.verdicts[id]): boolean =>
    known !== undefined &&
    same(known.of, hashes(codes, contractsOf(file, sources))) &&
    (known.verdict !== 'survived' || known.tests === tests || equivalents.some(({ mutant }) => mutant === id));
  const todo = chosen
    .filter((mutant) => !isKnown(mutant))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, options.max);

  const key = JSON.stringify([tests, hashes(codes)]);
  if (todo.length > 0 && state.baseline?.key !== key) {
    console.log('running the tests once on a control, to learn which of them execute which contract …');
    state.baseline = { key, ...(await measureBaseline(sources, codes)) };
    writeState(state);
  }
  console.log(`${chosen.length} mutants, ${todo.length} to run`);
  await runAll(todo, state, { sources, codes, specs: state.baseline?.specs ?? [] }, options.jobs, tests);

  const results: MutantResult[] = mutants
    .filter((mutant) => isKnown(mutant))
    .map(({ id, group }) => resultOf(id, group, state.verdicts[id]!, equivalents));
  const report = makeReport(hashes(codes), results);
  const survivors = results.filter(({ verdict }) => verdict === 'survived');
  for (const { mutant } of survivors) console.log(`survived: ${mutant}`);
  console.log(`${results.length} of ${mutants.length} mutants judged, ${survivors.length} survive`);
  if (options.write) {
    writeReport(
      report,
      renderReadme(report, mutants.length - results.length, equivalents, state.baseline?.pinning ?? []),
    );
    console.log('wrote bench/mutation/result.json and README.md');
  }
  process.exitCode = survivors.length > 0 ? 1 : 0;
}

function check(mutants: readonly Candidate[], codes: Codes): void {
  const report = readReport();
  if (report === undefined) throw new Error('bench/mutation/result.json is missing; run `npm run mutate -- --write`');
  const present = { mutants: mutants.map(({ id }) => id), codes: hashes(codes) };
  const wrong = complaints(report, present, readEquivalents(), (id) => rank({ id }) < 2);
  if (wrong.length > 0) {
    const list = wrong.map((line) => `  ${line}`).join('\n');
    throw new Error(`bench/mutation is not of these sources; run \`npm run mutate -- --changed --write\`:\n${list}`);
  }
  console.log(`mutation: ${report.mutants.length} mutants as committed, none survives`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
