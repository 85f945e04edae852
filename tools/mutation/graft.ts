import { Cell } from '@ton/core';

/**
 * `code` with every cell that is a key replaced: a contract that carries the code of another one as a constant needs no new
 * compilation when only that other one changes.
 * @param replacements by hash, in lower-case hex
 */
export function graft(code: Cell, replacements: ReadonlyMap<string, Cell>): Cell {
  const done = new Map<string, Cell>();
  const visit = (cell: Cell): Cell => {
    const hash = cell.hash().toString('hex');
    const known = replacements.get(hash) ?? done.get(hash);
    if (known !== undefined) return known;
    const refs = cell.refs.map(visit);
    const same = refs.every((ref, index) => ref === cell.refs[index]);
    const grafted = same || cell.isExotic ? cell : new Cell({ bits: cell.bits, refs });
    done.set(hash, grafted);
    return grafted;
  };
  return visit(code);
}
