import { type ContractName, daoContractNames, networkContractNames } from '../compile-contracts';
import { contractSpecs } from '../contract-tests';
import { isSenderGuard, namedMutants } from './dao-mutants';
import { type Mutant, mutantsOf } from './mutants';

/** A set of contracts that is mutated, the tests that judge it, and where the result is kept. */
export interface Target {
  name: 'network' | 'dao';
  contracts: readonly ContractName[];
  /** Test files, from the project's root. */
  specs(): string[];
  /** What else than the contracts decides the outcome of those tests. */
  testDirs: readonly string[];
  /** Every mutant of the sources as they are. */
  mutants(sources: ReadonlyMap<string, Buffer>): Mutant[];
  /** Must have been run for the committed result to stand: told of the mutants' names. */
  isRequired(id: string): boolean;
  /** In bench/mutation. */
  files: { result: string; equivalents: string; readme: string };
  /** What the committed result always has, for its reader. */
  promise: string;
}

const isGuard = (id: string) => id.includes(' › drop guard › ');
const isAssignment = (id: string) => id.includes(' › drop assignment › ');

const mutantsUnder = (sources: ReadonlyMap<string, Buffer>, isIn: (file: string) => boolean): Mutant[] =>
  [...sources].flatMap(([file, content]) => (isIn(file) ? mutantsOf(file, content.toString('utf8')) : []));

const network: Target = {
  name: 'network',
  contracts: networkContractNames,
  specs: contractSpecs,
  testDirs: [
    ...['tests/contracts', 'tests/flows', 'tests/guarantees', 'tests/fees'],
    ...['tests/support', 'tests/fixtures', 'wrappers'],
  ],
  mutants: (sources) => mutantsUnder(sources, (file) => !file.startsWith('dao/')),
  isRequired: (id) => isGuard(id) || isAssignment(id),
  files: { result: 'result.json', equivalents: 'equivalent.json', readme: 'README.md' },
  promise: 'has every mutant that drops a guard or an assignment',
};

const dao: Target = {
  name: 'dao',
  contracts: daoContractNames,
  // The model's random histories take minutes and come across a place by chance.
  specs: () => contractSpecs().filter((spec) => spec.startsWith('tests/dao/') && !spec.startsWith('tests/dao/model/')),
  testDirs: ['tests/dao', 'tests/support', 'tests/fixtures', 'wrappers'],
  // What the DAO's contracts share with the network's is the network's to prove.
  mutants: (sources) => [...namedMutants(sources), ...mutantsUnder(sources, (file) => file.startsWith('dao/'))],
  isRequired: (id) => isGuard(id) || id.startsWith('named › '),
  files: { result: 'dao.json', equivalents: 'dao-equivalent.json', readme: 'dao.md' },
  promise: "has every mutant that drops a guard, and those on the DAO's own list (`tools/mutation/dao-mutants.ts`)",
};

export const targets = { network, dao } as const;

/** The named and the senders' first, then the guards: they are what a run is asked for when there is no time for all. */
export function rank(id: string): number {
  if (id.startsWith('named › ')) return 0;
  if (isGuard(id)) return isSenderGuard(id) ? 1 : 2;
  return isAssignment(id) ? 3 : 4;
}
