import { Cell, parseTuple, TupleReader } from '@ton/core';

/** Far more than any get method of ours answers with. */
const MAX_CELLS = 10_000;

/** Cells that a reader who follows every reference comes by. A few cells that share their branches can stand for 2^1000. */
function treeSize(cell: Cell, known: Map<Cell, number>): number {
  const before = known.get(cell);
  if (before !== undefined) return before;
  let size = 1;
  for (const ref of cell.refs) size += treeSize(ref, known);
  if (size > MAX_CELLS) throw new Error('the stack is too large');
  known.set(cell, size);
  return size;
}

/** @throws whatever is wrong with it; the caller names the call */
export function readStack(boc: Buffer): TupleReader {
  const [cell] = Cell.fromBoc(boc);
  if (cell === undefined) throw new Error('there is no result');
  treeSize(cell, new Map());
  return new TupleReader(parseTuple(cell));
}
