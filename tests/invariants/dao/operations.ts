import fc from 'fast-check';
import { plain } from '../operations';
import { MEMBERS } from './cast';
import { DRAFTS, type DraftName } from './drafts';
import { FAIR } from './scene';

/** What people may do, as plain values: fast-check makes up sequences of them, prints them and shrinks them. */

/** Histories of a whole run of the tests, in two halves; DAO_RUNS=… asks for more. */
export const RUNS = Number(process.env.DAO_RUNS ?? 1_000);
/** Operations in a history, at most. */
const STEPS = 20;

/** How a member divides its votes. */
export type Split = 'yes' | 'no' | 'abstain' | 'mixed';

export type Operation =
  | { do: 'deposit'; member: number; tons: number; pay: bigint }
  /** own: so many quarters of the own stake; beyond: all of it and quarters of what is delegated; over: one nanoTON too much */
  | { do: 'unstake'; member: number; what: 'own' | 'beyond' | 'over'; quarters: number; pay: bigint }
  | { do: 'delegate'; member: number; to: number; pay: bigint }
  | { do: 'undelegate' | 'sync' | 'withdraw'; member: number; pay: bigint }
  /** quarters: of what may vote; over: a nanoTON more than that; shift: to an epoch that is not the proposal's */
  | {
      do: 'vote';
      member: number;
      which: number;
      quarters: number;
      split: Split;
      over: boolean;
      shift: number;
      pay: bigint;
    }
  /** on the stranger, which is no proposal */
  | { do: 'voteAstray'; member: number }
  /** the stranger answers one of these votes, perhaps another one than it says */
  | { do: 'answerAstray'; which: number; nonceOff: number; code: number }
  | { do: 'propose'; member: number; actions: 'none' | DraftName; pay: bigint }
  | { do: 'finalize'; which: number; pay: bigint }
  | { do: 'cancel'; which: number; member: number }
  /** right: with the actions that were voted on */
  | { do: 'execute'; which: number; right: boolean; pay: bigint }
  | { do: 'veto'; which: number; byGuardian: boolean }
  | { do: 'pause'; days: number }
  | { do: 'forge'; how: number; by: number; target: number }
  | {
      do: 'wait';
      until: 'seconds' | 'hours' | 'midnight' | 'start' | 'end' | 'eta' | 'expiry' | 'release';
      by: number;
    };

export interface Step {
  operation: Operation;
  /** one message is delivered for each number before the next operation, see choiceOf */
  deliver: number[];
}

export interface Scenario {
  /** how far proposals have come, see Prepared */
  from: 'calm' | 'voting' | 'passing';
  /** seconds after the start of the day, or of the voting */
  start: number;
  /** seconds by which clocks lag behind, see Scene.setLags */
  lags: number[];
  steps: Step[];
  /** of the order in which the last messages arrive */
  tail: number;
  /** in the end everybody leaves */
  leave: boolean;
}

const member = fc.nat(MEMBERS - 1);
/** 6: one that has not been made */
const which = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 6);
const pay = fc.oneof(
  { weight: 7, arbitrary: fc.constant(FAIR) },
  { weight: 1, arbitrary: fc.bigInt({ min: 5_000_000n, max: 60_000_000n }) },
);
const quarters = fc.constantFrom(4, 4, 4, 1, 2, 3);

