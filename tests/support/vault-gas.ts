import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beginCell, type Cell } from '@ton/core';

const source = readFileSync(path.join(__dirname, '../../contracts/dao/vault-sending.tact'), 'utf8');

/** A constant of contracts/dao/vault-sending.tact, gas units. */
export function gasConstant(name: string): bigint {
  const value = new RegExp(`^const ${name}: Int = ([0-9_]+);$`, 'm').exec(source)?.[1];
  if (value === undefined) throw new Error(`no constant ${name}`);
  return BigInt(value.replaceAll('_', ''));
}

/** A body of a thousand cells. */
export function thousandCells(): Cell {
  // Ten chains, so that it is no deeper than a message may be.
  const chains = Array.from({ length: 10 }, (_, number) => {
    let cell = beginCell().endCell();
    for (let at = 0; at < 100; at += 1)
      cell = beginCell()
        .storeUint(number * 100 + at, 1000)
        .storeRef(cell)
        .endCell();
    return cell;
  });
  return chains.reduce((rest, chain) => beginCell().storeUint(1, 96).storeRef(chain).storeRef(rest).endCell());
}
