import { Simulation, type SimulationOptions } from './simulation';

const SEEDS = 1_500;

/** Runs worlds until one breaks. */
function firstViolation(options: Omit<SimulationOptions, 'seed'>, seeds = SEEDS) {
  let votes = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const outcome = new Simulation({ seed, ...options }).run();
    votes += outcome.votes;
    if (outcome.violation !== null) return { seed, violation: outcome.violation, votes };
  }
  return { seed: null, violation: null, votes };
}

test('x', () => {
  for (const [n, o] of Object.entries({
    design: {}, warm: { params: { warmup: 2 } }, lag: { params: { votingDelay: 0 }, lag: 90 },
    norelabel: { rules: { relabel: false } }, noplus: { rules: { nextEpoch: false } }, nobusy: { rules: { oneDelegation: false } },
    nonce: { rules: { oneVote: false } }, live: { rules: { snapshot: false } }, own: {rules: {ownEpoch: false}}, top: {rules:{keepTop: false}},
  } as Record<string, Omit<SimulationOptions, 'seed'>>)) {
    const t = Date.now();
    const r = firstViolation(o);
    console.log(n, JSON.stringify(r), Date.now() - t);
  }
});
