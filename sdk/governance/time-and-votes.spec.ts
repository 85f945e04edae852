import { Address } from '@ton/core';
import fc from 'fast-check';
import { ProposalModel } from '../../tests/dao/model/proposal-model';
import { StakeModel } from '../../tests/dao/model/stake-model';
import { DEFAULT_DAO_PARAMS, ProposalStatus, type VaultOperation } from '../../wrappers';
import { EPOCH_SECONDS, epochAt, labelOfDeposit, releaseAt, startOfEpoch } from './epoch';
import { TimeRangeError } from './errors';
import { isFinal, type StoredProposal, stateOf } from './state';
import { endAfter, passes, type ResultTerms, shareOf, termsOf, thresholdOf } from './tally';
import { warmingUp, weightAt } from './weight';

const DAY = EPOCH_SECONDS;

describe('epochs', () => {
  test('are days of UTC, half open', () => {
    const midnight = Date.UTC(2026, 5, 1) / 1_000;
    const epoch = epochAt(midnight);
    expect([epochAt(midnight - 1), epochAt(midnight + DAY - 1), epochAt(midnight + DAY)]).toEqual([
      epoch - 1,
      epoch,
      epoch + 1,
    ]);
    expect(startOfEpoch(epoch)).toBe(midnight);
  });

  test.each([-1, 65_536 * DAY, Number.NaN, Number.POSITIVE_INFINITY])('%p lies outside of them', (time) => {
    expect(() => epochAt(time)).toThrow(TimeRangeError);
  });

  test.each([-1, 65_536, 1.5])('%p is none', (epoch) => {
    expect(() => startOfEpoch(epoch)).toThrow(TimeRangeError);
  });

  test('a deposit counts from the next one on, later by the warm-up', () => {
    expect(labelOfDeposit(10 * DAY + 5, 6)).toBe(17);
  });

  test('stake is released 21 days after its last use, and not before three days', () => {
    expect(releaseAt(100 * DAY, 0)).toBe(103 * DAY);
    expect(releaseAt(100 * DAY, 99 * DAY)).toBe(120 * DAY);
  });
});

describe('weight', () => {
  const stake = {
    own: 70n,
    inn: 30n,
    labels: new Map([
      [12, 5n],
      [10, 20n],
    ]),
  };

  test.each<[string, number, bigint | null]>([
    ['before any label', 9, 75n],
    ['at a label', 10, 95n],
    ['between', 11, 95n],
    ['after all', 12, 100n],
    ['in the future', 13, null],
    ['too far back', -19, null],
    ['at the horizon', -18, 75n],
  ])('%s', (_, epoch, weight) => {
    expect(weightAt(stake, epoch, 12 * DAY)).toBe(weight);
  });

  test('what is still to come is told by its epoch', () => {
    expect(warmingUp(stake, 9 * DAY)).toEqual([
      { epoch: 10, amount: 20n },
      { epoch: 12, amount: 5n },
    ]);
    expect(warmingUp(stake, 12 * DAY)).toEqual([]);
  });

  test('is that of the model', () => {
    const amounts = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.bigInt({ min: 1n, max: 50n })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 29 }), (entries, epoch) => {
        const model = new StakeModel('m');
        for (const [label, amount] of entries) {
          model.own += amount;
          model.labels.add(label, amount);
        }
        const books = { own: model.own, inn: 0n, labels: new Map(model.labels.entries()) };
        expect(weightAt(books, epoch, 29 * DAY)).toBe(model.weightAt(epoch));
      }),
    );
  });
});

