import { toNano } from '@ton/core';
import { bodies, ExitCode, type VaultSpend } from '../../wrappers';
import {
  actsOf,
  createVaultWorld,
  DAY,
  exitsOf,
  given,
  makeReady,
  pay,
  payments,
  setTreasury,
  TREASURY,
  tell,
  type VaultWorld,
} from '../support/vault-world';
import { startEachTestFrom } from '../support/world';

/** Normal operations spend a share of the treasury within any seven days, however many they are (E8, A6). */

let it: VaultWorld;
let act: ReturnType<typeof actsOf>;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  act = actsOf(it);
  return it.world;
});

const CAP = (TREASURY * 500n) / 10_000n;

/** A normal payment that is ready; the treasury then is exactly so much. */
async function ready(id: number, value: bigint, treasury = TREASURY) {
  const actions = [pay(it.people.payee.address, value)];
  await makeReady(it, id, actions, { class: 'normal' });
  await setTreasury(it, treasury);
  return () => act.execute(id, actions).then((result) => exitsOf(it, result));
}

const spends = async () => (await it.vault.getStorage()).spends;
const givenSpends = (list: VaultSpend[]) => given(it, { spends: list });

describe('the cap', () => {
  test('is met to the nanoTON', async () => {
    const tooMuch = await ready(1, CAP + 1n);
    expect(await tooMuch()).toEqual([ExitCode.spendCap]);
    const all = await ready(2, CAP);
    expect(await all()).toEqual([0]);
    expect(await spends()).toEqual([{ at: it.world.now(), amount: CAP }]);
    expect(await it.vault.getSpending()).toEqual({ spent: CAP, left: 0n, count: 1 });
  });

  test('is a share of what the treasury would have without the spends', async () => {
    const first = await ready(1, CAP - 5n);
    const second = await ready(2, 6n);
    const third = await ready(3, 5n);
    await setTreasury(it, TREASURY);
    expect(await first()).toEqual([0]);
    await setTreasury(it, TREASURY - CAP + 5n);
    expect(await second()).toEqual([ExitCode.spendCap]);
    expect(await third()).toEqual([0]);
  });

  test('holds over many small operations', async () => {
    const part = CAP / 8n;
    for (let id = 1; id <= 8; id += 1) {
      await act.schedule(id, [pay(it.people.payee.address, part)], { class: 'normal' });
    }
    await act.schedule(9, [pay(it.people.payee.address, 1n)], { class: 'normal' });
    it.world.advance(2 * DAY);
    await setTreasury(it, TREASURY);
    for (let id = 1; id <= 8; id += 1) {
      expect(exitsOf(it, await act.execute(id, [pay(it.people.payee.address, part)]))).toEqual([0]);
    }
    expect(await it.vault.getSpending()).toEqual({ spent: CAP, left: 0n, count: 8 });
    expect(exitsOf(it, await act.execute(9, [pay(it.people.payee.address, 1n)]))).toEqual([ExitCode.spendCap]);
  });

  test('counts all actions of an operation but those to the root', async () => {
    const { payee, otherPayee } = it.people;
    const root = tell(
      it.root.address,
      bodies.rootAddModelType({ queryId: 1n, hash: Buffer.alloc(32, 5) }),
      toNano('1'),
    );
    const parts = [pay(payee.address, CAP - 7n), root, pay(otherPayee.address, 7n)];
    await makeReady(it, 1, parts, { class: 'normal' });
    await setTreasury(it, TREASURY);
    const result = await act.execute(1, parts);
    expect(exitsOf(it, result)[0]).toBe(0);
    expect(await spends()).toEqual([{ at: it.world.now(), amount: CAP }]);
  });

  test('has no part in critical operations, nor in what goes to the root alone', async () => {
    const actions = payments(it.people.payee.address, 3, CAP);
    await makeReady(it, 1, actions, { class: 'critical' });
    expect(exitsOf(it, await act.execute(1, actions))[0]).toBe(0);
    const root = [
      tell(it.root.address, bodies.rootDelModelType({ queryId: 1n, hash: Buffer.alloc(32, 5) }), toNano('1')),
    ];
    await makeReady(it, 2, root, { class: 'normal' });
    expect(exitsOf(it, await act.execute(2, root))[0]).toBe(0);
    expect(await spends()).toEqual([]);
  });

  test('of nothing lets nothing go', async () => {
    const limits = { ...(await it.vault.getData()).limits, spendCapBps: 0 };
    const one = await ready(1, 1n);
    await given(it, { limits });
    expect(await one()).toEqual([ExitCode.spendCap]);
  });
});

describe('seven days', () => {
  test('a spend counts to the last second, and then no more', async () => {
    const next = await ready(1, CAP);
    const { now } = it.world;
    await givenSpends([{ at: now() - 7 * DAY + 1, amount: CAP }]);
    expect(await next()).toEqual([ExitCode.spendCap]);
    it.world.advance(1);
    await setTreasury(it, TREASURY);
    expect(await next()).toEqual([0]);
    expect(await spends()).toEqual([{ at: now(), amount: CAP }]);
  });

  test('each spend leaves on its own', async () => {
    const { now } = it.world;
    const next = await ready(1, 3n);
    const old = { at: now() - 7 * DAY, amount: 10n };
    const younger = { at: now() - 7 * DAY + 1, amount: 20n };
    const newest = { at: now() - 5, amount: 30n };
    await givenSpends([old, younger, newest]);
    expect(await it.vault.getSpending()).toMatchObject({ spent: 50n, count: 2 });
    expect(await next()).toEqual([0]);
    expect(await spends()).toEqual([younger, newest, { at: now(), amount: 3n }]);
  });
});

describe('ten spends', () => {
  const TON = toNano('1');
  const ten = () => Array.from({ length: 10 }, (_, index) => ({ at: it.world.now() - DAY + index, amount: TON }));

  test('are kept; an eleventh joins the newest, which counts from now', async () => {
    const next = await ready(1, 5n);
    const before = ten();
    await givenSpends(before);
    expect(await next()).toEqual([0]);
    expect(await spends()).toEqual([...before.slice(0, 9), { at: it.world.now(), amount: TON + 5n }]);
  });

  test('nine make room for a tenth', async () => {
    const next = await ready(1, 5n);
    const before = ten().slice(1);
    await givenSpends(before);
    expect(await next()).toEqual([0]);
    expect(await spends()).toEqual([...before, { at: it.world.now(), amount: 5n }]);
  });

  test('of all the coins there are fit their cell', async () => {
    const all = 5_000_000_000_000_000_000n;
    const next = await ready(1, 5n, all);
    const before = ten().map(({ at }) => ({ at, amount: all / 100n }));
    await givenSpends(before);
    expect(await next()).toEqual([ExitCode.spendCap]);
    await givenSpends(before.slice(0, 3));
    expect(await next()).toEqual([0]);
  });
});
