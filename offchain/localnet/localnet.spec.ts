import { type Address, beginCell, type Cell, external, internal, SendMode, storeMessage, toNano } from '@ton/core';
import { alice, at, bob, call, closeWorlds, fund, person, post, rpc, type World, world } from './testing';

afterEach(closeWorlds);

describe('a wallet through TonClient', () => {
  it('is funded, deploys itself with its first transfer, and pays', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    expect(await client.getContractState(alice.wallet.address)).toMatchObject({
      state: 'uninitialized',
      balance: toNano(10),
    });

    await alice.send(client, bob.wallet.address, toNano(3));

    expect((await client.getContractState(alice.wallet.address)).state).toBe('active');
    expect(await client.open(alice.wallet).getSeqno()).toBe(1);
    expect(await client.getBalance(bob.wallet.address)).toBe(toNano(3));
  });

  it('conserves coins: what the sender lost is what the receiver got plus the fees', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(3));
    const [sent] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    const [received] = await client.getTransactions(bob.wallet.address, { limit: 1 });
    const out = sent!.outMessages.get(0)!;
    const forward = out.info.type === 'internal' ? out.info.forwardFee : 0n;
    const lost = toNano(10) - (await client.getBalance(alice.wallet.address));
    const got = await client.getBalance(bob.wallet.address);
    expect(lost).toBe(got + sent!.totalFees.coins + received!.totalFees.coins + forward);
  });

  it('pays current mainnet prices by default and the older set by choice', async () => {
    const costs: bigint[] = [];
    for (const prices of ['current', '2024'] as const) {
      const { net, client } = await world({ prices });
      await fund(net, alice.wallet.address, toNano(10));
      await alice.send(client, bob.wallet.address, toNano(1));
      const [sent] = await client.getTransactions(alice.wallet.address, { limit: 1 });
      const { description } = sent!;
      if (description.type !== 'generic' || description.computePhase.type !== 'vm') {
        throw new Error('the wallet did not run');
      }
      const { gasFees, gasUsed } = description.computePhase;
      costs.push(gasFees);
      // The first 100 gas have a flat price; the rest is rounded up.
      const [flat, perGas] = prices === 'current' ? [6_667n, 4_369_067n] : [40_000n, 400n << 16n];
      expect(gasFees).toBe(flat + (((gasUsed - 100n) * perGas + 0xffffn) >> 16n));
    }
    expect(costs[0]! * 5n).toBeLessThan(costs[1]!);
  });

  it('is told the exit code when the contract refuses an external message, and nothing changes', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    const before = await client.getContractState(alice.wallet.address);
    const body = alice.wallet.createTransfer({
      seqno: 7,
      secretKey: alice.keys.secretKey,
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      messages: [],
    });
    const boc = beginCell()
      .store(storeMessage(external({ to: alice.wallet.address, body })))
      .endCell()
      .toBoc();
    const reply = await rpc(net, 'sendBoc', { boc: boc.toString('base64') });
    expect(reply.status).toBe(500);
    expect(reply.body).toMatchObject({ ok: false, code: 500, id: 'x' });
    // 133 is "invalid seqno" of wallet v5.
    expect(reply.body.error).toMatch(/cannot apply external message.*exitcode=133/);
    expect(await client.getContractState(alice.wallet.address)).toEqual(before);
  });

  it('estimates what a transfer then really costs', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    const body = alice.wallet.createTransfer({
      seqno: 1,
      secretKey: Buffer.alloc(64, 1),
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      messages: [internal({ to: bob.wallet.address, value: toNano(1), bounce: false })],
    });
    const { source_fees: fees } = await client.estimateExternalMessageFee(alice.wallet.address, {
      body,
      initCode: null,
      initData: null,
      ignoreSignature: true,
    });
    const before = await client.getBalance(alice.wallet.address);
    await alice.send(client, bob.wallet.address, toNano(1));
    const paid = before - (await client.getBalance(alice.wallet.address)) - toNano(1);
    expect(BigInt(fees.in_fwd_fee + fees.gas_fee + fees.fwd_fee + fees.storage_fee)).toBe(paid);
  });
});

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

describe('administration', () => {
  it('time travel moves the clock of contracts: an account owes storage for the years', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1));
    const before = (await client.getContractState(alice.wallet.address)).timestampt;
    const year = 365 * 86_400;
    const reply = await post(net, '/localnet/time', { advance: year });
    expect(at(reply.body, 'result', 'time')).toBe(before + year);
    await alice.send(client, bob.wallet.address, toNano(1));
    const [newest] = await client.getTransactions(alice.wallet.address, { limit: 1 });
    expect(newest!.now).toBe(before + year);
    const { description } = newest!;
    const storage = description.type === 'generic' ? description.storagePhase?.storageFeesCollected : 0n;
    // Some twenty cells at 135 / 2^16 nanoTON per second.
    expect(storage).toBeGreaterThan(500_000n);
    expect(storage).toBeLessThan(5_000_000n);
  });

  it.each([
    ['time', { advance: -5 }, 'advance'],
    ['time', { advance: 1.5 }, 'advance'],
    ['time', {}, 'advance'],
    ['faucet', { address: 'nobody', amount: '1' }, 'address'],
    ['faucet', { address: alice.wallet.address.toString(), amount: '-1' }, 'amount'],
    ['faucet', { address: alice.wallet.address.toString(), amount: '0' }, 'amount'],
    ['faucet', { address: alice.wallet.address.toString() }, 'amount'],
  ])('%s refuses %j and names the parameter', async (action, body, name) => {
    const { net } = await world();
    const reply = await post(net, `/localnet/${action}`, body);
    expect([reply.status, reply.body.ok]).toEqual([422, false]);
    expect(reply.body.error).toContain(`"${name}"`);
  });

  it('the faucet does not pay more than there is', async () => {
    const { net } = await world();
    const reply = await post(net, '/localnet/faucet', {
      address: alice.wallet.address.toString(),
      amount: '5000000000000000000',
    });
    expect([reply.status, reply.body.error]).toEqual([500, expect.stringContaining('the treasury holds')]);
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

describe('many at once', () => {
  it('every message is executed once and the totals add up', async () => {
    const { net, client } = await world();
    const people = Array.from({ length: 8 }, (_, i) => person(`p${i}`));
    await Promise.all(people.map(({ wallet }) => fund(net, wallet.address, toNano(10))));
    for (let round = 0; round < 3; round++) {
      await Promise.all(people.map((one) => one.send(client, bob.wallet.address, toNano(1))));
    }
    const received = await client.getTransactions(bob.wallet.address, { limit: 100 });
    expect(received).toHaveLength(24);
    const seqnos = await Promise.all(people.map(({ wallet }) => client.open(wallet).getSeqno()));
    expect(seqnos).toEqual(people.map(() => 3));
    const lts = received.map(({ lt }) => lt);
    expect(new Set(lts).size).toBe(24);
  });
});
