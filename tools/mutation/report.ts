import { type ContractName, contractNames, contractTitle } from '../compile-contracts';
import type { Verdict } from './run-mutant';
import type { Target } from './targets';

export type Group = ContractName | 'common';

export const verdicts = ['killed', 'survived', 'equivalent', 'same code', 'does not compile'] as const;
export type VerdictName = (typeof verdicts)[number];

export interface MutantResult {
  mutant: string;
  group: Group;
  verdict: VerdictName;
  /** The test that failed; only of a killed one. */
  by?: string;
}

export interface MutationReport {
  /** Hash of the code that the mutants were made from. */
  codes: Partial<Record<ContractName, string>>;
  totals: Partial<Record<Group, Record<VerdictName, number>>>;
  mutants: MutantResult[];
}

/** An entry of equivalent.json: a mutant that no test can kill, and why. */
export interface Equivalent {
  mutant: string;
  reason: string;
}

/** What the report says of a mutant, given what its run showed. Throws when a test kills one that is listed as equivalent. */
export function resultOf(mutant: string, group: Group, ran: Verdict, equivalents: readonly Equivalent[]): MutantResult {
  const listed = equivalents.some((entry) => entry.mutant === mutant);
  if (ran.verdict === 'killed') {
    if (listed) {
      throw new Error(`the list of equivalents has a mutant that a test kills; take it out:\n  ${mutant}\n  ${ran.by}`);
    }
    return { mutant, group, verdict: 'killed', by: ran.by };
  }
  return { mutant, group, verdict: listed && ran.verdict === 'survived' ? 'equivalent' : ran.verdict };
}

export function makeReport(codes: MutationReport['codes'], mutants: MutantResult[]): MutationReport {
  const totals: MutationReport['totals'] = {};
  for (const group of [...contractNames, 'common' as const]) {
    const own = mutants.filter((result) => result.group === group);
    const count = (name: VerdictName) => own.filter(({ verdict }) => verdict === name).length;
    if (own.length > 0) {
      totals[group] = Object.fromEntries(verdicts.map((name) => [name, count(name)])) as Record<VerdictName, number>;
    }
  }
  return { codes, totals, mutants };
}

const atMost = (list: readonly string[], limit = 10): string =>
  [...list.slice(0, limit), ...(list.length > limit ? [`… and ${list.length - limit} more`] : [])]
    .map((line) => `\n    ${line}`)
    .join('');

/**
 * What is wrong with the committed report, one complaint per entry; none when it stands for the present sources.
 * @param required which mutants must have been run
 */
export function complaints(
  report: MutationReport,
  present: { mutants: readonly string[]; codes: MutationReport['codes'] },
  equivalents: readonly Equivalent[],
  required: (mutant: string) => boolean = () => true,
): string[] {
  const found: string[] = [];
  const known = new Set(report.mutants.map(({ mutant }) => mutant));
  const now = new Set(present.mutants);
  const missing = present.mutants.filter((id) => required(id) && !known.has(id));
  const gone = [...known].filter((id) => !now.has(id));
  const moved = contractNames.filter((name) => report.codes[name] !== present.codes[name]);
  const alive = report.mutants.filter(({ verdict }) => verdict === 'survived').map(({ mutant }) => mutant);
  const idle = equivalents.filter(
    (entry) => report.mutants.find(({ mutant }) => mutant === entry.mutant)?.verdict !== 'equivalent',
  );
  if (missing.length > 0)
    found.push(`${missing.length} mutants of the present sources were not run:${atMost(missing)}`);
  if (gone.length > 0) found.push(`${gone.length} mutants are of sources that are gone:${atMost(gone)}`);
  if (moved.length > 0) found.push(`the code has changed since the run: ${moved.join(', ')}`);
  if (alive.length > 0) {
    found.push(`${alive.length} mutants survive; write a test that kills them, or say why none can:${atMost(alive)}`);
  }
  if (idle.length > 0) {
    found.push(`the list of equivalents has what is no equivalent mutant:${atMost(idle.map(({ mutant }) => mutant))}`);
  }
  return found;
}

/** @param unknown how many mutants of the present sources have not been run */
export function renderReadme(
  target: Target,
  report: MutationReport,
  unknown: number,
  equivalents: readonly Equivalent[],
  pinning: readonly string[],
): string {
  const rows = (Object.entries(report.totals) as [Group, Record<VerdictName, number>][]).map(([group, counts]) => {
    const all = verdicts.reduce((sum, name) => sum + counts[name], 0);
    const title = group === 'common' ? 'shared by several' : contractTitle(group);
    return `| ${[title, all, ...verdicts.map((name) => counts[name])].join(' | ')} |`;
  });
  const list = (verdict: VerdictName) =>
    report.mutants.filter((result) => result.verdict === verdict).map(({ mutant }) => `- \`${mutant}\``);
  const survivors = list('survived');
  const reasons = equivalents.map(({ mutant, reason }) => `- \`${mutant}\`: ${reason}`);
  const [title, flag] = target.name === 'dao' ? ["DAO's contracts", ' --dao'] : ['contracts', ''];
  return `# Mutation run of the ${title}

Written by \`npm run mutate --${flag} --write\`. Each mutant is the contracts with one mistake made on purpose; a test must fail. \`npm run mutate\`
resumes where it was stopped, \`--changed\` starts from the committed result. \`--check\` (in CI) asks whether the result is of the present
sources, ${target.promise}, and no survivor without a reason. Which test kills which mutant is in \`${target.files.result}\`.

| source | mutants | ${verdicts.join(' | ')} |
|---|---:${'|---:'.repeat(verdicts.length)}|
${rows.join('\n')}
${unknown > 0 ? `\n**Not complete: ${unknown} more mutants have not been run.**\n` : ''}
Survivors:

${survivors.length > 0 ? survivors.join('\n') : 'none.'}

Survivors with a reason (\`${target.files.equivalents}\`): no test can tell them from the original, or it is said why none does.

${reasons.length > 0 ? reasons.join('\n') : 'none.'}

Left out, because they compare the code itself: ${pinning.map((spec) => `\`${spec}\``).join(', ') || 'none'}.
`;
}
