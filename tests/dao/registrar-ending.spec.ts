import { beginCell, type Cell, toNano } from '@ton/core';
import { bodies, ExitCode, ListingStatus, Op } from '../../wrappers';
import { headerOnly, UNKNOWN_OP, withTrailingBit, withTrailingRef } from '../support/bodies';
import { conserving } from '../support/conservation';
import {
  accepted,
  createRegistrarWorld,
  FIRST,
  givenListings,
  givenTerms,
  listing,
  listingOf,
  numbered,
  PROXY,
  type RegistrarWorld,
  STAKE,
  statusOf,
  storageOf,
  TERMS,
  type Verb,
} from '../support/registrar-world';
import { deliver, expectRejection } from '../support/rejection';
import { sentBy, txOf } from '../support/trace';
import { dataOf, startEachTestFrom } from '../support/world';

/** How a listing ends, and how its stake comes back. */

let it: RegistrarWorld;
startEachTestFrom(async () => {
  it = await createRegistrarWorld();
  await accepted(it, listing(it));
  return it.world;
});

const removal = (seqno: number): Cell => {
  const body = bodies.rootUnregisterProxy({ queryId: BigInt(seqno), seqno });
  return beginCell().storeUint(Op.vaultRegistry, 32).storeUint(seqno, 64).storeRef(body).endCell();
};
const put = (seqno: number): Cell => {
  const queryId = (1n << 32n) + BigInt(seqno);
  const body = bodies.rootPutProxy({ queryId, seqno, ...PROXY });
  return beginCell().storeUint(Op.vaultRegistry, 32).storeUint(queryId, 64).storeRef(body).endCell();
};
const ENDED = [ListingStatus.refused, ListingStatus.closing, ListingStatus.revoked];

describe.each<Verb>(['unlist', 'evict'])('%s', (verb) => {
  beforeEach(() => {
    if (verb === 'evict') it.world.advance(TERMS.period);
  });

  test('ends the listing, starts its delay, and has the root remove it', async () => {
    const { result, gain } = await conserving(it.world, () => deliver(it.world, numbered(it, verb)));
    const [registry, rest, ...more] = sentBy(txOf(result, it.registrar.address));
    expect(more).toEqual([]);
    expect(registry).toMatchObject({ op: 'vaultRegistry', bounce: true, mode: 17 });
    expect(registry?.to.equals(it.vault.address)).toBe(true);
    expect(registry!.body.equals(removal(FIRST))).toBe(true);
    expect(rest).toMatchObject({ op: 'stakeExcess', bounce: false, mode: 130 });
    expect(gain(it.registrar.address)).toBeLessThanOrEqual(0n);
    const data = await storageOf(it);
    const unlockAt = it.world.now() + TERMS.closeDelay;
    expect(data.listings.get(FIRST)).toMatchObject({ status: ListingStatus.closing, unlockAt, stake: STAKE });
    expect(data).toMatchObject({ held: STAKE, count: 1 });
  });

  test('obeys the delay of the day of the listing, not a later one', async () => {
    await givenTerms(it, { closeDelay: 30 * 86_400 });
    await accepted(it, numbered(it, verb));
    expect((await storageOf(it)).listings.get(FIRST)?.unlockAt).toBe(it.world.now() + TERMS.closeDelay);
  });

  test('needs an open listing, and ends one that was sent again as well', async () => {
    await expectRejection(it.world, numbered(it, verb, FIRST + 1), ExitCode.unknownListing);
    for (const status of ENDED) {
      await givenListings(it, new Map([[FIRST, listingOf(it, { status, paidUntil: it.world.now() })]]));
      await expectRejection(it.world, numbered(it, verb), ExitCode.listingState);
    }
    const listed = listingOf(it, { status: ListingStatus.listed, paidUntil: it.world.now() });
    await givenListings(it, new Map([[FIRST, listed]]));
    await accepted(it, numbered(it, verb));
  });

  test('works while listings are paused, with the value that get_operation_value says', async () => {
    await givenTerms(it, { paused: true });
    await expectRejection(it.world, numbered(it, verb, FIRST, { value: toNano('0.1') }), ExitCode.lowMsgValue);
    await accepted(it, numbered(it, verb, FIRST, { value: await it.registrar.getOperationValue() }));
  });
});

test("unlist > is the operator's alone", async () => {
  for (const from of [it.otherOperator, it.vault, it.world.actors.stranger]) {
    await expectRejection(it.world, numbered(it, 'unlist', FIRST, { from }), ExitCode.notOperator);
  }
});

