import { Address, beginCell, toNano } from '@ton/core';
import { ExitCode, ListingStatus, Op, packRegistrarData, type RegistrarTerms, registrarBodies } from '../../wrappers';
import { headerOnly, withTrailingBit, withTrailingRef } from '../support/bodies';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import {
  accepted,
  createRegistrarWorld,
  DAY,
  FIRST,
  failed,
  givenListings,
  listing,
  listingOf,
  numbered,
  type RegistrarWorld,
  revoked,
  STAKE,
  statusOf,
  storageOf,
  TERMS,
  update,
} from '../support/registrar-world';
import { type Attempt, deliver, expectRejection } from '../support/rejection';
import { isBounce, sentBy, txOf, txsOf } from '../support/trace';
import { balanceOf, dataOf, startEachTestFrom } from '../support/world';

/** What the Vault can do to the registrar, and what it cannot. */

let it: RegistrarWorld;
startEachTestFrom(async () => {
  it = await createRegistrarWorld();
  await accepted(it, listing(it));
  return it.world;
});

const { requested, listed, refused, closing, revoked: wasRevoked } = ListingStatus;
const givenStatus = (status: ListingStatus, unlockAt = 0) =>
  givenListings(it, new Map([[FIRST, listingOf(it, { status, unlockAt })]]));
const sent = (result: Awaited<ReturnType<typeof deliver>>) => sentBy(txOf(result, it.registrar.address));

describe('registry_failed', () => {
  test('for a first listing refuses it, and its stake is free at once', async () => {
    const { result, gain } = await conserving(it.world, () => deliver(it.world, failed(it, true)));
    const [rest, ...more] = sent(result);
    expect(more).toEqual([]);
    expect(rest).toMatchObject({ op: 'stakeExcess', bounce: false, mode: 130 });
    expect(rest?.to.equals(it.operator.address)).toBe(true);
    expect(gain(it.registrar.address)).toBeLessThanOrEqual(0n);
    expect((await storageOf(it)).listings.get(FIRST)).toMatchObject({ status: refused, unlockAt: 0, stake: STAKE });
    await accepted(it, numbered(it, 'withdraw'));
  });

  test.each(['recheck', 'update'] as const)(
    'after a %s ends the listing and has it removed from the root',
    async (verb) => {
      await accepted(it, verb === 'update' ? update(it) : numbered(it, verb));
      const result = await accepted(it, failed(it, true));
      const [removal, rest, ...more] = sent(result);
      expect(more).toEqual([]);
      expect(removal).toMatchObject({ op: 'vaultRegistry', mode: 17 });
      expect(removal!.body.beginParse().loadRef().beginParse().skip(96).loadUint(32)).toBe(FIRST);
      expect(rest?.to.equals(it.operator.address)).toBe(true);
      const unlockAt = it.world.now() + TERMS.closeDelay;
      expect((await storageOf(it)).listings.get(FIRST)).toMatchObject({ status: closing, unlockAt, stake: STAKE });
      await expectRejection(it.world, numbered(it, 'withdraw'), ExitCode.notUnlockedYet);
    },
  );

  test('ends a listing also with too few coins for the removal, which anybody can send later', async () => {
    await givenStatus(listed);
    const result = await accepted(it, failed(it, true, FIRST, { value: toNano('0.005') }));
    expect(sent(result).map(({ op }) => op)).toEqual(['stakeExcess']);
    expect(await statusOf(it)).toBe(closing);
    const recheck = await accepted(it, numbered(it, 'recheck', FIRST, { from: it.world.actors.stranger }));
    expect(sent(recheck)[0]?.op).toBe('vaultRegistry');
  });

  test('ends a listing also when the registrar has less than its reserve', async () => {
    await givenStatus(listed);
    (await it.world.chain.getContract(it.registrar.address)).balance = STAKE + 1n;
    await deliver(it.world, failed(it, true, FIRST, { value: toNano('0.02') }));
    expect(await statusOf(it)).toBe(closing);
    expect(await balanceOf(it.world, it.registrar.address)).toBeGreaterThan(STAKE);
  });

  test.each([requested, listed, refused, closing, wasRevoked])(
    'for a removal changes nothing of status %i',
    async (status) => {
      await givenStatus(status, 5);
      const before = await dataOf(it.world, it.registrar.address);
      const result = await accepted(it, failed(it, false));
      expect(sent(result).map(({ op }) => op)).toEqual(['stakeExcess']);
      expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
    },
  );

  test.each([refused, closing, wasRevoked])('that comes late changes nothing of status %i', async (status) => {
    await givenStatus(status, 5);
    const before = await dataOf(it.world, it.registrar.address);
    await accepted(it, failed(it, true));
    expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
  });

  test('for a number that is gone changes nothing', async () => {
    for (const seqno of [FIRST + 1, 1]) {
      const before = await dataOf(it.world, it.registrar.address);
      const result = await accepted(it, failed(it, true, seqno));
      expect(sent(result)).toEqual([]);
      expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
    }
  });
});

