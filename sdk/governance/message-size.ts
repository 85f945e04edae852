import { beginCell, type Cell, type Message, storeMessage } from '@ton/core';
import type { Size } from './fees';

/** What a message is charged for on its way: its different cells beside the first, which the price of every message covers. */
export function messageSize(message: Message): Size {
  return sizeBeside(beginCell().store(storeMessage(message)).endCell());
}

/** Cells and bits of everything below a cell, each different one once. */
export function sizeBeside(root: Cell): Size {
  const seen = new Set<string>();
  let bits = 0;
  const visit = (cell: Cell): void => {
    const hash = cell.hash().toString('hex');
    if (seen.has(hash)) return;
    seen.add(hash);
    bits += cell.bits.length;
    for (const ref of cell.refs) visit(ref);
  };
  for (const ref of root.refs) visit(ref);
  return { cells: seen.size, bits };
}
