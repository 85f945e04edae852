import { toNano } from '@ton/core';
import fc from 'fast-check';
import { PRICES, type Prices } from '../support/price-sets';
import { CLIENT_DELAY, type ClientName, PROXY_DELAY, type WorkerName } from './cast';

/** What people may do, as plain values: fast-check makes up sequences of them, prints them and shrinks them. */

/** fair: pays for everything; least: what the rules ask for; short: less, but enough to start; dust: nearly nothing. */
export type Value = 'fair' | 'least' | 'short' | 'dust';
/** Who is named to get the excesses: the sender, or somebody who cannot be paid in one way or another. */
export type ExcessesTo = 'sender' | 'workchain5' | 'nobody' | 'masterchain';

export type Operation =
  | { do: 'deploy'; what: 'proxy' | ClientName | WorkerName; coins: bigint }
  | { do: 'topUp'; client: ClientName; coins: bigint; by: 'owner' | 'stranger'; value: Value; excessesTo: ExcessesTo }
  | { do: 'topUpWithSecret'; client: ClientName; coins: bigint; value: Value; excessesTo: ExcessesTo }
  | { do: 'sync'; client: ClientName }
  | {
      do: 'withdraw' | 'requestRefund' | 'raiseStake' | 'register';
      client: ClientName;
      value: Value;
      excessesTo: ExcessesTo;
    }
  | { do: 'reopen'; client: ClientName; coins: bigint }
  | { do: 'serve'; client: ClientName; worker: WorkerName; tokens: bigint }
  | { do: 'charge' | 'grantRefund'; client: ClientName }
  | { do: 'payWorker' | 'dismissWorker' | 'registerWorker' | 'reopenWorker'; worker: WorkerName }
  | { do: 'signAnything'; tokens: bigint; which: 'charge' | 'grant' | 'payout' | 'lastPayout' }
  | { do: 'replay'; which: number; value: Value; excessesTo: ExcessesTo; deploys: boolean }
  | { do: 'payOwner'; by: 'owner' | 'stranger'; value: Value; excessesTo: ExcessesTo }
  | { do: 'addStake'; coins: bigint; by: 'owner' | 'stranger'; value: Value; excessesTo: ExcessesTo }
  | { do: 'close'; how: 'owner' | 'text' | 'signed' }
  | { do: 'completeClose'; how: 'owner' | 'signed' }
  | { do: 'takeRevenue' | 'saveState' }
  | { do: 'transfer'; to: number; coins: bigint }
  | { do: 'trespass'; to: number; how: number }
  | { do: 'root'; how: 'price' | 'register' }
  | { do: 'wait'; seconds: number };

export interface Step {
  operation: Operation;
  /** which channels deliver one message each before the next operation */
  deliver: number[];
}

export interface Scenario {
  prices: Prices;
  /** what is there from the start; an operation may deploy the rest later */
  deployed: 'all' | 'proxy' | 'nothing';
  /** nanoTON that the proxy starts with: little, so that nobody's coins hide a shortage */
  start: bigint;
  steps: Step[];
}

/** What a run is about: how likely each operation is. One that is not named does not happen. */
export type Mood = Partial<Record<Operation['do'], number>>;

export const tons = (from: string, to: string) => fc.bigInt({ min: toNano(from), max: toNano(to) });
const value: fc.Arbitrary<Value> = fc.constantFrom('fair', 'fair', 'fair', 'least', 'least', 'short', 'dust');
export const excessesTo: fc.Arbitrary<ExcessesTo> = fc.constantFrom(
  ...(['sender', 'sender', 'sender', 'sender', 'workchain5', 'nobody', 'masterchain'] as const),
);
const client: fc.Arbitrary<ClientName> = fc.constantFrom('alice', 'alice', 'mallory', 'mallory', 'bob');
const worker: fc.Arbitrary<WorkerName> = fc.constantFrom('wanda', 'sybil');
const by = fc.constantFrom('owner' as const, 'stranger' as const);
const coins = fc.oneof({ weight: 6, arbitrary: tons('1', '60') }, { weight: 1, arbitrary: tons('0', '0.01') });
const tokens = fc.bigInt({ min: 1n, max: 600_000_000n });
const seconds = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 7_200 }) },
  { weight: 4, arbitrary: fc.constantFrom(CLIENT_DELAY, CLIENT_DELAY + 1, PROXY_DELAY, PROXY_DELAY + 1) },
  { weight: 1, arbitrary: fc.integer({ min: 86_400, max: 31_536_000 }) },
);