describe('registry_revoked', () => {
  test.each([requested, listed])('ends a listing of status %i and has it removed once more', async (status) => {
    await givenStatus(status);
    const result = await accepted(it, revoked(it));
    const [removal, rest, ...more] = sent(result);
    expect(more).toEqual([]);
    expect(removal?.op).toBe('vaultRegistry');
    expect(rest?.to.equals(it.vault.address)).toBe(true);
    const unlockAt = it.world.now() + TERMS.closeDelay;
    expect((await storageOf(it)).listings.get(FIRST)).toMatchObject({ status: wasRevoked, unlockAt, stake: STAKE });
    it.world.advance(TERMS.closeDelay);
    await accepted(it, numbered(it, 'withdraw'));
  });

  test.each([refused, closing, wasRevoked])('starts no other delay for status %i', async (status) => {
    await givenStatus(status, it.world.now() + 5);
    const before = await dataOf(it.world, it.registrar.address);
    const result = await accepted(it, revoked(it));
    expect(sent(result).map(({ op }) => op)).toEqual(['stakeExcess']);
    expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
  });

  test('for a number that is gone changes nothing', async () => {
    const before = await dataOf(it.world, it.registrar.address);
    await accepted(it, revoked(it, FIRST + 1));
    expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
  });

  test('ends the listing also with too few coins for the removal', async () => {
    const result = await accepted(it, revoked(it, FIRST, { value: toNano('0.005') }));
    expect(sent(result).map(({ op }) => op)).toEqual(['stakeExcess']);
    expect(await statusOf(it)).toBe(wasRevoked);
  });
});

describe('terms', () => {
  const change = (terms: Partial<RegistrarTerms>, from: Attempt['from'] = it.vault): Attempt => ({
    from,
    to: it.registrar.address,
    value: toNano('0.1'),
    body: registrarBodies.registrarSetTerms({ queryId: 3n, terms: { ...TERMS, ...terms } }),
  });

  test('change for what comes, and no record changes', async () => {
    const before = await storageOf(it);
    const terms = { minStake: toNano('20'), rent: 5n, period: DAY, closeDelay: 3_600, maxListings: 3, paused: true };
    const result = await accepted(it, change(terms));
    const [rest, ...more] = sent(result);
    expect(more).toEqual([]);
    expect(rest).toMatchObject({ op: 'stakeExcess', bounce: false, mode: 130 });
    expect(rest?.to.equals(it.vault.address)).toBe(true);
    const expected = packRegistrarData({ ...before, terms });
    expect((await dataOf(it.world, it.registrar.address)).equals(expected)).toBe(true);
  });

  const bounds: [string, Partial<RegistrarTerms>, Partial<RegistrarTerms>][] = [
    ['stakes of at least 1 TON', { minStake: toNano('1') - 1n }, { minStake: toNano('1') }],
    ['stakes of at most 100 000 TON', { minStake: toNano('100000') + 1n }, { minStake: toNano('100000') }],
    ['rent of at most 1 000 TON', { rent: toNano('1000') + 1n }, { rent: toNano('1000') }],
    ['periods of at least a day', { period: DAY - 1 }, { period: DAY }],
    ['periods of at most 366 days', { period: 366 * DAY + 1 }, { period: 366 * DAY }],
    ['delays of at least an hour', { closeDelay: 3_599 }, { closeDelay: 3_600 }],
    ['delays of at most 30 days', { closeDelay: 30 * DAY + 1 }, { closeDelay: 30 * DAY }],
    ['at most 256 listings', { maxListings: 257 }, { maxListings: 256 }],
  ];
  test.each(bounds)('may have %s', async (_name, beyond, at) => {
    await expectRejection(it.world, change(beyond), ExitCode.badTerms);
    await accepted(it, change(at));
  });

  test('must be terms and nothing else', async () => {
    const good = change({});
    for (const body of [headerOnly(Op.registrarSetTerms), withTrailingBit(good.body), withTrailingRef(good.body)]) {
      await expectRejection(it.world, { ...good, body }, ExitCode.tvmCellUnderflow);
    }
    const inner = good.body.refs[0]!;
    for (const cell of [withTrailingBit(inner), withTrailingRef(inner), beginCell().endCell()]) {
      const body = beginCell().storeBits(good.body.bits).storeRef(cell).endCell();
      await expectRejection(it.world, { ...good, body }, ExitCode.tvmCellUnderflow);
    }
  });
});

