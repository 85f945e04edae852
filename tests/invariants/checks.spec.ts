jest.mock('@ton/crypto', () => jest.requireActual('../support/native-hashing'));

import { type Address, beginCell, type Cell, Dictionary, toNano } from '@ton/core';
import { ExitCode, Op } from '../../wrappers';
import { noBody } from '../support/message-pool';
import { parseProxyState } from '../support/proxy-books';
import { CLIENT_DELAY, clients, contracts, people, proxy } from './cast';
import * as invariants from './invariants';
import { opNumber } from './observer';
import { perform, post } from './perform';
import { drain } from './play';
import { idOf, Scene } from './scene';

/** Each check finds the harm that it is there for, done by hand to a scene that is in order. */

const PROPER = { by: 'owner', value: 'fair', excessesTo: 'sender' } as const;
const TOKENS = 100_000_000n;

/** Everybody is there; alice has paid in 40 TON, used 2 and been charged for them; wanda has been paid. */
async function order(): Promise<{ scene: Scene; charge: NonNullable<Parameters<typeof invariants.check>[1]> }> {
  const scene = await Scene.create('current', true);
  for (const contract of contracts) {
    post(scene, { from: contract.owner, to: contract, coins: toNano('0.3'), says: 'deploys', body: noBody });
  }
  await drain(scene);
  perform(scene, { do: 'addStake', coins: toNano('15'), ...PROPER });
  perform(scene, { do: 'topUp', client: 'alice', coins: toNano('40'), ...PROPER });
  await drain(scene);
  perform(scene, { do: 'serve', client: 'alice', worker: 'wanda', tokens: TOKENS });
  perform(scene, { do: 'charge', client: 'alice' });
  const charge = (await drain(scene)).find(({ message }) => opNumber(message.body) === Op.extClientChargeSigned)!;
  perform(scene, { do: 'payWorker', worker: 'wanda' });
  await drain(scene);
  return { scene, charge };
}

const wrong = (scene: Scene, invariant: invariants.Invariant) => invariant.check(scene, undefined);

function takeCoins(scene: Scene, account: Address, coins: bigint): void {
  const contract = scene.pool.contracts.get(account.toRawString())!;
  contract.balance -= coins;
}

function replaceData(scene: Scene, account: Address, data: Cell): void {
  const contract = scene.pool.contracts.get(account.toRawString())!;
  const shard = contract.account;
  const state = shard.account?.storage.state;
  if (state?.type !== 'active') throw new Error('no code at this account');
  state.state.data = data;
  contract.account = shard;
}

/** The proxy's data with books behind the known fields, as a hardened proxy keeps them. */
function withBooks(data: Cell, books: { escrow: bigint; record: bigint; earned: bigint; count: number }): Cell {
  const records = Dictionary.empty<bigint, Cell>(Dictionary.Keys.BigUint(256), {
    serialize: (record, builder) => builder.storeSlice(record.beginParse()),
    parse: (slice) => slice.asCell(),
  });
  const record = beginCell().storeCoins(books.record).storeInt(0, 64).storeAddress(people.alice).endCell();
  records.set(BigInt(`0x${idOf(clients.alice.address)}`), record);
  const cell = beginCell().storeCoins(books.escrow).storeUint(books.count, 16).storeDict(records).endCell();
  return beginCell().storeSlice(knownFields(data)).storeInt(books.earned, 60).storeRef(cell).endCell();
}

/** Data as the live network knows it; a hardened proxy's own books are cut off. */
function knownFields(data: Cell) {
  const { balance, stake } = parseProxyState(data);
  const amounts = beginCell().storeCoins(balance).storeCoins(stake).endCell().bits.length;
  const known = beginCell().storeBits(data.bits.substring(0, 267 + 256 + 267 + 2 + amounts + 32));
  return known.storeRef(data.refs[0]!).endCell().beginParse();
}

