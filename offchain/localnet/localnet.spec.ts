import { beginCell, external, internal, SendMode, storeMessage, toNano } from '@ton/core';
import { alice, at, bob, closeWorlds, fund, person, post, rpc, world } from './testing/world';

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
