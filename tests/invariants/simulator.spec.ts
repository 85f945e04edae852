jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { beginCell, toNano } from '@ton/core';
import { ExitCode } from '../../wrappers';
import { type Delivery, MessagePool, noBody } from '../support/message-pool';
import { chainAt, PRICES } from '../support/price-sets';
import { START } from '../support/world';
import { people, proxy } from './cast';
import { BUSINESS, scenarios } from './operations';
import { play } from './play';
import { sampled } from './property';

/** What the other specs here rely on. */
describe('the simulated network', () => {
  const { alice, bob, wanda } = people;

  async function newPool(): Promise<MessagePool> {
    const pool = new MessagePool(await chainAt('current'), START);
    pool.addContract(proxy.address);
    return pool;
  }

  async function drained(pool: MessagePool, pick = 0): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    while (pool.size > 0) deliveries.push((await pool.deliver(pick))!);
    return deliveries;
  }

  test('keeps the order between two accounts and no other', async () => {
    const pool = await newPool();
    const say = (from: typeof alice, value: bigint) => pool.send(from, { to: wanda, value, body: noBody });
    say(alice, 1n);
    say(alice, 2n);
    say(bob, 3n);
    const values = (await drained(pool, 1)).map(({ message }) => message.info.value.coins);
    expect(values).toEqual([3n, 1n, 2n]);
  });

  test('returns what an account without code cannot take, less the fees, and counts every coin', async () => {
    const pool = await newPool();
    pool.send(alice, { to: proxy.address, value: toNano('1'), body: noBody });
    const [refusal, bounce] = await drained(pool);
    expect(refusal).toMatchObject({ ok: false, exitCode: undefined });
    expect(bounce?.message.info).toMatchObject({ bounced: true });
    expect(bounce?.cause).toBe(refusal);
    expect(pool.balanceOf(alice)).toBe(-pool.fees);
    expect(pool.total()).toBe(0n);
  });

  test('brings whole bodies back to whoever asks for it', async () => {
    const pool = await newPool();
    pool.send(proxy.owner, { to: proxy.address, value: toNano('1'), body: noBody, init: proxy.init });
    const body = beginCell().storeUint(0x12345678, 32).storeUint(7, 64).storeRef(noBody).endCell();
    pool.send(alice, { to: proxy.address, value: toNano('1'), body, extraFlags: 3n });
    const [, refusal, bounce] = await drained(pool);
    expect(refusal).toMatchObject({ ok: false, exitCode: ExitCode.unknownOp });
    const answer = bounce!.message.body.beginParse();
    expect(answer.loadUint(32)).toBe(0xfffffffe);
    expect(answer.loadRef().equals(body)).toBe(true);
  });

  test('charges rent for years, and ten times as much at ten times the price', async () => {
    const rents: bigint[] = [];
    for (const prices of PRICES) {
      const pool = new MessagePool(await chainAt(prices), START);
      pool.addContract(proxy.address);
      pool.send(proxy.owner, { to: proxy.address, value: toNano('5'), body: noBody, init: proxy.init });
      await drained(pool);
      pool.now += 31_536_000;
      pool.send(alice, { to: proxy.address, value: toNano('1'), body: noBody });
      rents.push((await drained(pool))[0]!.rent);
    }
    const [today, before, tenfold] = rents;
    expect(today).toBeGreaterThan(0n);
    expect(before).toBeGreaterThan(today!);
    // Each is rounded up to a whole nanoTON.
    expect(before! * 10n - tenfold!).toBeLessThan(10n);
    expect(tenfold).toBeLessThanOrEqual(before! * 10n);
  });

  test('does the same again for the same scenario, to the last fee', async () => {
    for (const scenario of sampled(scenarios(BUSINESS, { steps: 40 }), 2)) {
      const [one, other] = [await play(scenario, HONEST), await play(scenario, HONEST)];
      expect(String(other.story)).toBe(String(one.story));
      expect(other.pool.fees).toBe(one.pool.fees);
      expect(one.pool.fees).toBeGreaterThan(0n);
    }
  });
});

const HONEST = { keyIsHonest: true, checked: false };
