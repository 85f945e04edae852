import { request } from 'node:http';
import { type Address, beginCell, Cell, contractAddress, external, internal, SendMode, storeMessage, toNano } from '@ton/core';
import { type KeyPair, keyPairFromSeed } from '@ton/crypto';
import { TonClient, WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { type Localnet, type LocalnetOptions, startLocalnet } from '.';

const logger = pino({ level: 'silent' });

interface World {
  net: Localnet;
  client: TonClient;
  /** Unix milliseconds; tests move it. */
  clock: { ms: number };
}

const open: Localnet[] = [];

async function world(options: Partial<LocalnetOptions> = {}): Promise<World> {
  const clock = { ms: 1_780_000_000_000 };
  const net = await startLocalnet({ port: 0, logger, clock: () => clock.ms, ...options });
  open.push(net);
  return { net, client: new TonClient({ endpoint: `${net.url}/api/v2/jsonRPC` }), clock };
}

afterEach(async () => {
  for (const net of open.splice(0)) {
    await net.close();
  }
});

interface Reply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are read field by field
  body: any;
}

async function call(net: Localnet, path: string, init?: RequestInit): Promise<Reply> {
  const response = await fetch(net.url + path, init);
  return { status: response.status, body: await response.json() };
}

function post(net: Localnet, path: string, body: unknown): Promise<Reply> {
  return call(net, path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

function rpc(net: Localnet, method: string, params: unknown): Promise<Reply> {
  return post(net, '/api/v2/jsonRPC', { id: 'x', jsonrpc: '2.0', method, params });
}

async function fund(net: Localnet, address: Address, amount: bigint): Promise<void> {
  const { status, body } = await post(net, '/localnet/faucet', { address: address.toString(), amount: amount.toString() });
  expect([status, body.ok]).toEqual([200, true]);
}

interface Person {
  keys: KeyPair;
  wallet: WalletContractV5R1;
  send(client: TonClient, to: Address, value: bigint, comment?: string): Promise<void>;
}

function person(name: string): Person {
  const keys = keyPairFromSeed(Buffer.alloc(32, name));
  const wallet = WalletContractV5R1.create({ publicKey: keys.publicKey });
  return {
    keys,
    wallet,
    async send(client, to, value, comment) {
      const opened = client.open(wallet);
      await opened.sendTransfer({
        seqno: await opened.getSeqno(),
        secretKey: keys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY,
        // Tests travel in time; the wallet's own default is the machine's clock plus a minute.
        timeout: 0xffff_ffff,
        messages: [internal({ to, value, bounce: false, ...(comment === undefined ? {} : { body: comment }) })],
      });
    },
  };
}

const alice = person('alice');
const bob = person('bob');

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
    expect(body.result.map((item: { transaction_id: { lt: string } }) => item.transaction_id.lt)).toEqual([
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
    expect(status.body.result.transactions).toBeLessThanOrEqual(10);
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
    expect(byLt.body.result.seqno).toBe(seqno);
    const byTime = await rpc(net, 'lookupBlock', { ...place, unixtime: newest!.now });
    expect(byTime.body.result.seqno).toBe(seqno);
    const header = await rpc(net, 'getBlockHeader', { ...place, seqno });
    expect(header.body.result).toMatchObject({ gen_utime: Math.floor(clock.ms / 1000), end_lt: newest!.lt.toString() });
    expect(header.body.result.prev_blocks[0].seqno).toBe(seqno - 1);
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
    expect(reply.body.result.time).toBe(before + year);
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
    expect((await call(net, '/localnet/status')).body.result.waiting).toBe(1);
    while ((await client.getBalance(bob.wallet.address)) === 0n) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const [sent] = (await call(net, `/api/v3/transactions?account=${alice.wallet.address}&limit=1`)).body.transactions;
    const [got] = (await call(net, `/api/v3/transactions?account=${bob.wallet.address}&limit=1`)).body.transactions;
    expect(got.mc_block_seqno).toBe(sent.mc_block_seqno + 1);
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
    expect((await call(net, '/localnet/status')).body.result.waiting).toBe(1);
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

describe('API v2 in its REST form', () => {
  it('answers GET and POST alike', async () => {
    const { net } = await world();
    await fund(net, alice.wallet.address, toNano(2));
    const address = alice.wallet.address;
    const get = await call(net, `/api/v2/getAddressBalance?address=${address}`);
    expect(get).toEqual({ status: 200, body: { ok: true, result: toNano(2).toString() } });
    expect(await post(net, '/api/v2/getAddressBalance', { address: address.toString() })).toEqual(get);
    expect((await call(net, `/api/v2/getAddressState?address=${address.toRawString()}`)).body.result).toBe('uninitialized');
    expect((await call(net, `/api/v2/packAddress?address=${address.toRawString()}`)).body.result).toBe(address.toString());
    expect((await call(net, `/api/v2/unpackAddress?address=${address}`)).body.result).toBe(address.toRawString());
    const detected = await call(net, `/api/v2/detectAddress?address=${address.toString({ bounceable: false })}`);
    expect(detected.body.result).toMatchObject({ given_type: 'friendly_non_bounceable', test_only: false });
    const param = await call(net, '/api/v2/getConfigParam?config_id=25');
    expect(Cell.fromBase64(param.body.result.config.bytes).beginParse().skip(8).loadUintBig(64)).toBe(66_667n);
    expect((await call(net, '/api/v2/getConfigParam?config_id=12345')).status).toBe(404);
    expect((await call(net, `/api/v2/getExtendedAddressInformation?address=${address}`)).body.result).toMatchObject({
      '@type': 'fullAccountState',
      account_state: { '@type': 'uninited.accountState' },
    });
  });

  it('knows the wallets people use', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(2));
    await alice.send(client, bob.wallet.address, toNano(1));
    const { body } = await call(net, `/api/v2/getWalletInformation?address=${alice.wallet.address}`);
    expect(body.result).toMatchObject({ wallet: true, wallet_type: 'wallet v5 r1', seqno: 1, account_state: 'active' });
  });
});

describe('API v3', () => {
  it('lists transactions, messages and states, and finds a transaction by its message', async () => {
    const { net, client } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    await alice.send(client, bob.wallet.address, toNano(1), 'for you');
    const raw = bob.wallet.address.toRawString();
    const { body } = await call(net, `/api/v3/transactions?account=${raw}&limit=5&sort=asc`);
    expect(body.transactions).toHaveLength(1);
    const [transaction] = body.transactions;
    expect(transaction.in_msg.message_content.decoded).toEqual({ type: 'text_comment', comment: 'for you' });
    const hash = encodeURIComponent(transaction.in_msg.hash);
    const asIn = await call(net, `/api/v3/transactionsByMessage?msg_hash=${hash}&direction=in`);
    expect(asIn.body.transactions[0].hash).toBe(transaction.hash);
    const asOut = await call(net, `/api/v3/transactionsByMessage?msg_hash=${hash}&direction=out`);
    expect(asOut.body.transactions[0].account).toBe(alice.wallet.address.toRawString().toUpperCase());
    const messages = await call(net, `/api/v3/messages?destination=${raw}`);
    expect(messages.body.messages).toHaveLength(1);
    expect(messages.body.messages[0]).toMatchObject({ in_msg_tx_hash: transaction.hash, value: toNano(1).toString() });
    const states = await call(net, `/api/v3/accountStates?address=${raw}&address=${alice.wallet.address}`);
    expect(states.body.accounts.map((item: { status: string }) => item.status)).toEqual(['uninit', 'active']);
    const info = await call(net, `/api/v3/addressInformation?address=${raw}`);
    expect(info.body).toMatchObject({ status: 'uninitialized', last_transaction_lt: transaction.lt });
    const head = await call(net, '/api/v3/masterchainInfo');
    expect(head.body.last.seqno).toBe((await client.getMasterchainInfo()).latestSeqno);
    const method = await post(net, '/api/v3/runGetMethod', {
      address: alice.wallet.address.toString(),
      method: 'seqno',
      stack: [],
    });
    expect(method.body).toMatchObject({ exit_code: 0, stack: [{ type: 'num', value: '0x1' }] });
  });

  it('tells the hash of a message it takes, and finds the transaction by its normal form too', async () => {
    const { net } = await world();
    await fund(net, alice.wallet.address, toNano(10));
    const body = alice.wallet.createTransfer({
      seqno: 0,
      secretKey: alice.keys.secretKey,
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      messages: [],
    });
    const cell = beginCell()
      .store(storeMessage(external({ to: alice.wallet.address, init: alice.wallet.init, body })))
      .endCell();
    const sent = await post(net, '/api/v3/message', { boc: cell.toBoc().toString('base64') });
    expect(sent.body.message_hash).toBe(cell.hash().toString('base64'));
    for (const hash of [sent.body.message_hash, sent.body.message_hash_norm]) {
      const found = await call(net, `/api/v3/transactionsByMessage?msg_hash=${encodeURIComponent(hash)}`);
      expect(found.body.transactions).toHaveLength(1);
    }
  });

  it('refuses what is malformed with the name of the parameter', async () => {
    const { net } = await world();
    for (const [path, name] of [
      ['transactions?limit=0', 'limit'],
      ['transactions?sort=up', 'sort'],
      ['transactions?account=x', 'account'],
      ['transactionsByMessage?msg_hash=zz', 'msg_hash'],
      ['accountStates', 'address'],
    ]) {
      const reply = await call(net, `/api/v3/${path}`);
      expect([reply.status, reply.body.error]).toEqual([422, expect.stringContaining(`"${name}"`)]);
    }
    expect((await call(net, '/api/v3/message')).status).toBe(405);
    expect((await call(net, '/api/v3/traces')).body.error).toContain('unknown call of API v3 "traces"');
  });
});

describe('get methods', () => {
  const adder = ((): { init: { code: Cell; data: Cell }; address: Address } => {
    // Echoes its arguments for method id 0x10000 + anything: DROP removes the method id.
    const code = beginCell().storeUint(0xff00, 16).storeUint(0x30, 8).endCell();
    const init = { code, data: Cell.EMPTY };
    return { init, address: contractAddress(0, init) };
  })();

  async function withEcho(): Promise<World> {
    const made = await world();
    await fund(made.net, alice.wallet.address, toNano(10));
    const opened = made.client.open(alice.wallet);
    await opened.sendTransfer({
      seqno: 0,
      secretKey: alice.keys.secretKey,
      sendMode: SendMode.PAY_GAS_SEPARATELY,
      messages: [internal({ to: adder.address, value: toNano(1), bounce: false, init: adder.init })],
    });
    return made;
  }

  it('take and give numbers, cells, slices, nulls and tuples as TonClient writes and reads them', async () => {
    const { net, client } = await withEcho();
    const cell = beginCell().storeUint(5, 32).endCell();
    const { stack } = await client.runMethod(adder.address, 'anything', [
      { type: 'int', value: -(1n << 200n) },
      { type: 'cell', cell },
      { type: 'slice', cell },
    ]);
    expect(stack.readBigNumber()).toBe(-(1n << 200n));
    expect(stack.readCell().equals(cell)).toBe(true);
    expect(stack.readCell().equals(cell)).toBe(true);

    const typed = await rpc(net, 'runGetMethod', {
      address: adder.address.toString(),
      method: 'anything',
      stack: [
        ['list', { '@type': 'tvm.list', elements: [] }],
        ['tuple', { elements: [{ '@type': 'tvm.stackEntryNumber', number: { number: '7' } }] }],
        { type: 'num', value: '0xff' },
      ],
    });
    expect(typed.body.result.stack).toEqual([
      ['list', { '@type': 'tvm.list', elements: [] }],
      [
        'tuple',
        {
          '@type': 'tvm.tuple',
          elements: [{ '@type': 'tvm.stackEntryNumber', number: { '@type': 'tvm.numberDecimal', number: '7' } }],
        },
      ],
      ['num', '0xff'],
    ]);
  });

  it('of a contract that is not there end with an exit code, not an error', async () => {
    const { client } = await world();
    const answer = await client.runMethodWithError(bob.wallet.address, 'seqno');
    expect(answer.exit_code).toBe(-13);
  });

  it('name the stack item that is wrong', async () => {
    const { net } = await withEcho();
    for (const [item, where] of [
      [['num', 'seven'], 'stack[0]'],
      [['num', `0x1${'0'.repeat(64)}0`], '257 bits'],
      [['cell', 'AAAA'], 'stack[0]'],
      [['cat', 1], 'unknown type "cat"'],
      [5, 'stack[0]'],
      [['tuple', { elements: [{ '@type': 'tvm.stackEntryNumber', number: { number: 'x' } }] }], 'stack[0][0]'],
    ]) {
      const reply = await rpc(net, 'runGetMethod', { address: adder.address.toString(), method: 'm', stack: [item] });
      expect([reply.status, reply.body.error]).toEqual([422, expect.stringContaining(String(where))]);
    }
  });
});

describe('wrong requests', () => {
  it.each([
    ['malformed JSON', '/', '{', 400, 'not JSON'],
    ['a list instead of an object', '/', '[]', 400, 'must be a JSON object'],
    ['no method', '/jsonRPC', '{}', 422, '"method"'],
    ['an unknown method', '/api/v2/jsonRPC', '{"method":"getEverything"}', 404, 'unknown method "getEverything"'],
    ['a method of the prototype', '/api/v2/jsonRPC', '{"method":"constructor"}', 404, 'unknown method "constructor"'],
    ['params that are a list', '/', '{"method":"sendBoc","params":[]}', 422, '"params"'],
    ['no boc', '/', '{"method":"sendBoc","params":{}}', 422, '"boc" is missing'],
    ['a boc that is no base64', '/', '{"method":"sendBoc","params":{"boc":"!!"}}', 422, '"boc" must be base64'],
    ['a boc that is no message', '/', '{"method":"sendBoc","params":{"boc":"te6cckEBAQEAAgAAAEysuc0="}}', 422, 'not a message'],
  ])('%s is refused with a reason', async (_what, path, body, status, reason) => {
    const { net } = await world();
    const reply = await post(net, path, body);
    expect([reply.status, reply.body]).toEqual([
      status,
      { ok: false, error: expect.stringContaining(reason), code: status, id: null, jsonrpc: '2.0' },
    ]);
  });

  it('only external messages can be sent in: nobody makes coins', async () => {
    const { net, client } = await world();
    const minted = beginCell()
      .store(
        storeMessage({
          info: {
            type: 'internal',
            ihrDisabled: true,
            bounce: false,
            bounced: false,
            src: alice.wallet.address,
            dest: bob.wallet.address,
            value: { coins: toNano(1) },
            ihrFee: 0n,
            forwardFee: 0n,
            createdAt: 0,
            createdLt: 0n,
          },
          body: Cell.EMPTY,
        }),
      )
      .endCell();
    const reply = await rpc(net, 'sendBoc', { boc: minted.toBoc().toString('base64') });
    expect([reply.status, reply.body.error]).toEqual([422, expect.stringContaining('only external messages')]);
    expect(await client.getBalance(bob.wallet.address)).toBe(0n);
  });

  it('unknown paths and wrong verbs say what there is', async () => {
    const { net } = await world();
    expect((await call(net, '/index.html')).body.error).toContain('JSON-RPC is at /api/v2/jsonRPC');
    expect((await call(net, '/')).status).toBe(405);
    expect((await call(net, '/localnet/faucet')).status).toBe(405);
    expect((await post(net, '/localnet/mint', {})).body.error).toContain('unknown action "mint"');
    expect((await call(net, '/api/v2/getEverything')).status).toBe(404);
  });

  it('a body over the limit is refused and the server lives on', async () => {
    const { net } = await world();
    const big = JSON.stringify({ method: 'sendBoc', params: { boc: 'A'.repeat(2_000_000) } });
    const reply = await new Promise<number>((resolve, reject) => {
      const sent = request(`${net.url}/`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      // The server hangs up while we are still writing.
      sent.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? undefined : reject(error)));
      sent.setHeader('content-length', big.length);
      sent.end(big.slice(0, 1000));
    });
    expect(reply).toBe(413);
    expect((await call(net, '/localnet/status')).body.ok).toBe(true);
  });
});
