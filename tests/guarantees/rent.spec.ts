import { beginCell, Dictionary, type DictionaryValue, type Slice, toNano } from '@ton/core';
import { CocoonState } from '../../wrappers';
import {
  actionsOf,
  CLIENT_DELAY,
  CLIENT_STAKE,
  createMarket,
  ESCROW,
  exitsOf,
  leave,
  type Market,
  OTHER_ESCROW,
  PRICE,
  PROXY_DELAY,
  paidBy,
  tokensFor,
  WORKER_FEE,
  YEAR,
} from '../support/market';
import {
  balanceOf,
  dataOf,
  deployClient,
  deployFundedClient,
  overwriteData,
  startEachTestFrom,
} from '../support/world';

/** The chain takes rent from the pool. Nobody's escrow pays it: requests do, and what they cannot make up for stays owed. */

const HUB_RESERVE = toNano('0.01');

describe.each(['current', '2024'] as const)('at the prices of the set "%s"', (prices) => {
  let market: Market;
  let act: ReturnType<typeof actionsOf>;

  startEachTestFrom(async () => {
    market = await createMarket({ prices });
    act = actionsOf(market);
    return market.world;
  });

  test.each([1, 2, 10])(
    'the last client of an exactly backed pool gets everything after %s years (W36)',
    async (years) => {
      const { world, proxy } = market;
      const { clientOwner, otherClientOwner } = world.actors;
      await act.close();
      world.advance(PROXY_DELAY);
      await act.complete();
      expect(await balanceOf(world, proxy.address)).toBe(HUB_RESERVE + ESCROW + OTHER_ESCROW);
      world.advance(years * YEAR);
      expect(paidBy(market, await act.grant(0n, market.other), otherClientOwner.address)).toBe(OTHER_ESCROW);
      world.advance(years * YEAR);
      await act.requestRefund();
      world.advance(CLIENT_DELAY + 1);
      expect(paidBy(market, await act.requestRefund(), clientOwner.address)).toBe(CLIENT_STAKE);
      expect(await proxy.getBooks()).toMatchObject({ escrow: 0n, earned: 0n, clients: 0 });
    },
  );

  test('a pool with one client of 5 TON and nothing else pays it after two years (W36)', async () => {
    const { world, proxy } = market;
    const { clientOwner } = world.actors;
    await act.grant(0n, market.other);
    await act.charge(tokensFor(ESCROW - toNano('5')));
    await act.sync();
    await act.payout(tokensFor(ESCROW - toNano('5')));
    await act.revenue();
    await leave(world, proxy.address, toNano('5'));
    world.advance(2 * YEAR);
    const refund = await act.grant(tokensFor(ESCROW - toNano('5')), market.client, { value: toNano('0.21') });
    expect(paidBy(market, refund, clientOwner.address)).toBe(toNano('5'));
  });

  test('a request makes up for rent out of its own value, down to what it needs itself (W36)', async () => {
    const { world, proxy } = market;
    const { escrow } = await proxy.getBooks();
    await leave(world, proxy.address, escrow - toNano('0.3'));
    await act.sync();
    expect(await balanceOf(world, proxy.address)).toBe(escrow + HUB_RESERVE);
  });

  test.each(['0.05', '0.08', '0.09', '0.095', '0.2', '3'])(
    'with %s TON missing, the smallest value that is let in pays a refund or leaves it owed (W36, W09)',
    async (missing) => {
      const { world, proxy, client } = market;
      const { clientOwner, otherClientOwner } = world.actors;
      const { escrow } = await proxy.getBooks();
      await leave(world, proxy.address, escrow + HUB_RESERVE - toNano(missing));
      // The other client goes first; the one that is left bears what is missing, until somebody makes up for it.
      expect(paidBy(market, await act.grant(0n, market.other), otherClientOwner.address)).toBe(OTHER_ESCROW);
      const first = paidBy(market, await act.grant(0n, client, { value: toNano('0.1') }), clientOwner.address);
      expect(first).toBeGreaterThan(ESCROW - toNano(missing));
      expect((await proxy.getBooks()).escrow).toBe(ESCROW - first);
      if (first === ESCROW) return;
      await world.actors.stranger.send({ to: proxy.address, value: toNano('5'), body: beginCell().endCell() });
      expect(paidBy(market, await comeBack(), clientOwner.address)).toBe(ESCROW - first);
      expect(await proxy.getBooks()).toMatchObject({ escrow: 0n, earned: 0n, clients: 0 });
    },
  );

  /** Opens the closed account again, and closes it again: what was owed is paid with the refund. */
  async function comeBack() {
    await act.reopen(0n);
    await act.requestRefund();
    market.world.advance(CLIENT_DELAY + 1);
    return act.requestRefund();
  }

  test('what is owed can be charged meanwhile: the workers’ part is theirs (W36, A9)', async () => {
    const { world, proxy, client } = market;
    const { clientOwner, workerOwner } = world.actors;
    await act.grant(0n, market.other);
    await leave(world, proxy.address, ESCROW - toNano('10'));
    const first = paidBy(market, await act.withdraw(), clientOwner.address);
    expect(first).toBe(ESCROW - CLIENT_STAKE);
    await leave(world, proxy.address, toNano('5'));
    const tokens = tokensFor(toNano('6'));
    const second = paidBy(market, await act.grant(tokens), clientOwner.address);
    expect(second).toBeGreaterThan(toNano('5'));
    expect((await client.getData()).state).toBe(CocoonState.closed);
    const owed = CLIENT_STAKE - toNano('6') - second;
    expect(await proxy.getBooks()).toMatchObject({ escrow: owed, earned: toNano('6') });
    await world.actors.stranger.send({ to: proxy.address, value: toNano('20'), body: beginCell().endCell() });
    expect(paidBy(market, await act.payout(tokens), workerOwner.address)).toBe(tokens * WORKER_FEE);
    expect(paidBy(market, await comeBack(), clientOwner.address)).toBe(owed);
    expect(tokens * PRICE).toBe(toNano('6'));
  });

  test.each(['0.2', '3'])('an owner in the masterchain loses nothing to %s TON missing (W36, W12)', async (missing) => {
    const { world, proxy } = market;
    const owner = await world.chain.treasury('masterchain owner', { workchain: -1 });
    const client = await deployFundedClient(world, proxy.address, ESCROW, owner);
    const { escrow } = await proxy.getBooks();
    await leave(world, proxy.address, escrow + HUB_RESERVE - toNano(missing));
    const refund = await act.grant(0n, client, { value: toNano('0.1') });
    expect(exitsOf(refund, proxy.address)).toEqual(['0']);
    const paid = paidBy(market, refund, owner.address);
    expect(paid + (await proxy.getBooks()).escrow).toBe(escrow);
    expect(paid).toBeGreaterThan(ESCROW - toNano('3.1'));
  });
});

