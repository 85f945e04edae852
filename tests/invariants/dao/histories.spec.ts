jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { FIXED_SEED, holdsFor } from '../property';
import { asLibrary } from './codes';
import { RUNS, scenarios } from './operations';
import { Census, play } from './play';
import { prepare } from './prepared';

jest.setTimeout(3_600_000);

/** What must have happened in a thousand histories, at least: a history in which nothing can go wrong proves nothing. */
const EVENTS: Readonly<Record<string, number>> = {
  // What people ask for, and what is refused.
  ...{ 'stakeDeposit: ok': 300, 'stakeUnstake: ok': 300, 'stakeDelegate: ok': 250, 'stakeUndelegate: ok': 50 },
  ...{ 'stakeWithdraw: ok': 100, 'stakeSync: ok': 30, 'stakeVote: ok': 900, 'stakePropose: ok': 250 },
  ...{ 'stakeUnstake: stakeTooMuch': 80, 'stakeVote: stakeTooMuch': 70, 'stakeVote: stakeBadEpoch': 60 },
  ...{ 'stakeVote: votePending': 40, 'stakeUndelegate: stakeBusy': 10, 'stakeDelegate: badDelegate': 80 },
  // What contracts ask of each other, what comes back, and what cannot be taken.
  ...{ 'castVote: ok': 600, 'delegateIn: ok': 200, 'undelegateOk: ok': 60, 'proposalInit: ok': 100 },
  ...{ 'castVote: turned back': 60, 'bounce of castVote: ok': 200, 'bounce of daoStakeAdd: ok': 15 },
  ...{ 'bounce of daoStakeSub: ok': 15, 'bounce of delegateIn: ok': 20, 'bounce of undelegate: ok': 2 },
  ...{ 'bounce of proposalInit: ok': 2, 'bounce of proposalPassed: ok': 3, 'bounce of vaultSchedule: ok': 3 },
  // What strangers try.
  ...{ 'voteAck: daoBadSender': 10, 'stakeActivated: daoBadSender': 10, 'castVote: daoBadSender': 8 },
  // How proposals end.
  ...{ 'proposalFinalize: ok': 100, 'proposalFinalize: proposalState': 100, 'vaultExecute: ok': 20 },
  ...{ 'vaultExecute: timelock': 50, 'vaultExecute: wrongActions': 8, 'vaultExecute: paused': 5 },
  ...{ 'vaultExecute: opExpired': 10, 'vaultVeto: ok': 10, 'opDone: ok': 20, 'opVetoed: ok': 10 },
  // Actions that fail: at their destination, and before they are sent.
  ...{ 'bounce of nonsense: ok': 8, 'vaultExecute: lowSmcBalance': 1 },
};

/** The same in every run. Those of fresh-histories.spec.ts nobody has seen before. */
test('whatever order messages take, no stake is lost, held back or counted twice', async () => {
  const prepared = await prepare(asLibrary());
  const census = new Census();
  await holdsFor(FIXED_SEED, RUNS / 2, scenarios(), async (scenario) => {
    await play(prepared, scenario, census);
  });
  const least = (event: string) => Math.floor((EVENTS[event]! * census.histories) / 1_000);
  const rare = Object.keys(EVENTS).filter((event) => census.of(event) < least(event));
  expect(rare.map((event) => `${event}: ${census.of(event)} of ${least(event)}`)).toEqual([]);
  expect(census.transactions).toBeGreaterThan(15 * census.histories);
});
