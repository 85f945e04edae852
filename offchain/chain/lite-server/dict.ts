import type { BitString, Cell, Slice } from '@ton/core';

/** The proof leaves out what it would have to show. */
export class PrunedError extends Error {
  override name = 'PrunedError';
}

export function open(cell: Cell | undefined): Slice {
  if (cell === undefined) throw new Error('a reference is missing');
  if (cell.isExotic) throw new PrunedError('the proof leaves out a cell that it needs');
  return cell.beginParse();
}

/** Bits that hold a number from 0 to `max`. */
const bitsFor = (max: number): number => (max === 0 ? 0 : max.toString(2).length);

/** Reads a label (HmLabel) of at most `max` bits. */
function label(slice: Slice, max: number): { length: number; bit(at: number): boolean } {
  let length = 0;
  let same: boolean | undefined;
  if (!slice.loadBit()) {
    while (slice.loadBit()) length += 1;
  } else if (slice.loadBit()) {
    same = slice.loadBit();
    length = slice.loadUint(bitsFor(max));
  } else {
    length = slice.loadUint(bitsFor(max));
  }
  if (length > max) throw new Error('a label is longer than the key');
  if (same !== undefined) return { length, bit: () => same };
  const bits = slice.loadBits(length);
  return { length, bit: (at) => bits.at(at) };
}

/**
 * Looks a key up in a dictionary of which a proof may show a part only; what stands in forks besides their branches is not read.
 * Absence is an answer too, but only where the proof shows it: @ton/core's own reader takes what is left out for absent.
 * @returns the rest of the leaf behind its label; undefined when the key is not there. @throws PrunedError
 */
export function lookup(root: Cell, key: BitString): Slice | undefined {
  let cell: Cell | undefined = root;
  let at = 0;
  for (;;) {
    const slice = open(cell);
    const { length, bit } = label(slice, key.length - at);
    for (let i = 0; i < length; i++) {
      if (bit(i) !== key.at(at + i)) return undefined;
    }
    at += length;
    if (at === key.length) return slice;
    cell = slice.loadRef();
    if (key.at(at)) cell = slice.loadRef();
    at += 1;
  }
}