test('evict > is for anybody, and not a second before the rent has run out', async () => {
  const { stranger: from } = it.world.actors;
  it.world.advance(TERMS.period - 1);
  await expectRejection(it.world, numbered(it, 'evict', FIRST, { from }), ExitCode.rentPaid);
  it.world.advance(1);
  const result = await accepted(it, numbered(it, 'evict', FIRST, { from }));
  const [, rest] = sentBy(txOf(result, it.registrar.address));
  expect(rest?.to.equals(from.address)).toBe(true);
});

describe('recheck', () => {
  test('sends an open listing again, by anybody, also when its rent has run out or listings are paused', async () => {
    await givenTerms(it, { paused: true });
    it.world.advance(TERMS.period);
    const { stranger: from } = it.world.actors;
    for (let again = 0; again < 2; again += 1) {
      const before = await storageOf(it);
      const { result, gain } = await conserving(it.world, () =>
        deliver(it.world, numbered(it, 'recheck', FIRST, { from })),
      );
      const [registry, rest, ...more] = sentBy(txOf(result, it.registrar.address));
      expect(more).toEqual([]);
      expect(registry!.body.equals(put(FIRST))).toBe(true);
      expect(rest?.to.equals(from.address)).toBe(true);
      expect(gain(it.registrar.address)).toBeLessThanOrEqual(0n);
      const after = await storageOf(it);
      expect(after.listings.get(FIRST)).toMatchObject({
        status: ListingStatus.listed,
        paidUntil: before.listings.get(FIRST)!.paidUntil,
      });
      expect(after).toMatchObject({ held: STAKE, count: 1, next: FIRST + 1 });
    }
  });

  test.each(ENDED)('has a listing of status %i removed once more and changes nothing', async (status) => {
    await givenListings(it, new Map([[FIRST, listingOf(it, { status, unlockAt: 5 })]]));
    const before = await dataOf(it.world, it.registrar.address);
    const result = await accepted(it, numbered(it, 'recheck'));
    expect(sentBy(txOf(result, it.registrar.address))[0]!.body.equals(removal(FIRST))).toBe(true);
    expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
  });

  test('has a number removed whose listing is gone', async () => {
    await givenListings(it, new Map([[FIRST + 3, listingOf(it)]]));
    const result = await accepted(it, numbered(it, 'recheck', FIRST + 1));
    expect(sentBy(txOf(result, it.registrar.address))[0]!.body.equals(removal(FIRST + 1))).toBe(true);
  });

  test('knows no numbers that were never given: not the next one, and none of register_proxy', async () => {
    for (const seqno of [FIRST + 1, 2 ** 32 - 1, FIRST - 1, 1, 0]) {
      await expectRejection(it.world, numbered(it, 'recheck', seqno), ExitCode.unknownListing);
    }
  });

  test('needs the value that get_operation_value says', async () => {
    const value = await it.registrar.getOperationValue();
    await expectRejection(it.world, numbered(it, 'recheck', FIRST, { value: value - 1n }), ExitCode.lowMsgValue);
    await accepted(it, numbered(it, 'recheck', FIRST, { value }));
  });
});

