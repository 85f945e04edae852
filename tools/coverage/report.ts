import type { Cell } from '@ton/core';
import { opName } from '../../wrappers/generated/opcodes';
import { type ContractName, contractTitle } from '../compile-contracts';
import { type CodeLines, linesOf } from './lines';
import type { Executed } from './record';

export interface ContractCoverage {
  codeHash: string;
  /** Instructions in the disassembled code. */
  lines: number;
  covered: number;
  /** Per cent, two decimals. */
  percent: number;
  /** Instructions that no test executes: where they stand, and the text. */
  uncovered: string[];
}

export type CoverageReport = Partial<Record<ContractName, ContractCoverage>>;

/** Lines below this share of a contract fail the run. */
export const REQUIRED_PERCENT = 95;

/** @param getters method id -> name of the contract's get methods */
export function coverageOf(code: Cell, executed: Executed, getters: ReadonlyMap<number, string>): ContractCoverage {
  const lines = linesOf(code, executed);
  const missing = lines.instructions.filter((line) => !lines.covered.has(line));
  const covered = lines.instructions.length - missing.length;
  return {
    codeHash: code.hash().toString('hex'),
    lines: lines.instructions.length,
    covered,
    percent: Math.floor((covered / lines.instructions.length) * 10_000) / 100,
    uncovered: blocks(missing).map((block) => describe(lines, block, getters)),
  };
}

/** Runs of neighbouring lines. */
function blocks(lines: readonly number[]): number[][] {
  const found: number[][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && line - last.at(-1)! <= 2) last.push(line);
    else found.push([line]);
  }
  return found;
}

function describe({ text }: CodeLines, block: readonly number[], getters: ReadonlyMap<number, string>): string {
  const first = block[0]!;
  const shown = block.slice(0, 8).map((line) => text[line]!.trim());
  const before = text
    .slice(Math.max(0, first - 3), first)
    .map((line) => line.trim())
    .join('; ');
  const more = block.length > shown.length ? `; … ${block.length - shown.length} more` : '';
  return `${placeOf(text, first, getters)}: after \`${before}\`: ${shown.join('; ')}${more}`;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The receivers and get methods around a line, as far as opcodes and method ids tell, outermost first. */
function placeOf(text: readonly string[], line: number, getters: ReadonlyMap<number, string>): string {
  const names: string[] = [];
  let indent = indentOf(text[line]!);
  for (let i = line - 1; i >= 0 && indent > 0; i--) {
    if (text[i]!.trim() === '' || indentOf(text[i]!) >= indent) continue;
    indent = indentOf(text[i]!);
    const method = /^\s*(\d+) => \{/.exec(text[i]!);
    if (method !== null) names.unshift(getters.get(Number(method[1])) ?? `method ${method[1]}`);
    // `op == X` is a constant pushed just before the jump into what X does.
    const compared = text.slice(Math.max(0, i - 4), i).map((above) => /PUSHINT_LONG (\d+)/.exec(above)?.[1]);
    const op = compared.map((value) => (value === undefined ? undefined : opName(Number(value)))).findLast(Boolean);
    if (op !== undefined) names.unshift(op);
  }
  return names.length > 0 ? names.join(' › ') : 'outside receivers';
}

export function renderTable(report: CoverageReport): string {
  const rows = (Object.entries(report) as [ContractName, ContractCoverage][]).map(
    ([name, { lines, covered, percent }]) =>
      `| ${contractTitle(name)} | ${lines} | ${covered} | ${lines - covered} | ${percent.toFixed(2)} % |`,
  );
  const missing = (Object.entries(report) as [ContractName, ContractCoverage][]).flatMap(([name, { uncovered }]) =>
    uncovered.map((place) => `- ${contractTitle(name)}, ${place}`),
  );
  return `# Coverage of the contracts

Written by \`npm run coverage:contracts -- --write\`; a contract under ${REQUIRED_PERCENT} % of its lines fails it. A line is one instruction of the
disassembled code: code cells carry no map back to Tact. Cells with the same content count as one. Tests: \`tests/contracts\`, \`tests/flows\`,
\`tests/guarantees\` and \`tests/fees\`.

| contract | lines | covered | not covered | share |
|---|---:|---:|---:|---:|
${rows.join('\n')}

What no test executes:

${missing.length > 0 ? missing.join('\n') : 'nothing.'}
`;
}
