import { readFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { beginCell } from '@ton/core';
import fc from 'fast-check';
import {
  CellFormatError,
  CocoonRegistrar,
  initialRegistrarData,
  type Listing,
  packRegistrarData,
  parseRegistrarData,
  registrarBodies,
} from '../../wrappers';
import * as any from '../support/arbitraries';
import { addr, int, methodId, stackOf } from '../support/getters';
import {
  accepted,
  createRegistrarWorld,
  FIRST,
  listing,
  listingOf,
  PROXY,
  RENT,
  type RegistrarWorld,
  STAKE,
  statusOf,
  storageOf,
  TERMS,
} from '../support/registrar-world';
import { startEachTestFrom } from '../support/world';

/** The registrar's builders, readers and get methods. */

let it: RegistrarWorld;
startEachTestFrom(async () => {
  it = await createRegistrarWorld();
  return it.world;
});

test('operation codes are the CRC-32 of their TL-B lines', () => {
  const source = readFileSync(path.join(__dirname, '../../contracts/messages/registrar.tact'), 'utf8');
  const lines = [...source.matchAll(/^\/\/ TL-B: (\w+)#([0-9a-f]{8}) (.* = InternalMsgBody);$/gm)];
  expect(lines).toHaveLength(9);
  for (const [, name, op, rest] of lines) {
    const crc = crc32(`${name} ${rest}`);
    const isReply = name === 'listing_requested';
    expect(Number.parseInt(op!, 16)).toBe((isReply ? crc | 0x80000000 : crc & 0x7fffffff) >>> 0);
  }
});

test('every operation can be sent by the wrapper with its default value', async () => {
  const { registrar, operator, otherOperator, world, vault } = it;
  const [via, other] = [operator.getSender(), otherOperator.getSender()];
  const options = { ...PROXY, stake: STAKE, periods: 1, rentPerPeriod: RENT };
  await registrar.sendList(via, options);
  await registrar.sendList(other, options);
  await registrar.sendUpdate(via, { seqno: FIRST, ...PROXY, endpoint: '10.9.9.9:9' });
  await registrar.sendPayRent(other, { seqno: FIRST, periods: 2, rentPerPeriod: RENT });
  await registrar.sendRecheck(other, { seqno: FIRST + 1 });
  expect(await registrar.getListing(FIRST)).toMatchObject({
    ...{ stake: STAKE, closeDelay: TERMS.closeDelay, status: 1, unlockAt: 0, endpoint: '10.9.9.9:9' },
    ...{ imageHash: PROXY.imageHash, paidUntil: world.now() + 3 * TERMS.period },
  });
  await registrar.sendUnlist(via, { seqno: FIRST });
  world.advance(TERMS.period);
  await registrar.sendEvict(via, { seqno: FIRST + 1 });
  await registrar.sendWithdraw(via, { seqno: FIRST });
  expect([await statusOf(it, FIRST), await statusOf(it, FIRST + 1)]).toEqual([undefined, 3]);
  const terms = { ...TERMS, paused: true };
  const change = CocoonRegistrar.buildSetTerms(registrar.address, { terms });
  await vault.send({ to: change.to, value: change.value, body: change.body });
  expect((await registrar.getData()).terms).toEqual(terms);
  expect((await registrar.getStorage()).listings.size).toBe(1);
  await expect(registrar.getListing(FIRST)).rejects.toThrow('1191');
});

test('get_registrar_data answers its ten fields in order', async () => {
  await accepted(it, listing(it));
  const stack = await stackOf(it.world, it.registrar.address, methodId('get_registrar_data'));
  const numbers = [STAKE, FIRST + 1, 1, TERMS.minStake, RENT, TERMS.period, TERMS.closeDelay, 256, 0];
  expect(stack).toEqual([addr(it.vault.address), ...numbers.map(int)]);
  const { listings: _, vault, ...data } = await storageOf(it);
  const info = await it.registrar.getData();
  expect({ ...info, vault: info.vault.toString() }).toEqual({ ...data, vault: vault.toString() });
});

test('a deployment carries code and data, and a top-up does not', () => {
  const init = {
    code: beginCell().endCell(),
    data: packRegistrarData(initialRegistrarData({ vault: it.vault.address })),
  };
  expect(CocoonRegistrar.buildTopUp(it.registrar.address, { init }).init).toBe(init);
  expect(CocoonRegistrar.buildTopUp(it.registrar.address)).not.toHaveProperty('init');
});

const listings = fc
  .array(
    fc.record({ seqno: any.u32, stake: any.coins, unlockAt: any.u32, status: fc.constantFrom(0, 1, 2, 3, 4 as const) }),
  )
  .map((all) => new Map(all.map(({ seqno, ...rest }): [number, Listing] => [seqno, listingOf(it, rest)])));

test('data survive packing and parsing', () => {
  fc.assert(
    fc.property(any.address, any.coins, any.u32, listings, (vault, held, next, all) => {
      const cell = packRegistrarData({ vault, held, next, count: all.size, terms: TERMS, listings: all });
      expect(packRegistrarData(parseRegistrarData(cell)).equals(cell)).toBe(true);
    }),
    { numRuns: 50, seed: 2 },
  );
});

test('the reader throws nothing but CellFormatError', () => {
  const good = listings.map((all) =>
    packRegistrarData({ ...initialRegistrarData({ vault: it.vault.address }), listings: all, count: all.size }),
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(any.cell, any.damaged(good)), (cell) => {
      try {
        parseRegistrarData(cell);
      } catch (error) {
        expect(error).toBeInstanceOf(CellFormatError);
        refused += 1;
      }
    }),
    { numRuns: 400, seed: 2 },
  );
  expect(refused).toBeGreaterThan(20);
});

test('builders name the field that does not fit', () => {
  const good = { queryId: 1n, stake: 1n, periods: 1, ...PROXY };
  expect(() => registrarBodies.registrarList({ ...good, periods: 256 })).toThrow('periods');
  expect(() => registrarBodies.registrarList({ ...good, stake: -1n })).toThrow('stake');
  expect(() => registrarBodies.registrarList({ ...good, endpoint: 'nowhere' })).toThrow('endpoint: "nowhere" is not');
  expect(() => registrarBodies.registrarList({ ...good, imageHash: Buffer.alloc(31) })).toThrow('imageHash');
  const terms = { ...TERMS, maxListings: 65_536 };
  expect(() => registrarBodies.registrarSetTerms({ queryId: 1n, terms })).toThrow('maxListings');
});
