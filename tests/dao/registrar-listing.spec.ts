import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, ExitCode, InvalidFieldError, ListingStatus, Op, registrarBodies } from '../../wrappers';
import { withTrailingBit, withTrailingRef } from '../support/bodies';
import { conserving } from '../support/conservation';
import { hashOf } from '../support/keys';
import {
  accepted,
  createRegistrarWorld,
  DAY,
  FIRST,
  given,
  givenListings,
  givenTerms,
  listing,
  listingOf,
  PROXY,
  payRent,
  RENT,
  type RegistrarWorld,
  STAKE,
  storageOf,
  TERMS,
  update,
} from '../support/registrar-world';
import { deliver, expectRejection } from '../support/rejection';
import { reservesOf, sentBy, txOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

/** How a proxy gets onto the list, stays there and changes. */

let it: RegistrarWorld;
startEachTestFrom(async () => {
  it = await createRegistrarWorld();
  return it.world;
});

const put = (seqno: number, proxy = PROXY): Cell =>
  bodies.rootPutProxy({ queryId: (1n << 32n) + BigInt(seqno), seqno, ...proxy });
const vaultRegistry = (number: bigint, body: Cell): Cell =>
  beginCell().storeUint(Op.vaultRegistry, 32).storeUint(number, 64).storeRef(body).endCell();

describe('a listing', () => {
  test("keeps the stake, sends the rent and the root's message to the Vault, and tells its number with the rest", async () => {
    const before = await balanceOf(it.world, it.registrar.address);
    const { result, gain } = await conserving(it.world, () => deliver(it.world, listing(it)));
    const tx = txOf(result, it.registrar.address);
    const [rent, registry, rest, ...more] = sentBy(tx);
    expect(more).toEqual([]);
    expect(rent).toMatchObject({ op: 'topUp', value: RENT, bounce: false, mode: 17 });
    expect(registry).toMatchObject({ op: 'vaultRegistry', bounce: true, mode: 17 });
    for (const message of [rent, registry]) expect(message?.to.equals(it.vault.address)).toBe(true);
    expect(registry!.body.equals(vaultRegistry((1n << 32n) + BigInt(FIRST), put(FIRST)))).toBe(true);
    expect(rest).toMatchObject({ op: 'listingRequested', bounce: false, mode: 130 });
    expect(rest?.to.equals(it.operator.address)).toBe(true);
    expect(rest?.body.equals(registrarBodies.listingRequested({ queryId: 7n, seqno: FIRST }))).toBe(true);
    expect(gain(it.registrar.address)).toBe(STAKE + toNano('0.05'));
    expect(reservesOf(tx)).toEqual([{ coins: before + STAKE + toNano('0.05'), mode: 16 }]);
  });

  test('is recorded with the terms of its day, under numbers that follow each other', async () => {
    await accepted(it, listing(it));
    await accepted(it, listing(it, { from: it.otherOperator, stake: STAKE + 1n, periods: 3, endpoint: '10.9.9.9:9' }));
    const data = await storageOf(it);
    expect(data).toMatchObject({ held: 2n * STAKE + 1n, next: FIRST + 2, count: 2 });
    const [first, second] = [data.listings.get(FIRST)!, data.listings.get(FIRST + 1)!];
    expect({ ...first, owner: first.owner.toString() }).toEqual({
      ...listingOf(it),
      owner: it.operator.address.toString(),
    });
    expect(second).toMatchObject({ stake: STAKE + 1n, endpoint: '10.9.9.9:9', status: ListingStatus.requested });
    expect(second.paidUntil).toBe(it.world.now() + 3 * TERMS.period);
    expect(second.owner.equals(it.otherOperator.address)).toBe(true);
  });

  test('may be one of several of the same operator', async () => {
    for (let n = 0; n < 3; n += 1) await accepted(it, listing(it));
    expect([...(await storageOf(it)).listings.keys()]).toEqual([FIRST, FIRST + 1, FIRST + 2]);
  });

  test('without rent sends none', async () => {
    await givenTerms(it, { rent: 0n });
    const result = await accepted(it, listing(it));
    expect(sentBy(txOf(result, it.registrar.address)).map(({ op }) => op)).toEqual([
      'vaultRegistry',
      'listingRequested',
    ]);
  });

  test('is refused below the least stake, and taken at it', async () => {
    await expectRejection(it.world, listing(it, { stake: STAKE - 1n }), ExitCode.lowStake);
    await accepted(it, listing(it));
  });

  test('is refused with a nanoTON less than get_listing_value says, and taken with it', async () => {
    const value = await it.registrar.getListingValue({ stake: STAKE, periods: 2 });
    await expectRejection(it.world, listing(it, { periods: 2, value: value - 1n }), ExitCode.lowMsgValue);
    await accepted(it, listing(it, { periods: 2, value }));
  });

  test('makes up for a reserve that rent has eaten: the stakes are never touched', async () => {
    await givenListings(it, new Map([[FIRST, listingOf(it)]]));
    const short = { address: it.registrar.address, balance: STAKE - 5n };
    const contract = await it.world.chain.getContract(short.address);
    contract.balance = short.balance;
    const value = await it.registrar.getListingValue({ stake: STAKE, periods: 1 });
    await expectRejection(it.world, listing(it, { value: value + toNano('0.05') + 4n }), ExitCode.lowMsgValue);
    await accepted(it, listing(it, { value: value + toNano('0.05') + 5n }));
    expect(await balanceOf(it.world, short.address)).toBe(2n * STAKE + toNano('0.1'));
  });

  test('is refused while the DAO has paused listings', async () => {
    await givenTerms(it, { paused: true });
    await expectRejection(it.world, listing(it), ExitCode.registrarPaused);
  });

  test('is refused when all places are taken, and taken on the last one', async () => {
    await givenTerms(it, { maxListings: 2 });
    await accepted(it, listing(it));
    await accepted(it, listing(it));
    await expectRejection(it.world, listing(it), ExitCode.registrarFull);
  });

  test('is refused when 256 are there, whatever the terms say', async () => {
    await given(it, { count: 256 });
    await givenTerms(it, { maxListings: 1_000 });
    await expectRejection(it.world, listing(it), ExitCode.registrarFull);
    await given(it, { count: 255 });
    await accepted(it, listing(it));
  });

  test('is refused for no period, and for more than two years ahead', async () => {
    const none = beginCell().storeUint(Op.registrarList, 32).storeUint(7, 64).storeCoins(STAKE).storeUint(0, 8);
    const body = none.storeBuffer(PROXY.imageHash).storeRef(endpointCell(PROXY.endpoint)).endCell();
    await expectRejection(it.world, listing(it, { body }), ExitCode.rentPeriods);
    expect(() => listing(it, { periods: 0 })).toThrow(InvalidFieldError);
    // 732 days: 24 periods of 30 days fit, 25 do not.
    await expectRejection(it.world, listing(it, { periods: 25 }), ExitCode.rentPeriods);
    await accepted(it, listing(it, { periods: 24 }));
  });

  test('is refused to an account outside the basechain', async () => {
    const from = new Address(-1, hashOf('masterchain'));
    const result = await deliver(it.world, listing(it, { from }));
    expect(txOf(result, it.registrar.address).description).toMatchObject({
      computePhase: { exitCode: ExitCode.badAddress },
    });
    expect((await storageOf(it)).count).toBe(0);
  });

  test('waits for its stake no longer than thirty days, whatever the terms say', async () => {
    await givenTerms(it, { closeDelay: 31 * DAY });
    await accepted(it, listing(it));
    expect((await storageOf(it)).listings.get(FIRST)?.closeDelay).toBe(30 * DAY);
  });
});

function endpointCell(text: string): Cell {
  return beginCell().storeUint(text.length, 8).storeBuffer(Buffer.from(text, 'latin1')).endCell();
}

describe('an endpoint', () => {
  const withEndpoint = (info: Cell): Cell =>
    beginCell()
      .storeUint(Op.registrarList, 32)
      .storeUint(7, 64)
      .storeCoins(STAKE)
      .storeUint(1, 8)
      .storeBuffer(PROXY.imageHash)
      .storeRef(info)
      .endCell();

  const good = ['1.1.1.1:1', '10.0.0.1:65535', 'a:80 b:81', '[10.0.0.1]:5222', `${'x'.repeat(72)}:65535`, '!:1 ~:9'];
  test.each(good)('may be "%s"', async (endpoint) => {
    await accepted(it, listing(it, { endpoint }));
    expect((await storageOf(it)).listings.get(FIRST)?.endpoint).toBe(endpoint);
  });

  const bad = [
    ...['', ':80', 'a', 'a:', 'a:0', 'a:080', 'a:65536', 'a:123456', 'a:8o', 'a:-1', 'a:80:1', 'a::80', 'a b:80'],
    ...['a:80 ', ' a:80', 'a:80  b:81', 'a:80 b', 'a:80 b:', 'a:80 :81', 'a:80 b:0', 'a:80 b:81 c:82', 'a: b:81'],
    ...['\ta:80', 'a\x7f:80', '\xe9:80', '\x00:80', 'a:80\nb:81', `${'x'.repeat(73)}:65535`],
  ];
  test.each(bad.map((text) => [JSON.stringify(text), text]))('may not be %s', async (_name, endpoint) => {
    await expectRejection(it.world, listing(it, { body: withEndpoint(endpointCell(endpoint!)) }), ExitCode.badEndpoint);
    expect(() => listing(it, { endpoint })).toThrow(InvalidFieldError);
  });

  test('must be text, and all of it', async () => {
    const other = beginCell().storeUint(0x81, 8).storeUint(65, 8).endCell();
    await expectRejection(it.world, listing(it, { body: withEndpoint(other) }), ExitCode.msgFormatMismatch);
    const text = endpointCell('a:80');
    for (const info of [withTrailingBit(text), withTrailingRef(text), beginCell().storeUint(5, 8).endCell()]) {
      await expectRejection(it.world, listing(it, { body: withEndpoint(info) }), ExitCode.tvmCellUnderflow);
    }
  });
});

describe('an update', () => {
  const other = { imageHash: hashOf('other image'), endpoint: '10.2.2.2:2' };
  beforeEach(async () => {
    await accepted(it, listing(it));
  });

  test('changes endpoint and image under the same number, and the root is told', async () => {
    const before = await storageOf(it);
    const { result, gain } = await conserving(it.world, () => deliver(it.world, update(it, other)));
    const [registry, rest, ...more] = sentBy(txOf(result, it.registrar.address));
    expect(more).toEqual([]);
    expect(registry!.body.equals(vaultRegistry((1n << 32n) + BigInt(FIRST), put(FIRST, other)))).toBe(true);
    expect(rest).toMatchObject({ op: 'stakeExcess', bounce: false, mode: 130 });
    expect(rest?.to.equals(it.operator.address)).toBe(true);
    expect(gain(it.registrar.address)).toBe(0n);
    const after = await storageOf(it);
    expect(after.listings.get(FIRST)).toMatchObject({ ...other, status: ListingStatus.listed });
    expect(after).toMatchObject({ held: before.held, next: before.next, count: 1 });
    expect(after.listings.get(FIRST)!.paidUntil).toBe(before.listings.get(FIRST)!.paidUntil);
  });

  test("is the operator's alone", async () => {
    for (const from of [it.otherOperator, it.vault, it.world.actors.stranger]) {
      await expectRejection(it.world, update(it, { from }), ExitCode.notOperator);
    }
  });

  test('needs a listing that is there and open', async () => {
    await expectRejection(it.world, update(it, { seqno: FIRST + 1 }), ExitCode.unknownListing);
    for (const status of [ListingStatus.refused, ListingStatus.closing, ListingStatus.revoked]) {
      await givenListings(it, new Map([[FIRST, listingOf(it, { status })]]));
      await expectRejection(it.world, update(it), ExitCode.listingState);
    }
  });

  test('needs listings that are not paused, and paid rent up to the last second', async () => {
    await givenTerms(it, { paused: true });
    await expectRejection(it.world, update(it), ExitCode.registrarPaused);
    await givenTerms(it, { paused: false });
    it.world.advance(TERMS.period - 1);
    await accepted(it, update(it));
    it.world.advance(1);
    await expectRejection(it.world, update(it), ExitCode.rentUnpaid);
  });

  test('needs a good endpoint and the value that get_operation_value says', async () => {
    const start = () => beginCell().storeUint(Op.registrarUpdate, 32).storeUint(7, 64).storeUint(FIRST, 32);
    const body = start().storeBuffer(PROXY.imageHash).storeRef(endpointCell('nowhere')).endCell();
    await expectRejection(it.world, update(it, { body }), ExitCode.badEndpoint);
    const value = await it.registrar.getOperationValue();
    await expectRejection(it.world, update(it, { value: value - 1n }), ExitCode.lowMsgValue);
    await accepted(it, update(it, { value }));
  });
});

describe('rent', () => {
  beforeEach(async () => {
    await accepted(it, listing(it));
  });
  const paidUntil = async () => (await storageOf(it)).listings.get(FIRST)!.paidUntil;

  test('may be paid by anybody; it goes to the Vault, and periods follow each other without a gap', async () => {
    const start = it.world.now();
    it.world.advance(TERMS.period + 3 * DAY);
    const { stranger } = it.world.actors;
    const { result, gain } = await conserving(it.world, () => deliver(it.world, payRent(it, 2, { from: stranger })));
    const [rent, rest] = sentBy(txOf(result, it.registrar.address));
    expect(rent).toMatchObject({ op: 'topUp', value: 2n * RENT, bounce: false, mode: 17 });
    expect(rest?.to.equals(stranger.address)).toBe(true);
    expect(gain(it.registrar.address)).toBeLessThanOrEqual(0n);
    expect(await paidUntil()).toBe(start + 3 * TERMS.period);
  });

  test('follows the terms of the day it is paid', async () => {
    await givenTerms(it, { rent: 2n * RENT, period: DAY });
    const before = await paidUntil();
    const result = await accepted(it, payRent(it, 1, { value: 2n * RENT + toNano('0.5') }));
    expect(sentBy(txOf(result, it.registrar.address))[0]?.value).toBe(2n * RENT);
    expect(await paidUntil()).toBe(before + DAY);
  });

  test('is refused for no period, beyond two years, with too little, and for what is not open', async () => {
    const none = beginCell()
      .storeUint(Op.registrarPayRent, 32)
      .storeUint(7, 64)
      .storeUint(FIRST, 32)
      .storeUint(0, 8)
      .endCell();
    await expectRejection(it.world, payRent(it, 1, { body: none }), ExitCode.rentPeriods);
    await expectRejection(it.world, payRent(it, 24), ExitCode.rentPeriods);
    await accepted(it, payRent(it, 23));
    const least = RENT + toNano('0.1');
    await expectRejection(it.world, payRent(it, 1, { value: least - 1n }), ExitCode.lowMsgValue);
    await expectRejection(it.world, payRent(it, 1, { seqno: FIRST + 1 }), ExitCode.unknownListing);
    for (const status of [ListingStatus.refused, ListingStatus.closing, ListingStatus.revoked]) {
      await givenListings(it, new Map([[FIRST, listingOf(it, { status })]]));
      await expectRejection(it.world, payRent(it, 1), ExitCode.listingState);
    }
  });

  test('may be paid with exactly what it takes while listings are paused', async () => {
    await givenTerms(it, { paused: true });
    await accepted(it, payRent(it, 1, { value: RENT + toNano('0.1') }));
  });
});

test('messages that are too short or too long are refused', async () => {
  await accepted(it, listing(it));
  for (const good of [listing(it), update(it), payRent(it, 1)]) {
    for (const body of [withTrailingBit(good.body), withTrailingRef(good.body)]) {
      await expectRejection(it.world, { ...good, body }, ExitCode.tvmCellUnderflow);
    }
  }
});
