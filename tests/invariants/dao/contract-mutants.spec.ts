jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { Cell } from '@ton/core';
import { compileOne, readSources } from '../../../tools/compile-contracts';
import { firstBroken } from './broken';
import { asLibrary, type Codes } from './codes';

jest.setTimeout(600_000);

/** A mistake in a contract: `from` becomes `to`, wherever it stands in the file. */
interface Mistake {
  file: string;
  from: string;
  to: string;
  contract: keyof Codes;
  /** which property does not hold then */
  breaks: RegExp;
}

const stake = { contract: 'stake' } as const;
const labels = { ...stake, file: 'dao/labels.tact' };
const voting = { ...stake, file: 'dao/stake-voting.tact' };
const label = 'max(today + 1, min(top, today + 1 + LONGEST_WARMUP))';

const MISTAKES: Record<string, Mistake> = {
  'a label without + 1': { ...labels, from: label, to: label.replace('today + 1,', 'today,'), breaks: /^V5/ },
  'a label that is not the later one': { ...labels, from: label, to: 'today + 1', breaks: /^V5/ },
  'votes for an epoch to come': { ...voting, from: '(msg.epoch <= today) && ', to: '', breaks: /^V4/ },
  'two votes on their way': {
    ...voting,
    from: 'throwIf(ERR_VOTE_PENDING, receipt.pending && (now() < receipt.endsBy));',
    to: '',
    breaks: /^(L4|V7)/,
  },
  'answers to any vote': {
    ...voting,
    from: 'receipt.pending && (receipt.nonce == msg.nonce)',
    to: 'receipt.pending',
    breaks: /^V8/,
  },
};

test.each(Object.entries(MISTAKES))('histories find %s', async (_, { file, from, to, contract, breaks }) => {
  const sources = readSources();
  const source = sources.get(file)!.toString('utf8');
  expect(source).toContain(from);
  sources.set(file, Buffer.from(source.replaceAll(from, to)));
  const t = Date.now();
  const code = Cell.fromBoc(await compileOne(contract, sources, { quiet: true }))[0]!;
  const u = Date.now();
  const found = await firstBroken(asLibrary({ [contract]: code }), 'nothing');
  console.log(u - t, Date.now() - u, found);
  expect(found).toMatch(breaks);
});
