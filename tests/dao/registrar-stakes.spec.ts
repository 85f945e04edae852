import { toNano } from '@ton/core';
import fc from 'fast-check';
import { type RegistrarData, registrarBodies } from '../../wrappers';
import { holds } from '../invariants/property';
import { conserving } from '../support/conservation';
import {
  createRegistrarWorld,
  DAY,
  FIRST,
  failed,
  listing,
  numbered,
  payRent,
  type RegistrarWorld,
  revoked,
  STAKE,
  storageOf,
  TERMS,
  update,
} from '../support/registrar-world';
import { type Attempt, deliver } from '../support/rejection';
import { sentBy, txsOf } from '../support/trace';
import { type Actor, balanceOf, checkpoint } from '../support/world';

/** Whatever is sent, by whomever and in whatever order: stakes stay whole, and leave for their operators only. */

type Step = (it: RegistrarWorld) => Attempt | number;

const who = fc.constantFrom<(it: RegistrarWorld) => Actor>(
  (it) => it.operator,
  (it) => it.otherOperator,
  (it) => it.world.actors.stranger,
  (it) => it.vault,
);
const seqno = fc.constantFrom(FIRST, FIRST, FIRST + 1, FIRST + 1, FIRST + 2, FIRST + 3, 1);
/** Enough, or too little by more or less. */
const spare = fc.constantFrom(toNano('0.5'), toNano('0.5'), toNano('0.5'), toNano('0.09'), toNano('0.003'), 1n);
const verb = fc.constantFrom('unlist', 'evict', 'recheck', 'withdraw', 'withdraw', 'recheck' as const);

/** Taken, unless listings are paused. */
const goodListing: fc.Arbitrary<Step> = who.map(
  (who): Step =>
    (it) =>
      listing(it, { from: who(it), value: STAKE + TERMS.rent + toNano('1') }),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: goodListing },
  fc
    .record({ who, spare, extra: fc.constantFrom(-1n, 0n, 1n, toNano('7')), periods: fc.constantFrom(1, 1, 2, 30) })
    .map(
      ({ who, spare, extra, periods }): Step =>
        (it) => {
          const stake = STAKE + extra;
          return listing(it, { from: who(it), stake, periods, value: stake + BigInt(periods) * TERMS.rent + spare });
        },
    ),
  fc.record({ who, spare, seqno }).map(
    ({ who, spare, seqno }): Step =>
      (it) =>
        update(it, { from: who(it), value: spare, seqno }),
  ),
  fc.record({ who, spare, seqno }).map(
    ({ who, spare, seqno }): Step =>
      (it) =>
        payRent(it, 1, { from: who(it), value: TERMS.rent + spare, seqno }),
  ),
  fc.record({ who, spare, seqno, verb }).map(
    ({ who, spare, seqno, verb }): Step =>
      (it) =>
        numbered(it, verb, seqno, { from: who(it), value: spare }),
  ),
  fc.record({ who, spare, seqno, isListing: fc.boolean() }).map(
    ({ who, spare, seqno, isListing }): Step =>
      (it) =>
        failed(it, isListing, seqno, { from: who(it), value: spare }),
  ),
  fc.record({ who, spare, seqno }).map(
    ({ who, spare, seqno }): Step =>
      (it) =>
        revoked(it, seqno, { from: who(it), value: spare }),
  ),
  fc.record({ who, closeDelay: fc.constantFrom(3_600, 30 * DAY), paused: fc.boolean() }).map(
    ({ who, ...change }): Step =>
      (it) => {
        const body = registrarBodies.registrarSetTerms({ queryId: 1n, terms: { ...TERMS, ...change } });
        return { from: who(it), to: it.registrar.address, value: toNano('0.1'), body };
      },
  ),
  fc.constantFrom(1, DAY - 1, DAY, TERMS.period, 366 * DAY).map(
    (seconds): Step =>
      () =>
        seconds,
  ),
);

/** What can never happen between two states of the data. */
function expectLawful(before: RegistrarData, after: RegistrarData, paid: ReadonlyMap<string, bigint>): void {
  let held = 0n;
  for (const [seqno, now] of after.listings) {
    held += now.stake;
    const old = before.listings.get(seqno);
    if (old === undefined) {
      expect(seqno).toBeGreaterThanOrEqual(before.next);
      continue;
    }
    const fixed = [now.owner.toString(), now.stake, now.closeDelay];
    expect(fixed).toEqual([old.owner.toString(), old.stake, old.closeDelay]);
    // Once a listing has ended, nothing about it changes any more.
    if (old.status >= 2) expect([now.status, now.unlockAt]).toEqual([old.status, old.unlockAt]);
    if (now.status !== old.status && now.status >= 3) expect(now.unlockAt).toBeGreaterThan(0);
  }
  expect(after).toMatchObject({ held, count: after.listings.size });
  // A record goes only with its stake, and the stake goes to its operator.
  const owed = new Map<string, bigint>();
  for (const [seqno, old] of before.listings) {
    if (after.listings.has(seqno)) continue;
    expect(old.status).toBeGreaterThanOrEqual(2);
    owed.set(old.owner.toString(), (owed.get(old.owner.toString()) ?? 0n) + old.stake);
  }
  expect(new Map(paid)).toEqual(owed);
}

test('stakes are whole after every message, coins are conserved, and all stakes come back in the end', async () => {
  const it = await createRegistrarWorld();
  const fresh = checkpoint(it.world);
  let listings = 0;
  let withdrawals = 0;

  const take = async (step: Step): Promise<void> => {
    const message = step(it);
    if (typeof message === 'number') return it.world.advance(message);
    const before = await storageOf(it);
    const { result } = await conserving(it.world, () => deliver(it.world, message));
    const paid = new Map<string, bigint>();
    for (const tx of txsOf(result, it.registrar.address)) {
      for (const { op, to, value } of sentBy(tx)) {
        if (op === 'payout') paid.set(to.toString(), (paid.get(to.toString()) ?? 0n) + value);
      }
    }
    const after = await storageOf(it);
    expectLawful(before, after, paid);
    expect(await balanceOf(it.world, it.registrar.address)).toBeGreaterThanOrEqual(after.held + toNano('0.05'));
    listings += after.next - before.next;
    withdrawals += paid.size;
  };

  const stories = fc.tuple(goodListing, goodListing, fc.array(steps, { minLength: 10, maxLength: 30 }));
  await holds(stories, 40, async ([first, second, rest]) => {
    await fresh.restore();
    const story = [first, second, ...rest];
    for (const step of story) await take(step);
    // Everybody can leave from wherever the story ends.
    for (const [seqno, { owner, status }] of (await storageOf(it)).listings) {
      const from = owner.equals(it.operator.address)
        ? it.operator
        : [it.otherOperator, it.vault, it.world.actors.stranger].find(({ address }) => address.equals(owner))!;
      if (status < 2) await take(() => numbered(it, 'unlist', seqno, { from }));
      await take(() => 30 * DAY);
      await take(() => numbered(it, 'withdraw', seqno, { from }));
    }
    expect(await storageOf(it)).toMatchObject({ held: 0n, count: 0 });
  });
  expect(listings).toBeGreaterThan(20);
  expect(withdrawals).toBeGreaterThan(20);
});
