import { packDaoData } from '../../wrappers';
import { DAY, type DaoWorld, proposalOf, propose, TON } from '../support/dao-world';
import { asWorld, createStaked, epochOf, fullLabels, packBooks, vote } from '../support/stake-acts';
import { exitCodeOf } from '../support/trace';
import { overwriteData, startEachTestFrom } from '../support/world';

/** K1: what a vote costs in gas, from the Stake through the Proposal and back. */

const TYPICAL = 35_000n;
const WORST = 70_000n;

let dao: DaoWorld;
startEachTestFrom(async () => {
  dao = await createStaked();
  return asWorld(dao);
});

async function openProposal(): Promise<number> {
  const epoch = epochOf(dao.now());
  await propose(dao, 0);
  dao.advance(DAY);
  return epoch;
}

/** Gas of everything but the member's wallet, for a vote that is counted. */
async function gasOfVote(member: number, epoch: number, split: { yes?: bigint; no?: bigint }): Promise<bigint> {
  const proposal = proposalOf(dao, 1);
  const result = await vote(dao, member, proposal.address, epoch, split);
  const wallet = BigInt(`0x${dao.members[member]!.address.hash.toString('hex')}`);
  let gas = 0n;
  for (const tx of result.transactions) {
    if (tx.address === wallet) continue;
    expect(exitCodeOf(tx)).toBe(0);
    if (tx.description.type === 'generic' && tx.description.computePhase.type === 'vm') {
      gas += tx.description.computePhase.gasUsed;
    }
  }
  expect((await dao.stakes[member]!.getData()).votes.get(proposal.address.hash.toString('hex'))).toMatchObject(split);
  return gas;
}

describe('gas of a vote', () => {
  it('is at most 35 000 for a member with a few labels, first vote and change', async () => {
    const epoch = await openProposal();
    expect(await gasOfVote(1, epoch, { yes: 10n * TON })).toBeLessThanOrEqual(TYPICAL);
    expect(await gasOfVote(1, epoch, { no: 20n * TON })).toBeLessThanOrEqual(TYPICAL);
  });

  it('is the same with three members as with a million', async () => {
    const few = dao.chain.snapshot();
    const small = await gasOfVote(1, await openProposal(), { yes: 10n * TON });
    await dao.chain.loadFrom(few);
    const data = await dao.dao.getData();
    const large = { total: 1_000_000n * 1_000n * TON, startTotal: 1_000_000n * 1_000n * TON, members: 1_000_000 };
    await overwriteData(asWorld(dao), dao.dao.address, packDaoData({ ...data, ...large }));
    // A million members: the proposer needs 0.5 % of it all.
    const weight = 6_000_000n * TON;
    const owner = dao.members[0]!.address;
    const books = packBooks({ dao: dao.dao.address, owner }, { own: weight, labels: new Map() });
    await overwriteData(asWorld(dao), dao.stakes[0]!.address, books);
    const crowded = await gasOfVote(1, await openProposal(), { yes: 10n * TON });
    expect((await proposalOf(dao, 1).getData()).total).toBeGreaterThan(900_000_000n * TON);
    expect(crowded).toBeLessThanOrEqual(small + 200n);
    expect(crowded).toBeLessThanOrEqual(TYPICAL);
  });

  it.each([
    ['the last of the 24 receipts is over', (i: number) => i === 23],
    ['the first of the 24 receipts is over', (i: number) => i === 0],
    ['all of the 24 receipts are over', () => true],
  ])('is at most 70 000 with 46 labels when %s', async (_, isOver) => {
    const epoch = await openProposal();
    const opts = { dao: dao.dao.address, owner: dao.members[1]!.address };
    const receipts = new Map<bigint, number>();
    for (let i = 0; i < 24; i += 1) {
      // Spread evenly and in order, so that the paths in the dictionary are long.
      const account = (BigInt(i) << 251n) + BigInt(i);
      receipts.set(account, isOver(i) ? dao.now() - 1 : dao.now() + DAY);
    }
    const labels = fullLabels(dao.now(), TON);
    await overwriteData(asWorld(dao), dao.stakes[1]!.address, packBooks(opts, { own: 100n * TON, labels, receipts }));
    const gas = await gasOfVote(1, epoch, { yes: 50n * TON });
    expect((await dao.stakes[1]!.getData()).votes.size).toBe(24);
    expect([...receipts.values()].filter((end) => end < dao.now()).length).toBeGreaterThan(0);
    expect(gas).toBeLessThanOrEqual(WORST);
  });

  it('is at most 70 000 in the last second of the longest proposal, with 46 labels and 24 receipts', async () => {
    // Together with twice the extension and the critical timelock as long as may be: the most labels after the snapshot.
    const params = { votingDelay: 7 * DAY, votingPeriod: 10 * DAY, extension: DAY / 4, criticalTimelock: 3 * DAY };
    const data = await dao.dao.getData();
    const longest = packDaoData({ ...data, params: { ...data.params, ...params } });
    await overwriteData(asWorld(dao), dao.dao.address, longest);
    const epoch = await openProposal();
    dao.advance(params.votingDelay + params.votingPeriod - DAY - 1);
    const opts = { dao: dao.dao.address, owner: dao.members[1]!.address };
    const labels = fullLabels(dao.now(), TON);
    expect([...labels.keys()].filter((label) => label > epoch).length).toBeGreaterThan(30);
    const receipts = new Map(Array.from({ length: 24 }, (_, i) => [BigInt(i) << 251n, dao.now() + DAY] as const));
    receipts.set(0n, dao.now() - 1);
    await overwriteData(asWorld(dao), dao.stakes[1]!.address, packBooks(opts, { own: 100n * TON, labels, receipts }));
    expect(await gasOfVote(1, epoch, { yes: 50n * TON })).toBeLessThanOrEqual(WORST);
  });
});