describe('results', () => {
  const normal: ResultTerms = { quorum: 100n, approvalBps: 5_000, critical: false };
  const critical: ResultTerms = { quorum: 100n, approvalBps: 6_667, critical: true };
  const votes = (yes: bigint, no: bigint, abstain = 0n) => ({ yes, no, abstain });

  test.each<[string, ResultTerms, ReturnType<typeof votes>, boolean]>([
    ['quorum exactly met', normal, votes(60n, 0n, 40n), true],
    ['one short of the quorum', normal, votes(60n, 0n, 39n), false],
    ['opponents do not count for it', normal, votes(60n, 59n, 0n), false],
    ['a tie fails', normal, votes(100n, 100n), false],
    ['one more than a tie passes', normal, votes(101n, 100n), true],
    ['66.67 % exactly', critical, votes(6_667n, 3_333n), true],
    ['a hair below 66.67 %', critical, votes(6_666n, 3_334n), false],
    ['two thirds are below 66.67 %', critical, votes(200n, 100n), false],
    ['nobody voted', { ...normal, quorum: 0n }, votes(0n, 0n), false],
  ])('%s', (_, terms, split, passing) => {
    expect(passes(terms, split)).toBe(passing);
  });

  test('shares are rounded up, and not below the floor', () => {
    expect([shareOf(10_001n, 50, 0n), shareOf(10_000n, 50, 0n), shareOf(10_000n, 50, 60n)]).toEqual([51n, 50n, 60n]);
    const params = {
      ...DEFAULT_DAO_PARAMS,
      root: new Address(0, Buffer.alloc(32)),
      quorumFloor: 0n,
      thresholdFloor: 0n,
    };
    expect(thresholdOf(params, 1_000n)).toBe(5n);
    expect(termsOf(params, 'normal', 1_000n)).toEqual({ quorum: 100n, approvalBps: 5_000, critical: false });
    expect(termsOf(params, 'critical', 1_000n)).toEqual({ quorum: 250n, approvalBps: 6_667, critical: true });
  });

  test('the end moves only when a late vote turns the result, and never beyond the latest', () => {
    const proposal = { ...normal, endAt: 1_000, hardEnd: 1_150, extension: 100 };
    const before = votes(100n, 0n);
    const turned = votes(100n, 100n);
    expect(endAfter(proposal, before, turned, 900)).toBe(1_000);
    expect(endAfter(proposal, before, turned, 901)).toBe(1_001);
    expect(endAfter(proposal, before, turned, 999)).toBe(1_099);
    expect(endAfter({ ...proposal, endAt: 1_099 }, before, turned, 1_098)).toBe(1_150);
    expect(endAfter(proposal, before, votes(100n, 99n), 999)).toBe(1_000);
    expect(endAfter(proposal, votes(99n, 0n), votes(100n, 0n), 999)).toBe(1_099);
  });

  test('are those of the model', () => {
    const amount = fc.bigInt({ min: 0n, max: 300n });
    const bps = fc.constantFrom(5_000, 6_000, 6_667, 8_000);
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        amount,
        bps,
        fc.boolean(),
        (yes, no, abstain, quorum, approvalBps, isCritical) => {
          const model = new ProposalModel(1);
          const cls = isCritical ? 1 : 0;
          const terms = {
            quorum,
            approvalBps,
            class: cls as 0 | 1,
            epoch: 0,
            total: 0n,
            startAt: 0,
            endAt: 0,
            hardEnd: 0,
          };
          model.terms = { ...terms, extension: 0, finalizeBy: 0, proposer: 'm' };
          model.tally = { yes, no, abstain };
          expect(passes({ quorum, approvalBps, critical: isCritical }, { yes, no, abstain })).toBe(model.passing);
        },
      ),
    );
  });
});

describe('states', () => {
  const base: StoredProposal = {
    ...{ status: ProposalStatus.live, startAt: 100, endAt: 200, finalizeBy: 300, eta: 0, expires: 0 },
    ...{ yes: 10n, no: 0n, abstain: 0n, quorum: 5n, approvalBps: 5_000, critical: false },
  };
  const queued = { ...base, status: ProposalStatus.queued, eta: 400, expires: 500 };
  const lost = { ...base, no: 10n };

  test.each<[string, StoredProposal, number, string, number | null]>([
    ['before it starts', base, 99, 'pending', 100],
    ['from its first second', base, 100, 'active', 200],
    ['to its last', base, 199, 'active', 200],
    ['once it is over, won', base, 200, 'passed', 300],
    ['once it is over, lost', lost, 200, 'defeated', null],
    ['won, and nobody finalized it', base, 300, 'expired', null],
    ['on its way to the Vault', { ...base, status: ProposalStatus.scheduling }, 250, 'passed', 300],
    ['the Vault did not take it', { ...base, status: ProposalStatus.passed }, 299, 'passed', 300],
    ['and it is too late now', { ...base, status: ProposalStatus.passed }, 300, 'expired', null],
    ['under its timelock', queued, 399, 'queued', 400],
    ['after it', queued, 400, 'ready', 500],
    ['and nobody executed it', queued, 500, 'expired', null],
    ['defeated', { ...lost, status: ProposalStatus.defeated }, 250, 'defeated', null],
    ['cancelled', { ...base, status: ProposalStatus.cancelled }, 50, 'cancelled', null],
    ['executed', { ...base, status: ProposalStatus.executed }, 900, 'executed', null],
    ['vetoed', { ...base, status: ProposalStatus.vetoed }, 900, 'vetoed', null],
    ['made by nobody', { ...base, status: ProposalStatus.none }, 100, 'none', null],
  ])('%s', (_, proposal, now, state, until) => {
    expect(stateOf(proposal, now)).toEqual({ state, until });
  });

  test.each<[VaultOperation['state'], string]>([
    [0, 'ready'],
    [1, 'executed'],
    [2, 'vetoed'],
  ])("the Vault's record says more than a proposal that has not heard of it: %p is %s", (state, expected) => {
    const record = { state, eta: 400, expires: 500, critical: false, unvetoable: false };
    const operation = { ...record, actionsHash: Buffer.alloc(32), proposal: new Address(0, Buffer.alloc(32)) };
    expect(stateOf({ ...base, status: ProposalStatus.scheduling }, 450, operation).state).toBe(expected);
  });

  test('never leave a final one as time goes on', () => {
    const status = fc.constantFrom(...Object.values(ProposalStatus));
    fc.assert(
      fc.property(status, fc.nat({ max: 20 }), fc.nat({ max: 600 }), fc.nat({ max: 600 }), (stored, no, now, later) => {
        const proposal = { ...queued, status: stored, no: BigInt(no) };
        const first = stateOf(proposal, now).state;
        if (isFinal(first)) expect(stateOf(proposal, now + later).state).toBe(first);
      }),
    );
  });
});
