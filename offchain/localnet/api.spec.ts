import { request } from 'node:http';
import { beginCell, Cell, external, SendMode, storeMessage, toNano } from '@ton/core';
import { alice, at, bob, call, closeWorlds, fund, post, rpc, world } from './testing/world';

afterEach(closeWorlds);

describe('API v2 in its REST form', () => {
  it('answers GET and POST alike', async () => {
    const { net } = await world();
    await fund(net, alice.wallet.address, toNano(2));
    const address = alice.wallet.address;
    const get = await call(net, `/api/v2/getAddressBalance?address=${address}`);
    expect(get).toEqual({ status: 200, body: { ok: true, result: toNano(2).toString() } });
    expect(await post(net, '/api/v2/getAddressBalance', { address: address.toString() })).toEqual(get);
    expect((await call(net, `/api/v2/getAddressState?address=${address.toRawString()}`)).body.result).toBe(
      'uninitialized',
    );
    expect((await call(net, `/api/v2/packAddress?address=${address.toRawString()}`)).body.result).toBe(
      address.toString(),
    );
    expect((await call(net, `/api/v2/unpackAddress?address=${address}`)).body.result).toBe(address.toRawString());
    const detected = await call(net, `/api/v2/detectAddress?address=${address.toString({ bounceable: false })}`);
    expect(detected.body.result).toMatchObject({ given_type: 'friendly_non_bounceable', test_only: false });
    const param = await call(net, '/api/v2/getConfigParam?config_id=25');
    expect(
      Cell.fromBase64(String(at(param.body, 'result', 'config', 'bytes')))
        .beginParse()
        .skip(8)
        .loadUintBig(64),
    ).toBe(66_667n);
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
    const transaction = at(body, 'transactions', 0);
    expect(at(transaction, 'in_msg', 'message_content', 'decoded')).toEqual({
      type: 'text_comment',
      comment: 'for you',
    });
    const hash = encodeURIComponent(String(at(transaction, 'in_msg', 'hash')));
    const asIn = await call(net, `/api/v3/transactionsByMessage?msg_hash=${hash}&direction=in`);
    expect(at(asIn.body, 'transactions', 0, 'hash')).toBe(at(transaction, 'hash'));
    const asOut = await call(net, `/api/v3/transactionsByMessage?msg_hash=${hash}&direction=out`);
    expect(at(asOut.body, 'transactions', 0, 'account')).toBe(alice.wallet.address.toRawString().toUpperCase());
    const messages = await call(net, `/api/v3/messages?destination=${raw}`);
    expect(messages.body.messages).toHaveLength(1);
    expect(at(messages.body, 'messages', 0)).toMatchObject({
      in_msg_tx_hash: at(transaction, 'hash'),
      value: toNano(1).toString(),
    });
    const states = await call(net, `/api/v3/accountStates?address=${raw}&address=${alice.wallet.address}`);
    expect([0, 1].map((i) => at(states.body, 'accounts', i, 'status'))).toEqual(['uninit', 'active']);
    const info = await call(net, `/api/v3/addressInformation?address=${raw}`);
    expect(info.body).toMatchObject({ status: 'uninitialized', last_transaction_lt: at(transaction, 'lt') });
    const head = await call(net, '/api/v3/masterchainInfo');
    expect(at(head.body, 'last', 'seqno')).toBe((await client.getMasterchainInfo()).latestSeqno);
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
      const found = await call(net, `/api/v3/transactionsByMessage?msg_hash=${encodeURIComponent(String(hash))}`);
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
    [
      'a boc that is no message',
      '/',
      '{"method":"sendBoc","params":{"boc":"te6cckEBAQEAAgAAAEysuc0="}}',
      422,
      'not a message',
    ],
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

  it('a port that is taken is said in one line', async () => {
    const { net } = await world();
    await expect(world({ port: net.port })).rejects.toMatchObject({
      code: 'cannot-listen',
      message: expect.stringMatching(/^port \d+ on 127\.0\.0\.1 is taken; .*--port$/),
    });
  });

  it('a request that is never finished does not keep the server from closing', async () => {
    const { net } = await world();
    const sent = request(`${net.url}/`, { method: 'POST', headers: { 'content-length': 100 } });
    const broken = new Promise((resolve) => sent.on('error', resolve));
    sent.write('{');
    await call(net, '/localnet/status');
    await net.close();
    expect(await broken).toBeDefined();
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
