import { readFileSync } from 'node:fs';
import path from 'node:path';
import { toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { type Listing, ListingStatus } from '../../wrappers';
import { configAt, gasFee, PRICES } from '../support/price-sets';
import {
  createRegistrarWorld,
  FIRST,
  failed,
  givenListings,
  listing,
  listingOf,
  numbered,
  payRent,
  RENT,
  type RegistrarWorld,
  revoked,
  STAKE,
  update,
} from '../support/registrar-world';
import { type Attempt, deliver } from '../support/rejection';
import { computeSkipped, exitCodeOf, forwardFeesOf, isBounce, txOf } from '../support/trace';
import { balanceOf, type Checkpoint, checkpoint, dataOf } from '../support/world';

/** What the registrar's operations take, and that none is ever done by half, whatever is attached. */

const source = readFileSync(path.join(__dirname, '../../contracts/dao/registrar-sending.tact'), 'utf8');
const constant = (name: string) =>
  BigInt(new RegExp(`^const ${name}: Int = ([0-9_]+);$`, 'm').exec(source)![1]!.replaceAll('_', ''));
const REGISTRAR_GAS = constant('REGISTRAR_GAS');

/** So much of the constant may be used up. */
const PERCENT = 92n;
/** As long as an endpoint may be, so that checking it takes as much as it may. */
const LONGEST = `${'x'.repeat(33)}:65535 ${'y'.repeat(32)}:65535`;
const LAST = FIRST + (1 << 20);

/**
 * As many listings as there may be, less one, numbered so that the paths to them are as long as 1 048 576 listings in a row
 * can make them; the one that is operated on lies deepest.
 */
function fullRegistrar(it: RegistrarWorld, change: Partial<Listing>): Map<number, Listing> {
  const deep = Array.from({ length: 20 }, (_, bit) => LAST ^ (1 << bit));
  const dense = Array.from({ length: 240 }, (_, index) => FIRST + index);
  const numbers = [LAST, ...new Set([...deep.filter((seqno) => seqno >= FIRST), ...dense])].slice(0, 255);
  const other = listingOf(it, { endpoint: LONGEST, owner: it.otherOperator.address });
  return new Map(
    numbers.map((seqno) => [seqno, seqno === LAST ? listingOf(it, { endpoint: LONGEST, ...change }) : other]),
  );
}

interface Operation {
  name: string;
  before: (it: RegistrarWorld) => Partial<Listing>;
  message: (it: RegistrarWorld) => Attempt;
  /** nanoTON that it moves besides fees */
  moves?: bigint;
}
const paid = () => ({ status: ListingStatus.listed });
const overdue = (it: RegistrarWorld) => ({ status: ListingStatus.listed, paidUntil: it.world.now() });
const over = () => ({ status: ListingStatus.closing, unlockAt: 1 });

const OPERATIONS: Operation[] = [
  { name: 'list', before: paid, message: (it) => listing(it, { endpoint: LONGEST }), moves: STAKE + RENT },
  { name: 'update', before: paid, message: (it) => update(it, { seqno: LAST, endpoint: LONGEST }) },
  { name: 'pay rent', before: paid, message: (it) => payRent(it, 1, { seqno: LAST }), moves: RENT },
  { name: 'unlist', before: paid, message: (it) => numbered(it, 'unlist', LAST) },
  { name: 'evict', before: overdue, message: (it) => numbered(it, 'evict', LAST) },
  { name: 'recheck', before: paid, message: (it) => numbered(it, 'recheck', LAST) },
  { name: 'recheck of what has ended', before: over, message: (it) => numbered(it, 'recheck', LAST) },
  { name: 'withdraw', before: over, message: (it) => numbered(it, 'withdraw', LAST) },
];

async function expectBelow(
  it: RegistrarWorld,
  result: SendMessageResult,
  price: (gas: bigint) => bigint,
): Promise<void> {
  const tx = txOf(result, it.registrar.address);
  expect(exitCodeOf(tx)).toBe(0);
  const { computePhase } = tx.description as { computePhase: { gasFees: bigint } } & typeof tx.description;
  const taken = computePhase.gasFees + forwardFeesOf(tx);
  expect(taken * 100n).toBeLessThan(price(REGISTRAR_GAS) * PERCENT);
}

describe.each(PRICES)('at %s prices', (prices) => {
  let it: RegistrarWorld;
  let fresh: Checkpoint;
  const price = (gas: bigint) => gasFee(configAt(prices), gas);
  beforeAll(async () => {
    it = await createRegistrarWorld({ prices });
    fresh = checkpoint(it.world);
  });
  beforeEach(() => fresh.restore());

  test.each(OPERATIONS)('$name takes clearly less than REGISTRAR_GAS with a full registrar', async (operation) => {
    await givenListings(it, fullRegistrar(it, operation.before(it)));
    const message = { ...operation.message(it), value: toNano('100') };
    await expectBelow(it, await deliver(it.world, message), price);
  });

  test.each([
    ['a refusal', (it: RegistrarWorld) => failed(it, true, LAST)],
    ['a revocation', (it: RegistrarWorld) => revoked(it, LAST)],
  ] as const)('%s takes clearly less than REGISTRAR_GAS with a full registrar', async (_name, message) => {
    await givenListings(it, fullRegistrar(it, paid()));
    await expectBelow(it, await deliver(it.world, { ...message(it), value: toNano('10') }), price);
  });

  test.each(OPERATIONS)(
    '$name is done in full or not at all, from nothing to twice what it needs',
    async (operation) => {
      await givenListings(it, fullRegistrar(it, operation.before(it)));
      const start = checkpoint(it.world);
      const fees = await it.registrar.getOperationValue();
      const steps = 12n;
      let done = 0;
      for (let step = 0n; step <= steps; step += 1n) {
        await start.restore();
        const value = (2n * (fees + (operation.moves ?? 0n)) * step) / steps + 1n;
        if (await isDone(it, { ...operation.message(it), value })) done += 1;
      }
      expect(done).toBeGreaterThan(2);
      expect(done).toBeLessThan(12);
    },
  );
});

/** Either all of it, or nothing and the value comes back; and the stakes are always there. */
async function isDone(it: RegistrarWorld, message: Attempt): Promise<boolean> {
  const before = await dataOf(it.world, message.to);
  const coins = await balanceOf(it.world, message.to);
  const result = await deliver(it.world, message);
  const tx = txOf(result, message.to);
  const after = await dataOf(it.world, message.to);
  const slice = after.beginParse();
  slice.loadAddress();
  const held = slice.loadCoins();
  expect(await balanceOf(it.world, message.to)).toBeGreaterThanOrEqual(held);
  if (!computeSkipped(tx) && exitCodeOf(tx) === 0) {
    expect(tx.outMessages.values().some(isBounce)).toBe(false);
    return true;
  }
  expect(after.equals(before)).toBe(true);
  // What does not even pay for its way back stays.
  const kept = (await balanceOf(it.world, message.to)) - coins;
  expect(kept).toBe(computeSkipped(tx) && tx.outMessages.size === 0 ? message.value : 0n);
  return false;
}