describe('withdraw', () => {
  const stranger = () => it.world.actors.stranger;

  test('pays the whole stake to the operator, whoever asks, and forgets the listing', async () => {
    await accepted(it, numbered(it, 'unlist'));
    it.world.advance(TERMS.closeDelay);
    const message = numbered(it, 'withdraw', FIRST, { from: stranger() });
    const { result, gain } = await conserving(it.world, () => deliver(it.world, message));
    const [payout, rest, ...more] = sentBy(txOf(result, it.registrar.address));
    expect(more).toEqual([]);
    expect(payout).toMatchObject({ op: 'payout', value: STAKE, bounce: false, mode: 17 });
    expect(payout?.to.equals(it.operator.address)).toBe(true);
    expect(payout?.body.equals(bodies.payout({ queryId: 7n }))).toBe(true);
    expect(rest).toMatchObject({ op: 'stakeExcess', bounce: false, mode: 130 });
    expect(rest?.to.equals(stranger().address)).toBe(true);
    expect(gain(it.registrar.address)).toBeLessThanOrEqual(-STAKE);
    const data = await storageOf(it);
    expect(data).toMatchObject({ held: 0n, count: 0, next: FIRST + 1 });
    expect(data.listings.size).toBe(0);
    await expectRejection(it.world, message, ExitCode.unknownListing);
  });

  test('is refused a second before the delay is over, and not after', async () => {
    await accepted(it, numbered(it, 'unlist'));
    it.world.advance(TERMS.closeDelay - 1);
    await expectRejection(it.world, numbered(it, 'withdraw'), ExitCode.notUnlockedYet);
    it.world.advance(1);
    await accepted(it, numbered(it, 'withdraw'));
  });

  test('is refused while the listing is open, whatever its rent', async () => {
    it.world.advance(10 * TERMS.period);
    await expectRejection(it.world, numbered(it, 'withdraw'), ExitCode.listingState);
    await givenListings(it, new Map([[FIRST, listingOf(it, { status: ListingStatus.listed })]]));
    await expectRejection(it.world, numbered(it, 'withdraw'), ExitCode.listingState);
  });

  test('of a revoked listing waits, of a refused one does not', async () => {
    const unlockAt = it.world.now() + 1;
    await givenListings(it, new Map([[FIRST, listingOf(it, { status: ListingStatus.revoked, unlockAt })]]));
    await expectRejection(it.world, numbered(it, 'withdraw'), ExitCode.notUnlockedYet);
    it.world.advance(1);
    await accepted(it, numbered(it, 'withdraw'));
    await givenListings(it, new Map([[FIRST, listingOf(it, { status: ListingStatus.refused })]]));
    await accepted(it, numbered(it, 'withdraw'));
  });

  test("leaves the others' stakes alone, and numbers are not given again", async () => {
    await accepted(it, listing(it, { from: it.otherOperator, stake: 2n * STAKE }));
    await accepted(it, numbered(it, 'unlist'));
    it.world.advance(TERMS.closeDelay);
    await accepted(it, numbered(it, 'withdraw'));
    await accepted(it, listing(it));
    const data = await storageOf(it);
    expect([...data.listings.keys()]).toEqual([FIRST + 1, FIRST + 2]);
    expect(data).toMatchObject({ held: 3n * STAKE, count: 2 });
  });

  test('works whatever terms and Vault have become, and needs 0.1 TON', async () => {
    await accepted(it, numbered(it, 'unlist'));
    await givenTerms(it, { paused: true, maxListings: 0, minStake: 0n, rent: 1n << 100n, closeDelay: 2 ** 32 - 1 });
    it.world.advance(TERMS.closeDelay);
    const value = toNano('0.1');
    await expectRejection(it.world, numbered(it, 'withdraw', FIRST, { value: value - 1n }), ExitCode.lowMsgValue);
    await accepted(it, numbered(it, 'withdraw', FIRST, { value }));
  });

  test('pays in full after twenty years of rent, for who makes up for it', async () => {
    await accepted(it, numbered(it, 'unlist'));
    it.world.advance(20 * 366 * 86_400);
    const result = await accepted(it, numbered(it, 'withdraw', FIRST, { value: toNano('0.5') }));
    expect(sentBy(txOf(result, it.registrar.address))[0]?.value).toBe(STAKE);
  });
});

test('messages that are too short or too long are refused', async () => {
  it.world.advance(TERMS.period);
  for (const verb of ['unlist', 'evict', 'recheck', 'withdraw'] as const) {
    const good = numbered(it, verb);
    const op = good.body.beginParse().loadUint(32);
    for (const body of [headerOnly(op), withTrailingBit(good.body), withTrailingRef(good.body)]) {
      await expectRejection(it.world, { ...good, body }, ExitCode.tvmCellUnderflow);
    }
  }
});

test('top_up leaves its coins here, anything unknown goes back', async () => {
  const topUp = beginCell().storeUint(Op.topUp, 32).storeUint(1, 64).endCell();
  const { gain } = await conserving(it.world, () => deliver(it.world, numbered(it, 'unlist', FIRST, { body: topUp })));
  expect(gain(it.registrar.address)).toBeGreaterThan(toNano('0.49'));
  const unknown = [
    headerOnly(UNKNOWN_OP),
    beginCell().endCell(),
    bodies.text('w'),
    bodies.doNotProcess({ queryId: 1n }),
  ];
  for (const body of unknown) {
    await expectRejection(it.world, numbered(it, 'unlist', FIRST, { body }), ExitCode.unknownOp);
  }
  const spoiled = numbered(it, 'unlist', FIRST, { body: withTrailingBit(topUp) });
  await expectRejection(it.world, spoiled, ExitCode.tvmCellUnderflow);
  expect(await statusOf(it)).toBe(ListingStatus.requested);
});