const makers: { [D in Operation['do']]: fc.Arbitrary<Operation> } = {
  deposit: fc.record({ do: fc.constant('deposit' as const), member, tons: fc.integer({ min: 1, max: 500 }), pay }),
  unstake: fc.record({
    do: fc.constant('unstake' as const),
    ...{ member, what: fc.constantFrom('own' as const, 'own', 'beyond', 'beyond', 'over'), quarters, pay },
  }),
  delegate: fc.record({ do: fc.constant('delegate' as const), member, to: member, pay }),
  undelegate: fc.record({ do: fc.constant('undelegate' as const), member, pay }),
  sync: fc.record({ do: fc.constant('sync' as const), member, pay }),
  withdraw: fc.record({ do: fc.constant('withdraw' as const), member, pay }),
  vote: fc.record({
    ...{ do: fc.constant('vote' as const), member, which, quarters, pay },
    split: fc.constantFrom<Split>('yes', 'yes', 'no', 'abstain', 'mixed'),
    over: fc.constantFrom(...[false, false, false, false, false, false, false, true]),
    shift: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, -1),
  }),
  voteAstray: fc.record({ do: fc.constant('voteAstray' as const), member }),
  answerAstray: fc.record({
    ...{ do: fc.constant('answerAstray' as const), which },
    ...{ nonceOff: fc.constantFrom(0, -1, 1), code: fc.constantFrom(0, 0, 1, 2) },
  }),
  propose: fc.record({
    ...{ do: fc.constant('propose' as const), member },
    ...{ actions: fc.constantFrom('none' as const, ...DRAFTS), pay },
  }),
  finalize: fc.record({ do: fc.constant('finalize' as const), which, pay }),
  cancel: fc.record({ do: fc.constant('cancel' as const), which, member }),
  execute: fc.record({
    ...{ do: fc.constant('execute' as const), which, pay },
    right: fc.constantFrom(true, true, true, true, true, false),
  }),
  veto: fc.record({
    ...{ do: fc.constant('veto' as const), which },
    byGuardian: fc.constantFrom(true, true, false),
  }),
  pause: fc.record({ do: fc.constant('pause' as const), days: fc.constantFrom(1, 7, 8) }),
  forge: fc.record({ do: fc.constant('forge' as const), how: fc.nat(15), by: fc.nat(MEMBERS), target: fc.nat(20) }),
  wait: fc.record({
    do: fc.constant('wait' as const),
    until: fc.constantFrom(
      'seconds' as const,
      'hours',
      'midnight',
      'midnight',
      'start',
      'end',
      'end',
      'eta',
      'expiry',
      'release',
    ),
    by: fc.constantFrom(-1, 0, 0, 1, 2, 40),
  }),
};

/** How likely each operation is. */
const WEIGHTS: { [D in Operation['do']]: number } = {
  ...{
    deposit: 5,
    unstake: 5,
    delegate: 6,
    undelegate: 4,
    sync: 2,
    withdraw: 2,
    vote: 16,
    voteAstray: 1,
    answerAstray: 2,
  },
  ...{ propose: 5, finalize: 4, cancel: 1, execute: 6, veto: 1, pause: 1, forge: 3, wait: 6 },
};

/** A scenario whose proposals, votes and delegations cross. @param steps at most */
export function scenarios(steps = STEPS): fc.Arbitrary<Scenario> {
  const choices = (Object.keys(WEIGHTS) as Operation['do'][]).map((name) => ({
    weight: WEIGHTS[name],
    arbitrary: makers[name],
  }));
  const step = fc.record({ operation: fc.oneof(...choices), deliver: fc.array(fc.nat(0xffff), { maxLength: 5 }) });
  const lag = fc.constantFrom(0, 0, 0, 1, 30, 5_000, 50_000, 77_760);
  return plain(
    fc.record({
      from: fc.constantFrom('calm' as const, 'voting', 'voting', 'voting', 'passing', 'passing'),
      start: fc.constantFrom(0, 1, 40_000, 64_799, 64_800, 86_399),
      lags: fc.array(lag, { minLength: MEMBERS + 3, maxLength: MEMBERS + 3 }),
      steps: fc.array(step, { minLength: Math.ceil(steps / 2), maxLength: steps, size: 'max' }),
      tail: fc.nat(0xffff),
      leave: fc.constantFrom(false, false, false, false, false, false, false, false, false, true),
    }),
  );
}

export interface Choice {
  /** which channel delivers */
  pick: number;
  /** the receiver's clock is right */
  prompt: boolean;
  /** the receiver cannot take it: one time in twelve */
  refused: boolean;
  /** seconds that pass before */
  seconds: number;
  /** it arrives when the receiver begins to answer otherwise, or a second before: one time in sixteen */
  edge: 'at' | 'before' | undefined;
}

/** Simple numbers shrink better than records. */
export function choiceOf(number: number): Choice {
  return {
    pick: number & 31,
    prompt: ((number >> 5) & 3) === 1,
    refused: (number >> 7) % 12 === 11,
    seconds: [0, 0, 1, 9][(number >> 12) & 3]!,
    edge: number >> 12 !== 15 ? undefined : (number & 32) === 0 ? 'at' : 'before',
  };
}
