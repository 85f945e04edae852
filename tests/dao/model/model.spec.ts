import { DAO, type Party, type Split, stakeOf, sumOf } from './messages';
import { Network } from './network';
import { Random } from './random';
import type { ModelRules } from './rules';
import { Simulation, type SimulationOptions } from './simulation';

const SEEDS = 1_500;
const EPOCH = 100;

/** Runs worlds until one breaks. */
function run(options: Omit<SimulationOptions, 'seed'>, seeds = SEEDS) {
  const found = { violation: null as string | null, votes: 0, turnoutBps: 0n };
  for (let seed = 0; seed < seeds && found.violation === null; seed += 1) {
    const { violation, votes, turnoutBps } = new Simulation({ seed, ...options }).run();
    found.violation = violation && `seed ${seed}: ${violation}`;
    found.votes += votes;
    if (turnoutBps > found.turnoutBps) found.turnoutBps = turnoutBps;
  }
  return found;
}

describe('the rules of voting power hold in any order of messages', () => {
  test.each<[string, Omit<SimulationOptions, 'seed'>, seeds?: number]>([
    ['as designed', {}],
    ['with a warm-up of two epochs', { params: { warmup: 2 } }],
    ['without a voting delay, with clocks up to 0.9 epochs apart', { params: { votingDelay: 0 }, lag: 0.9 * EPOCH }],
    ['where no message is refused, to the last member', { bounces: 0 }, 300],
  ])('%s', (_, options, seeds = SEEDS) => {
    const { violation, votes, turnoutBps } = run(options, seeds);
    expect(violation).toBeNull();
    // Not for want of votes.
    expect(votes).toBeGreaterThan(5 * seeds);
    expect(turnoutBps).toBeGreaterThan(6_000n);
  });
});

describe('and each of them is needed', () => {
  test.each<[keyof ModelRules, RegExp]>([
    ['relabel', /I1/],
    ['nextEpoch', /I1/],
    ['oneDelegation', /I3/],
    ['oneVote', /I1|I4/],
    ['snapshot', /I1/],
  ])('without %s a world breaks', (rule, expected) => {
    expect(run({ rules: { [rule]: false } }).violation).toMatch(expected);
  });

  test('without ownEpoch stake that lags behind votes, moves and votes again', () => {
    expect(laggards(true)).toEqual({ votes: 100n, total: 100n });
    expect(() => laggards(false)).toThrow('I1 200 votes of 100');
  });

  test('without keepTop a delegation shortens the warm-up', () => {
    expect(delegateAtOnce(true)).toBe(7);
    expect(delegateAtOnce(false)).toBeLessThan(7);
  });
});

/** The Dao is in epoch 2, the members' shards show epoch 1: one of them votes for epoch 2, delegates to the other, who votes too. */
function laggards(ownEpoch: boolean) {
  const params = { votingDelay: 0 };
  const world = new Simulation({ seed: 1, rules: { ownEpoch }, params, members: 2, bounces: 0, delay: () => 0.1 });
  const { network } = world;
  for (const party of [DAO, 'proposal:1']) network.setLag(party, 0);
  for (const party of [stakeOf('m0'), stakeOf('m1')]) network.setLag(party, 90);
  const vote = (member: Party) => {
    const split: Split = { yes: world.stake(member).weightAt(2), no: 0n, abstain: 0n };
    world.tell(member, { op: 'stakeVote', proposal: 'proposal:1', epoch: 2, split });
  };

  network.time = 10;
  world.tell('m0', { op: 'stakeDeposit', amount: 100n });
  world.drain();
  // A third member's proposal: the answer must not pull the clocks of these two forward.
  network.time = 2 * EPOCH + 1;
  world.open(2);
  world.drain();
  vote('m0');
  world.tell('m0', { op: 'stakeDelegate', to: 'm1' });
  world.drain();
  network.time = 2 * EPOCH + 95;
  vote('m1');
  vote('m0');
  world.drain();
  const { tally, terms } = world.proposals[0]!;
  return { votes: sumOf(tally), total: terms!.total };
}

/** Staked in epoch 0 with a warm-up of 6 epochs, delegated at once. @returns the first epoch in which it counts */
function delegateAtOnce(keepTop: boolean): number {
  const world = new Simulation({
    seed: 1,
    rules: { keepTop },
    params: { warmup: 6 },
    members: 2,
    bounces: 0,
    delay: () => 1,
  });
  world.tell('m0', { op: 'stakeDeposit', amount: 100n });
  world.drain();
  world.tell('m0', { op: 'stakeDelegate', to: 'm1' });
  world.drain();
  return Array.from({ length: 10 }, (_, epoch) => epoch).find((epoch) => world.stake('m1').weightAt(epoch) > 0n)!;
}

test('messages between two contracts keep their order, those between others need not', () => {
  const network = new Network(new Random(3), 0);
  const sent = Array.from({ length: 60 }, (_, i) => ({ from: i % 2 ? 'a' : 'b', amount: BigInt(i) }));
  for (const { from, amount } of sent)
    network.send(from, { to: 'c', message: { op: 'payout', amount }, bounce: false });
  const arrived: { from: Party; amount: bigint }[] = [];
  while (network.busy) {
    const { from, message } = network.take();
    if (message.op === 'payout') arrived.push({ from, amount: message.amount });
  }
  expect(arrived).not.toEqual(sent);
  for (const party of ['a', 'b']) {
    expect(arrived.filter(({ from }) => from === party)).toEqual(sent.filter(({ from }) => from === party));
  }
});
