import { toNano } from '@ton/core';
import { alice, at, bob, call, closeWorlds, fund, rpc, type World, world } from './testing/world';

afterEach(closeWorlds);

describe('transactions', () => {
  async function withHistory(count: number): Promise<World> {
    const made = await world();
    await fund(made.net, alice.wallet.address, toNano(100));
    for (let i = 1; i < count; i++) {
      await alice.send(made.client, bob.wallet.address, toNano('0.1'), `payment ${i}`);
    }
    return made;
  }

  it('come newest first, linked by the previous lt and hash', async () => {
    const { client } = await withHistory(5);
    const list = await client.getTransactions(alice.wallet.address, { limit: 100 });
    expect(list).toHaveLength(5);
    for (const [i, transaction] of list.slice(0, -1).entries()) {
      const older = list[i + 1]!;
      expect(transaction.prevTransactionLt).toBe(older.lt);
      expect(transaction.prevTransactionHash).toBe(BigInt(`0x${older.hash().toString('hex')}`));
    }
    expect(list.at(-1)!.prevTransactionLt).toBe(0n);
  });

  it('are paged with TonClient: the cursor itself is not repeated, nothing is left out', async () => {
    const { client } = await withHistory(8);
    const all = await client.getTransactions(alice.wallet.address, { limit: 100 });
    const paged = await client.getTransactions(alice.wallet.address, { limit: 3 });
    for (;;) {
      const last = paged.at(-1)!;
      const page = await client.getTransactions(alice.wallet.address, {
        limit: 3,
        lt: last.lt.toString(),
        hash: last.hash().toString('base64'),
      });
      if (page.length === 0) {
        break;
      }
      paged.push(...page);
    }
    expect(paged.map(({ lt }) => lt)).toEqual(all.map(({ lt }) => lt));
  });

  it('have an inclusive cursor and an exclusive to_lt on the wire', async () => {
    const { net, client } = await withHistory(6);
    const all = await client.getTransactions(alice.wallet.address, { limit: 100 });
    const from = all[2]!;
    const { body } = await rpc(net, 'getTransactions', {
      address: alice.wallet.address.toString(),
      lt: from.lt.toString(),
      hash: from.hash().toString('hex'),
      to_lt: all[4]!.lt.toString(),
      limit: 10,
      archival: true,
    });
    expect([0, 1].map((i) => at(body, 'result', i, 'transaction_id', 'lt'))).toEqual([
      all[2]!.lt.toString(),
      all[3]!.lt.toString(),
    ]);
  });

  it('are not found under a cursor that never was, or that is of another account', async () => {
    const { net, client } = await withHistory(2);
    const [own] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    const cursor = { lt: own!.lt.toString(), hash: own!.hash().toString('hex') };
    const other = await rpc(net, 'getTransactions', { address: bob.wallet.address.toString(), ...cursor });
    expect([other.status, other.body.ok]).toEqual([404, false]);
    const never = await rpc(net, 'getTransactions', {
      address: alice.wallet.address.toString(),
      ...cursor,
      hash: 'ab'.repeat(32),
    });
    expect(never.body.error).toContain('cannot find transaction');
    const half = await rpc(net, 'getTransactions', { address: alice.wallet.address.toString(), lt: '5' });
    expect([half.status, half.body.error]).toEqual([422, expect.stringContaining('"lt" and "hash" go together')]);
  });

  it('are located from either end of a message', async () => {
    const { client } = await withHistory(3);
    const [sent] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    const { info } = sent!.outMessages.get(0)!;
    if (info.type !== 'internal') {
      throw new Error('the wallet sent no internal message');
    }
    const lt = info.createdLt.toString();
    const result = await client.tryLocateResultTx(info.src, info.dest, lt);
    expect(result.inMessage?.info).toMatchObject({ createdLt: info.createdLt });
    const source = await client.tryLocateSourceTx(info.src, info.dest, lt);
    expect(source.hash()).toEqual(sent!.hash());
    await expect(client.tryLocateResultTx(info.src, info.dest, '1')).rejects.toThrow(/404/);
  });

  it('are forgotten oldest first beyond the limit, and a cursor to a forgotten one says so', async () => {
    const { net, client } = await world({ keepTransactions: 10 });
    await fund(net, alice.wallet.address, toNano(100));
    const [first] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    for (let i = 0; i < 8; i++) {
      await alice.send(client, bob.wallet.address, toNano(1));
    }
    const status = await call(net, '/localnet/status');
    expect(at(status.body, 'result', 'transactions')).toBeLessThanOrEqual(10);
    const list = await client.getTransactions(alice.wallet.address, { limit: 100 });
    expect(list).toHaveLength(5);
    await expect(
      client.getTransactions(alice.wallet.address, {
        limit: 1,
        lt: first!.lt.toString(),
        hash: first!.hash().toString('base64'),
      }),
    ).rejects.toThrow(/404/);
  });
});
