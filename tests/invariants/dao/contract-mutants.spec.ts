jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { foundBy, type Mistake } from './mistakes';

jest.setTimeout(600_000);

const inStake = { contract: 'stake' } as const;
const inLabels = { ...inStake, file: 'labels.tact' };
const inVotes = { ...inStake, file: 'stake-voting.tact' };
const label = 'max(today + 1, min(top, today + 1 + LONGEST_WARMUP))';

const MISTAKES: Record<string, Mistake> = {
  'a label without + 1': { ...inLabels, from: label, to: label.replace('today + 1,', 'today,'), breaks: /^V5/ },
  'a label that is not the later one': { ...inLabels, from: label, to: 'today + 1', breaks: /^V5/ },
  'votes for an epoch to come': { ...inVotes, from: '(msg.epoch <= today) && ', to: '', breaks: /^V4/ },
  'two votes on their way': {
    ...inVotes,
    from: 'throwIf(ERR_VOTE_PENDING, receipt.pending && (now() < receipt.endsBy));',
    to: '',
    breaks: /^(L4|V7)/,
  },
  'answers to any vote': {
    ...inVotes,
    from: 'receipt.pending && (receipt.nonce == msg.nonce)',
    to: 'receipt.pending',
    breaks: /^V8/,
  },
  'coins that nobody owes while a deposit is on its way': {
    ...{ ...inStake, file: 'stake-books.tact' },
    ...{ from: 'books.own + more.out + more.pend + more.refundable', to: 'books.own + more.out + more.refundable' },
    breaks: /^(I3|I5)/,
  },
};

test.each(Object.entries(MISTAKES))('histories find %s', async (_, mistake) => {
  expect(await foundBy(mistake)).toMatch(mistake.breaks);
});
