import { beginCell, Cell, Dictionary } from '@ton/core';
import { codeOf } from '../../support/world';

/**
 * The contracts' code, put where it is cheap to run a hundred thousand times: in the chain's libraries. Accounts then hold a
 * reference to it, of one cell, and are not taken apart and put together again with every message. The instructions are the same.
 */

export interface Codes {
  stake: Cell;
  proposal: Cell;
  dao: Cell;
  vault: Cell;
}

export interface Library {
  /** what accounts hold */
  codes: Codes;
  /** what the chain holds */
  libraries: Cell;
}

/** As generated from the sources. */
export const released: Codes = {
  stake: codeOf('stake'),
  proposal: codeOf('proposal'),
  dao: codeOf('dao'),
  vault: codeOf('vault'),
};

/** @param changed runs in place of the released code, also where other code knows it: all of it is made of cells */
export function asLibrary(changed: Partial<Codes> = {}): Library {
  const shelf = Dictionary.empty(Dictionary.Keys.BigUint(256), Dictionary.Values.Cell());
  const refer = (code: Cell): Cell => {
    shelf.set(BigInt(`0x${code.hash().toString('hex')}`), code);
    return beginCell().storeUint(2, 8).storeBuffer(code.hash()).endCell({ exotic: true });
  };
  const stake = refer(changed.stake ?? released.stake);
  const proposal = refer(replaceIn(changed.proposal ?? released.proposal, new Map([[released.stake, stake]])));
  const known = new Map([
    [released.stake, stake],
    [released.proposal, proposal],
  ]);
  const dao = refer(replaceIn(changed.dao ?? released.dao, known));
  const vault = refer(changed.vault ?? released.vault);
  return { codes: { stake, proposal, dao, vault }, libraries: beginCell().storeDictDirect(shelf).endCell() };
}

/** The tree with other cells in place of some. */
function replaceIn(tree: Cell, known: ReadonlyMap<Cell, Cell>): Cell {
  for (const [from, to] of known) if (tree.equals(from)) return to;
  if (tree.refs.length === 0) return tree;
  const refs = tree.refs.map((ref) => replaceIn(ref, known));
  return refs.every((ref, i) => ref === tree.refs[i]) ? tree : new Cell({ bits: tree.bits, refs });
}