describe('the checks', () => {
  test('are content with a scene that is in order', async () => {
    const { scene, charge } = await order();
    for (const invariant of invariants.INVARIANTS) expect(invariant.check(scene, charge)).toBeUndefined();
    expect(() => invariants.check(scene, charge)).not.toThrow();
  });

  test('INV-01 finds a coin missing in the pool', async () => {
    const { scene } = await order();
    takeCoins(scene, proxy.address, toNano('1'));
    expect(wrong(scene, invariants.solvency)).toMatch(/with the stake/);
    takeCoins(scene, proxy.address, toNano('15'));
    expect(wrong(scene, invariants.solvency)).toMatch(/are there for/);
  });

  test('INV-01 believes the books where there are any', async () => {
    const { scene } = await order();
    const data = scene.pool.dataOf(proxy.address)!;
    const books = { escrow: toNano('60'), record: toNano('60'), earned: 0n, count: 1 };
    replaceData(scene, proxy.address, withBooks(data, books));
    expect(wrong(scene, invariants.solvency)).toMatch(/the books say 60/);
  });

  test('INV-03 finds a claim erased, one that comes from nothing, and a worker not paid', async () => {
    const { scene } = await order();
    scene.ledger.deposit('bob', 1n);
    expect(wrong(scene, invariants.claimsStand)).toMatch(/erased: client bob/);
    scene.ledger.refund('bob', 2n, false);
    expect(wrong(scene, invariants.claimsStand)).toMatch(/come from nothing: client bob/);
    scene.ledger.deposit('bob', 1n);
    scene.ledger.payWorker('wanda', -1n, 0n);
    expect(wrong(scene, invariants.claimsStand)).toMatch(/worker wanda/);
  });

  test('INV-05 finds an owner that got too much', async () => {
    const { scene } = await order();
    scene.ledger.ownerReceived += toNano('17');
    expect(wrong(scene, invariants.ownerTakesOnlyItsOwn)).toMatch(/the owner got 17 TON/);
  });

  test('INV-06 finds one nanoTON too many', async () => {
    const { scene } = await order();
    scene.pool.fees += 1n;
    expect(wrong(scene, invariants.coinsAreConserved)).toBe('1 nanoTON too many');
  });

  test('INV-07 finds a charge that does not get through, and a refund that comes too soon', async () => {
    const { scene, charge } = await order();
    const refused = { ...charge, ok: false, exitCode: ExitCode.lowSmcBalance };
    expect(invariants.chargesGetThrough.check(scene, refused)).toMatch(/refused with 1001/);
    const request = { do: 'requestRefund', client: 'alice', value: 'fair', excessesTo: 'sender' } as const;
    perform(scene, request);
    await drain(scene);
    perform(scene, { do: 'wait', seconds: CLIENT_DELAY + 1 });
    perform(scene, request);
    const deliveries = await drain(scene, false);
    const forced = deliveries.find(({ message }) => opNumber(message.body) === Op.ownerClientRequestRefund)!;
    expect(invariants.chargesGetThrough.check(scene, forced)).toBeUndefined();
    scene.ledger.clients.alice.closingSince = forced.now - CLIENT_DELAY;
    expect(invariants.chargesGetThrough.check(scene, forced)).toMatch(/forced its refund/);
  });

  test('INV-09 finds data that does not parse, and a stranger who changed some', async () => {
    const { scene, charge } = await order();
    const body = beginCell().storeUint(Op.ownerClientWithdraw, 32).storeUint(0, 64).endCell();
    const info = { ...charge.message.info, src: people.stranger };
    const foreign = { ...charge, message: { ...charge.message, body, info } };
    expect(invariants.stateStaysSound.check(scene, foreign)).toMatch(/a stranger changed/);
    replaceData(scene, clients.bob.address, noBody);
    expect(wrong(scene, invariants.stateStaysSound)).toMatch(/client data/);
  });

  test('INV-10 finds books that do not add up', async () => {
    const { scene } = await order();
    const data = scene.pool.dataOf(proxy.address)!;
    const held = toNano('40');
    const check = (books: Parameters<typeof withBooks>[1]) => {
      replaceData(scene, proxy.address, withBooks(data, books));
      return wrong(scene, invariants.booksAddUp);
    };
    expect(check({ escrow: held, record: held, earned: 0n, count: 1 })).toBeUndefined();
    expect(check({ escrow: held + 1n, record: held, earned: 0n, count: 1 })).toMatch(/an escrow of/);
    expect(check({ escrow: held, record: held, earned: 0n, count: 2 })).toMatch(/counted as 2/);
    expect(check({ escrow: 0n, record: 0n, earned: 0n, count: 1 })).toMatch(/an empty record/);
    expect(check({ escrow: 1n, record: 1n, earned: 0n, count: 1 })).toMatch(/who may take/);
  });

  test('tell the story where they fail', async () => {
    const { scene } = await order();
    scene.pool.fees += 1n;
    const story =
      /INV-06 is broken[\s\S]*alice tops up 40 TON at client alice with 41 TON[\s\S]*payout request of 1.9 \+ 0.1/;
    expect(() => invariants.check(scene, undefined)).toThrow(story);
  });
});