test('nobody but the Vault is believed, not even an operator or an address that ends alike', async () => {
  const lookalike = new Address(-1, it.vault.address.hash);
  const setTerms = registrarBodies.registrarSetTerms({ queryId: 3n, terms: TERMS });
  const senders = [it.operator, it.world.actors.stranger, lookalike, new Address(0, hashOf('somebody'))];
  for (const from of senders) {
    const forged = [
      failed(it, true, FIRST, { from }),
      failed(it, false, FIRST, { from }),
      revoked(it, FIRST, { from }),
      failed(it, true, FIRST, { from, body: setTerms }),
    ];
    for (const message of forged) {
      if (from === lookalike) {
        const before = await dataOf(it.world, it.registrar.address);
        const result = await deliver(it.world, message);
        expect(txOf(result, it.registrar.address).description).toMatchObject({
          computePhase: { exitCode: ExitCode.notVault },
        });
        expect((await dataOf(it.world, it.registrar.address)).equals(before)).toBe(true);
      } else await expectRejection(it.world, message, ExitCode.notVault);
    }
  }
});

test("the Vault's messages are refused when too short or too long", async () => {
  for (const good of [failed(it, true), revoked(it)]) {
    const op = good.body.beginParse().loadUint(32);
    for (const body of [headerOnly(op), withTrailingBit(good.body), withTrailingRef(good.body)]) {
      await expectRejection(it.world, { ...good, body }, ExitCode.tvmCellUnderflow);
    }
  }
});

describe('where no Vault is', () => {
  let nowhere: RegistrarWorld;
  beforeAll(async () => {
    nowhere = await createRegistrarWorld({ vault: new Address(0, hashOf('no vault')) });
  });
  const first = async () => {
    const { next } = await storageOf(nowhere);
    const result = await deliver(nowhere.world, listing(nowhere));
    const bounced = txsOf(result, nowhere.registrar.address)[1]!;
    expect(isBounce(bounced.inMessage!)).toBe(true);
    return { seqno: next, bounced };
  };

  test('a first listing is refused at once, its stake free, what came back goes to the operator', async () => {
    const before = await balanceOf(nowhere.world, nowhere.registrar.address);
    const { seqno, bounced } = await first();
    expect(await statusOf(nowhere, seqno)).toBe(refused);
    const [rest] = sentBy(bounced);
    expect(rest?.to.equals(nowhere.operator.address)).toBe(true);
    const { result, gain } = await conserving(nowhere.world, () =>
      deliver(nowhere.world, numbered(nowhere, 'withdraw', seqno)),
    );
    expect(sentBy(txOf(result, nowhere.registrar.address))[0]?.value).toBe(STAKE);
    expect(gain(nowhere.registrar.address)).toBe(-STAKE);
    expect(await balanceOf(nowhere.world, nowhere.registrar.address)).toBe(before + toNano('0.05'));
  });

  test('an open listing stays as it is, can be unlisted, and its stake comes back', async () => {
    const { seqno } = await first();
    const open = { status: listed, owner: nowhere.operator.address };
    await givenListings(nowhere, new Map([[seqno, listingOf(nowhere, open)]]));
    for (const message of [numbered(nowhere, 'recheck', seqno), update(nowhere, { seqno })]) {
      await deliver(nowhere.world, message);
      expect(await statusOf(nowhere, seqno)).toBe(listed);
    }
    await deliver(nowhere.world, numbered(nowhere, 'unlist', seqno));
    expect(await statusOf(nowhere, seqno)).toBe(closing);
    await deliver(nowhere.world, numbered(nowhere, 'recheck', seqno));
    expect(await statusOf(nowhere, seqno)).toBe(closing);
    nowhere.world.advance(TERMS.closeDelay);
    await deliver(nowhere.world, numbered(nowhere, 'withdraw', seqno));
    expect(await statusOf(nowhere, seqno)).toBeUndefined();
    // What is gone can be removed from the root all the same; what comes back for it stays here.
    const { result } = await conserving(nowhere.world, () =>
      deliver(nowhere.world, numbered(nowhere, 'recheck', seqno)),
    );
    expect(sentBy(txsOf(result, nowhere.registrar.address)[1]!)).toEqual([]);
  });
});