describe('a pool with very many clients', () => {
  let market: Market;
  let act: ReturnType<typeof actionsOf>;

  startEachTestFrom(async () => {
    market = await createMarket();
    act = actionsOf(market);
    return market.world;
  });

  const anyRecord: DictionaryValue<Slice> = {
    serialize: (record, builder) => builder.storeSlice(record.clone()),
    parse: (slice) => slice.clone(),
  };

  /** Gives one client `depth` neighbours, each sharing one bit more of its account id: so deep lie records among 2^depth others. */
  async function crowd(client: Market['client'], opts: { depth: number; count: number }): Promise<void> {
    const { world, proxy } = market;
    const data = (await dataOf(world, proxy.address)).beginParse();
    const known = data.loadBits(data.remainingBits - 60);
    const params = data.loadRef();
    const earned = data.loadIntBig(60);
    const books = data.loadRef().beginParse();
    const escrow = books.loadCoins();
    books.loadUint(16);
    const records = books.loadDict(Dictionary.Keys.BigUint(256), anyRecord);
    const account = BigInt(`0x${client.address.hash.toString('hex')}`);
    const neighbour = beginCell().storeCoins(1n).storeInt(0, 64).storeAddress(world.actors.stranger.address);
    for (let bit = 0; bit < opts.depth; bit += 1) records.set(account ^ (1n << BigInt(255 - bit)), neighbour.asSlice());
    const crowded = beginCell()
      .storeCoins(escrow + BigInt(opts.depth))
      .storeUint(opts.count, 16)
      .storeDict(records);
    const more = beginCell().storeBits(known).storeInt(earned, 60).storeRef(params).storeRef(crowded.endCell());
    await overwriteData(world, proxy.address, more.endCell());
  }

  test('a full pool takes no new client, and the coins come back; from 8192 clients on only those with a whole stake (1019)', async () => {
    const { world, proxy } = market;
    const { stranger } = world.actors;
    const fresh = await deployClient(world, proxy.address, stranger);
    for (const [count, amount, exit] of [
      [8_191, toNano('1'), '0'],
      [8_192, CLIENT_STAKE - 1n, 'proxyFull'],
      [8_192, CLIENT_STAKE, '0'],
      [24_575, CLIENT_STAKE, '0'],
      [24_576, toNano('1000'), 'proxyFull'],
    ] as const) {
      const copy = world.chain.snapshot();
      await crowd(fresh, { depth: 0, count });
      const before = await fresh.getData();
      const result = await act.topUp(amount, stranger, fresh);
      expect([count, exitsOf(result, proxy.address)]).toEqual([count, [exit]]);
      const after = await fresh.getData();
      expect(after.balance).toBe(before.balance + (exit === '0' ? amount : 0n));
      expect((await proxy.getBooks()).clients).toBe(count + (exit === '0' ? 1 : 0));
      // Who is in already is served whatever the count.
      await act.topUp(1n);
      expect(paidBy(market, await act.grant(0n), world.actors.clientOwner.address)).toBe(ESCROW + 1n);
      await world.chain.loadFrom(copy);
    }
  });

  const crowds = [
    [15, '0'],
    [20, '0'],
    [40, '0'],
  ] as const;
  test.each(crowds)('a record at depth %s is served, with %s TON missing (W36)', serves);

  const short = [
    [20, '1'],
    [40, '3'],
  ] as const;
  test.each(short)('a record at depth %s is served even with %s TON missing (W36)', serves);

  async function serves(depth: number, missing: string) {
    const { world, proxy } = market;
    const { clientOwner, stranger } = world.actors;
    const fresh = await deployClient(world, proxy.address, stranger);
    await crowd(fresh, { depth, count: 20_000 });
    const { escrow } = await proxy.getBooks();
    await leave(world, proxy.address, escrow + HUB_RESERVE - toNano(missing));
    await act.topUp(CLIENT_STAKE, stranger, fresh);
    expect((await proxy.getBooks()).escrow).toBe(escrow + (await fresh.getData()).balance);
    await crowd(market.client, { depth, count: 20_000 });
    const before = (await proxy.getBooks()).escrow;
    const refund = await act.grant(0n, market.client, { value: toNano('0.1') });
    const paid = paidBy(market, refund, clientOwner.address);
    expect(paid).toBe(ESCROW);
    expect((await proxy.getBooks()).escrow).toBe(before - paid);
  }
});
