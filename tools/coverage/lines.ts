import type { Cell } from '@ton/core';
import { runtime, text, trace } from 'ton-assembly';
import type { Executed } from './record';

/**
 * There is no map from code cells back to Tact, so a line is a line of the disassembled code: one instruction. Cells with
 * the same content are one cell to the machine: to execute one copy is to execute them all.
 */

export interface CodeLines {
  /** The whole disassembly. */
  text: string[];
  /** Index into `text` of every line that is an instruction and not a bracket or a dictionary key. */
  instructions: number[];
  covered: Set<number>;
}

export function linesOf(code: Cell, executed: Executed): CodeLines {
  const printed = text.print(runtime.decompileCell(code));
  const parsed = text.parse('code.tasm', printed);
  if (parsed.$ === 'ParseFailure') throw new Error('ton-assembly cannot read back the disassembly that it wrote');
  const [, mapping] = runtime.compileCellWithMapping(parsed.instructions);
  const { cells, dictionaryCells } = trace.createMappingInfo(mapping);
  const lines = printed.split('\n');
  const covered = new Set<number>();
  for (const [hash, offsets] of Object.entries(executed)) {
    // A method of the dictionary lies in a leaf of it, after the leaf's label: offsets count from the label.
    const leaf = dictionaryCells.find(({ cell }) => cell === hash);
    const instructions = cells[leaf?.dataCell ?? hash]?.instructions ?? [];
    const ran = new Set(offsets.map((offset) => offset - (leaf?.offset ?? 0)));
    for (const { loc, offset } of instructions) {
      if (loc === undefined || !ran.has(offset)) continue;
      for (const line of [loc.line, ...loc.otherLines]) covered.add(line);
    }
  }
  const instructions = lines.flatMap((line, i) => (isInstruction(line) ? [i] : []));
  return { text: lines, instructions, covered };
}

function isInstruction(line: string): boolean {
  const trimmed = line.trim();
  return trimmed !== '' && !/^[}\]]|=>/.test(trimmed);
}

/** Merges what several test files executed. */
export function merge(parts: readonly Executed[]): Executed {
  const all = new Map<string, Set<number>>();
  for (const part of parts) {
    for (const [hash, offsets] of Object.entries(part)) {
      const known = all.get(hash) ?? new Set();
      for (const offset of offsets) known.add(offset);
      all.set(hash, known);
    }
  }
  return Object.fromEntries([...all].map(([hash, offsets]) => [hash, [...offsets]]));
}
