import { type Address, beginCell, type Cell, external, internal, SendMode, storeMessage, toNano } from '@ton/core';
import { alice, at, bob, call, closeWorlds, fund, rpc, world } from './testing/world';

afterEach(closeWorlds);

describe('blocks', () => {
  it('hold the transactions of a message, and TonClient walks from the newest block to them', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    const before = await client.getMasterchainInfo();
    await alice.send(client, bob.wallet.address, toNano(1));
    const { latestSeqno } = await client.getMasterchainInfo();
    expect(latestSeqno).toBe(before.latestSeqno + 1);
    const [shard] = await client.getWorkchainShards(latestSeqno);
    const listed = await client.getShardTransactions(shard!.workchain, shard!.seqno, shard!.shard);
    expect(listed.map(({ account }) => account.toRawString())).toEqual([
      alice.wallet.address.toRawString(),
      bob.wallet.address.toRawString(),
    ]);
    const [newest] = await client.getTransactions(bob.wallet.address, { limit: 1 });
    expect(listed[1]).toMatchObject({ lt: newest!.lt.toString(), hash: newest!.hash().toString('base64') });
  });

  it('are found by seqno, lt and time', async () => {
    const { net, client, clock } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    clock.ms += 60_000;
    await alice.send(client, bob.wallet.address, toNano(1));
    const { latestSeqno: seqno } = await client.getMasterchainInfo();
    const place = { workchain: 0, shard: '-9223372036854775808' };
    const [newest] = await client.getTransactions(bob.wallet.address, { limit: 1 });
    const byLt = await rpc(net, 'lookupBlock', { ...place, lt: newest!.lt.toString() });
    expect(at(byLt.body, 'result', 'seqno')).toBe(seqno);
    const byTime = await rpc(net, 'lookupBlock', { ...place, unixtime: newest!.now });
    expect(at(byTime.body, 'result', 'seqno')).toBe(seqno);
    const header = await rpc(net, 'getBlockHeader', { ...place, seqno });
    expect(header.body.result).toMatchObject({ gen_utime: Math.floor(clock.ms / 1000), end_lt: newest!.lt.toString() });
    expect(at(header.body, 'result', 'prev_blocks', 0, 'seqno')).toBe(seqno - 1);
    const missing = await rpc(net, 'getBlockHeader', { ...place, seqno: seqno + 100 });
    expect(missing.status).toBe(404);
  });

  it('keep coming on an idle chain, so that its time is the time', async () => {
    const { client, clock } = await world();
    const before = await client.getMasterchainInfo();
    clock.ms += 100_000;
    const after = await client.getMasterchainInfo();
    expect(after.latestSeqno).toBe(before.latestSeqno + 1);
    expect((await client.getContractState(alice.wallet.address)).timestampt).toBe(Math.floor(clock.ms / 1000));
  });

  it('never go back in time, even when the machine does', async () => {
    const { net, client, clock } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    const [first] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    clock.ms -= 3_600_000;
    await alice.send(client, bob.wallet.address, toNano(1));
    const [second] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    expect(second!.now).toBeGreaterThanOrEqual(first!.now);
  });
});

describe('with a block interval', () => {
  it('a message is pending first, and its effects arrive block by block', async () => {
    const { net, client } = await world({ blockIntervalMs: 40 });
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    expect(await client.getBalance(bob.wallet.address)).toBe(0n);
    expect(at((await call(net, '/localnet/status')).body, 'result', 'waiting')).toBe(1);
    while ((await client.getBalance(bob.wallet.address)) === 0n) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const blockOf = async (address: Address): Promise<number> => {
      const { body } = await call(net, `/api/v3/transactions?account=${address}&limit=1`);
      return Number(at(body, 'transactions', 0, 'mc_block_seqno'));
    };
    expect(await blockOf(bob.wallet.address)).toBe((await blockOf(alice.wallet.address)) + 1);
  });

  it('refuses a bad message at once and takes the same message only once', async () => {
    const { net, client } = await world({ blockIntervalMs: 10_000 });
    await fund(net, alice.wallet.address, toNano(10));
    const opened = client.open(alice.wallet);
    const transfer = (seqno: number): Cell =>
      opened.createTransfer({
        seqno,
        secretKey: alice.keys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY,
        messages: [internal({ to: bob.wallet.address, value: 1n, bounce: false })],
      });
    const message = (seqno: number): string =>
      beginCell()
        .store(storeMessage(external({ to: alice.wallet.address, body: transfer(seqno), init: alice.wallet.init })))
        .endCell()
        .toBoc()
        .toString('base64');
    expect((await rpc(net, 'sendBoc', { boc: message(9) })).status).toBe(500);
    const good = message(0);
    expect((await rpc(net, 'sendBoc', { boc: good })).status).toBe(200);
    expect((await rpc(net, 'sendBoc', { boc: good })).status).toBe(200);
    expect(at((await call(net, '/localnet/status')).body, 'result', 'waiting')).toBe(1);
  });
});