const makers: { [D in Operation['do']]: fc.Arbitrary<Operation> } = {
  deploy: fc.record({
    do: fc.constant('deploy' as const),
    what: fc.constantFrom('proxy' as const, 'alice', 'bob', 'mallory', 'wanda', 'sybil'),
    coins: tons('0.02', '0.8'),
  }),
  topUp: fc.record({ do: fc.constant('topUp' as const), client, coins, by, value, excessesTo }),
  topUpWithSecret: fc.record({ do: fc.constant('topUpWithSecret' as const), client, coins, value, excessesTo }),
  sync: fc.record({ do: fc.constant('sync' as const), client }),
  withdraw: fc.record({ do: fc.constant('withdraw' as const), client, value, excessesTo }),
  requestRefund: fc.record({ do: fc.constant('requestRefund' as const), client, value, excessesTo }),
  raiseStake: fc.record({ do: fc.constant('raiseStake' as const), client, value, excessesTo }),
  register: fc.record({ do: fc.constant('register' as const), client, value, excessesTo }),
  reopen: fc.record({ do: fc.constant('reopen' as const), client, coins }),
  serve: fc.record({ do: fc.constant('serve' as const), client, worker, tokens }),
  charge: fc.record({ do: fc.constant('charge' as const), client }),
  grantRefund: fc.record({ do: fc.constant('grantRefund' as const), client }),
  payWorker: fc.record({ do: fc.constant('payWorker' as const), worker }),
  dismissWorker: fc.record({ do: fc.constant('dismissWorker' as const), worker }),
  registerWorker: fc.record({ do: fc.constant('registerWorker' as const), worker }),
  reopenWorker: fc.record({ do: fc.constant('reopenWorker' as const), worker }),
  signAnything: fc.record({
    do: fc.constant('signAnything' as const),
    tokens: fc.oneof(tokens, fc.bigInt({ min: 1_000_000_000n, max: 20_000_000_000n }), fc.constant((1n << 64n) - 1n)),
    which: fc.constantFrom('charge' as const, 'grant', 'payout', 'payout', 'lastPayout'),
  }),
  replay: fc.record({
    do: fc.constant('replay' as const),
    which: fc.nat(99),
    value,
    excessesTo,
    deploys: fc.boolean(),
  }),
  payOwner: fc.record({ do: fc.constant('payOwner' as const), by, value, excessesTo }),
  addStake: fc.record({ do: fc.constant('addStake' as const), coins: tons('15', '30'), by, value, excessesTo }),
  close: fc.record({ do: fc.constant('close' as const), how: fc.constantFrom('owner' as const, 'text', 'signed') }),
  completeClose: fc.record({
    do: fc.constant('completeClose' as const),
    how: fc.constantFrom('owner' as const, 'signed'),
  }),
  takeRevenue: fc.record({ do: fc.constant('takeRevenue' as const) }),
  saveState: fc.record({ do: fc.constant('saveState' as const) }),
  transfer: fc.record({ do: fc.constant('transfer' as const), to: fc.nat(6), coins: tons('0', '3') }),
  trespass: fc.record({ do: fc.constant('trespass' as const), to: fc.nat(6), how: fc.nat(19) }),
  root: fc.record({ do: fc.constant('root' as const), how: fc.constantFrom('price' as const, 'register') }),
  wait: fc.record({ do: fc.constant('wait' as const), seconds }),
};

/** Ordinary business: everything an honest proxy and its surroundings do, with a few hostile people among them. */
export const BUSINESS: Mood = {
  ...{
    deploy: 3,
    topUp: 8,
    topUpWithSecret: 1,
    sync: 2,
    withdraw: 3,
    requestRefund: 3,
    raiseStake: 1,
    register: 1,
    reopen: 1,
  },
  ...{ serve: 9, charge: 6, grantRefund: 1, payWorker: 6, dismissWorker: 1, registerWorker: 1, reopenWorker: 1 },
  ...{ replay: 5, payOwner: 2, addStake: 2, close: 1, completeClose: 1, takeRevenue: 1, saveState: 1 },
  ...{ transfer: 2, trespass: 4, root: 1, wait: 4 },
};

/** Clients and workers that are there before their proxy is: whatever they ask of it comes back. */
export const EARLY: Mood = {
  ...{ deploy: 3, topUp: 10, topUpWithSecret: 2, sync: 1, withdraw: 6, requestRefund: 6, reopen: 1, grantRefund: 2 },
  ...{ payWorker: 1, transfer: 1, wait: 2 },
};

/** The end of a proxy: closing, late top-ups, refunds and payouts that cross. */
export const CLOSING: Mood = {
  ...{
    topUp: 8,
    topUpWithSecret: 2,
    sync: 1,
    withdraw: 5,
    requestRefund: 5,
    reopen: 1,
    serve: 4,
    charge: 3,
    grantRefund: 1,
  },
  ...{
    payWorker: 3,
    dismissWorker: 1,
    replay: 2,
    payOwner: 1,
    addStake: 2,
    close: 4,
    completeClose: 4,
    takeRevenue: 1,
  },
  ...{ transfer: 1, trespass: 1, wait: 6 },
};

/** Somebody has the proxy's key, its owner helps, and both want what is not theirs. */
export const THEFT: Mood = {
  ...{ deploy: 2, topUp: 8, topUpWithSecret: 1, sync: 2, withdraw: 4, requestRefund: 3, raiseStake: 1, reopen: 1 },
  ...{ signAnything: 12, replay: 4, payOwner: 4, addStake: 2, close: 2, completeClose: 3, takeRevenue: 3 },
  ...{ transfer: 1, trespass: 2, wait: 4 },
};

export function scenarios(
  mood: Mood,
  opts: { steps: number; deployed?: readonly Scenario['deployed'][] },
): fc.Arbitrary<Scenario> {
  const choices = (Object.keys(mood) as Operation['do'][]).map((name) => ({
    weight: mood[name]!,
    arbitrary: makers[name],
  }));
  const step = fc.record({ operation: fc.oneof(...choices), deliver: fc.array(fc.nat(30), { maxLength: 4 }) });
  const scenario = fc.record({
    prices: fc.constantFrom(...PRICES),
    deployed: fc.constantFrom(...(opts.deployed ?? (['all', 'all', 'all', 'proxy'] as const))),
    start: tons('0.02', '0.3'),
    steps: fc.array(step, { minLength: 1, maxLength: opts.steps, size: 'max' }),
  });
  return plain(scenario);
}

/** Biased towards small values, as fast-check does by default, a property's first runs would be all but empty. */
export const plain = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.noBias(arbitrary);
