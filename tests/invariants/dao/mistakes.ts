import { Cell } from '@ton/core';
import { compileOne, readSources } from '../../../tools/compile-contracts';
import { firstBroken } from './broken';
import { asLibrary, type Codes } from './codes';

/** A mistake in a contract: `from` becomes `to` in a source. */
export interface Mistake {
  contract: keyof Codes;
  /** in contracts/dao */
  file: string;
  from: string;
  to: string;
  /** which property does not hold then */
  breaks: RegExp;
}

/**
 * Makes the mistake, and plays histories until something does not hold; the model does not stand beside them, which would tell any
 * difference.
 */
export async function foundBy({ contract, file, from, to }: Mistake): Promise<string | undefined> {
  const sources = readSources();
  const name = `dao/${file}`;
  const [before, after, ...more] = sources.get(name)!.toString('utf8').split(from);
  if (after === undefined || more.length > 0) throw new Error(`${name} does not have "${from}" once`);
  sources.set(name, Buffer.from(before + to + after));
  const code = Cell.fromBoc(await compileOne(contract, sources, { quiet: true }))[0]!;
  return firstBroken(asLibrary({ [contract]: code }), 'nothing');
}
