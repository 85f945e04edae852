import { Op } from '@cocoon/sdk';
import { verifyVoucher } from '@cocoon/sdk/protocol/vouchers';
import { PeerQueryError } from '../transport';
import { compare, hello, PeerWorld, SECRET, sha256, workerHello } from './testing/peer-world';
import { address } from './testing/world';

let net: PeerWorld;
beforeEach(async () => {
  net = await PeerWorld.open();
});
afterEach(() => net.close());

describe('client handshake', () => {
  it('short: known client, secret whose hash its contract holds', async () => {
    const account = net.world.account();
    account.chain.secretHash = sha256(SECRET);
    const client = await net.connect(net.ports.clientPort);
    const welcome = await client.ask(hello());
    expect(welcome.auth).toMatchObject({ _: 'client.proxyConnectionAuthShort', secretHash: sha256(SECRET) });
    expect(welcome.params).toMatchObject({ protoVersion: 3, isTest: true });
    // Live peers compare the text, flags included: it must be the non-bounceable form.
    expect(welcome.clientScAddress).toBe(
      net.world.identity.clientContract(address(10)).toString({ bounceable: false }),
    );
    const success = await client.ask({ _: 'client.authorizeWithProxyShort', data: SECRET });
    if (success._ !== 'client.authorizationWithProxySuccess' || success.signedPayment._ !== 'proxy.signedPayment')
      throw new Error(success._);
    const voucher = verifyVoucher(success.signedPayment.data, {
      publicKey: net.world.identity.publicKey,
      contract: net.world.identity.clientContract(address(10)),
      ops: [Op.extClientChargeSigned],
    });
    expect(voucher.tokens).toBe(0n);
  });

  it('short: a wrong secret is refused and the connection ends', async () => {
    net.world.account().chain.secretHash = sha256(SECRET);
    const client = await net.connect(net.ports.clientPort);
    await client.ask(hello());
    await expect(client.ask({ _: 'client.authorizeWithProxyShort', data: Buffer.from('wrong') })).rejects.toThrow(
      'sha256 mismatch',
    );
    await client.closed;
  });

  it.each([
    ['an unknown client', undefined],
    ['a contract without a secret', Buffer.alloc(32)],
    ['a contract with the hash of the empty secret (B24)', sha256('')],
  ])('long is offered to %s, and short is then refused', async (_what, secretHash) => {
    if (secretHash) net.world.account().chain.secretHash = secretHash;
    const client = await net.connect(net.ports.clientPort);
    expect((await client.ask(hello())).auth._).toBe('client.proxyConnectionAuthLong');
    await expect(client.ask({ _: 'client.authorizeWithProxyShort', data: Buffer.alloc(0) })).rejects.toThrow(
      'not offered',
    );
    await client.closed;
  });

  it('long: waits for the nonce to come through the right contract', async () => {
    const client = await net.connect(net.ports.clientPort);
    const { auth } = await client.ask(hello());
    const nonce = BigInt.asUintN(64, auth.nonce);
    let answered = false;
    const answer = client.ask({ _: 'client.authorizeWithProxyLong' });
    answer.then(() => {
      answered = true;
    });
    net.nonces.confirm(address(99).toRawString(), nonce);
    net.nonces.confirm(address(10).toRawString(), nonce ^ 1n);
    // A whole round trip of somebody else: time enough for a wrong answer to arrive.
    await (await net.connect(net.ports.clientPort)).ask(hello({ clientOwnerAddress: address(11).toString() }));
    expect(answered).toBe(false);
    net.nonces.confirm(address(10).toRawString(), nonce);
    expect((await answer)._).toBe('client.authorizationWithProxySuccess');
  });

  it('long: a confirmation that came before the question counts', async () => {
    const client = await net.connect(net.ports.clientPort);
    const { auth } = await client.ask(hello());
    net.nonces.confirm(address(10).toRawString(), BigInt.asUintN(64, auth.nonce));
    expect((await client.ask({ _: 'client.authorizeWithProxyLong' }))._).toBe('client.authorizationWithProxySuccess');
  });

  it.each([
    ['is_test missing', hello({ isTest: undefined }), 'is_test'],
    ['is_test that differs', hello({ isTest: false }), 'is_test=false'],
    ['an address that is none', hello({ clientOwnerAddress: 'EQnonsense' }), 'client_owner_address'],
    ['a newer root than ours', hello({}, 6), 'config version is too low'],
    ['no common protocol version', hello({ minProtoVersion: 7, maxProtoVersion: 9 }), 'protocol version'],
  ])('refuses %s and hangs up', async (_what, query, reason) => {
    const client = await net.connect(net.ports.clientPort);
    await expect(client.ask(query)).rejects.toThrow(reason);
    await client.closed;
  });

  it('refuses a client whose contract is closing', async () => {
    net.world.account().chain.state = 'closing';
    const client = await net.connect(net.ports.clientPort);
    await expect(client.ask(hello())).rejects.toThrow('closing');
  });
});

describe('worker handshake', () => {
  it('seats a worker with its share of the limit, after the handshake', async () => {
    const worker = await net.connect(net.ports.workerPort);
    const welcome = await worker.ask(workerHello());
    expect(welcome.workerScAddress).toBe(
      net.world.identity.workerContract(address(20)).toString({ bounceable: false }),
    );
    expect(await worker.ask(compare())).toMatchObject({ errorCode: 0, signedPayment: { _: 'proxy.signedPayment' } });
    expect(net.world.scheduler.seats()).toEqual([]);
    await worker.ask({ _: 'worker.proxyHandshakeComplete', isDisabled: true });
    expect(net.world.scheduler.seats()).toMatchObject([{ seat: { model: 'demo', limit: 3, enabled: false } }]);
  });

  it('survives a worker that remembers more, and lets it finish through the extended comparison (B5)', async () => {
    const worker = await net.connect(net.ports.workerPort);
    await worker.ask(workerHello());
    expect((await worker.ask(compare(0n, 70n, 90n))).errorCode).toBe(1);
    expect(
      (
        await worker.ask({
          _: 'worker.extendedCompareBalanceWithProxy',
          tokensCommittedToDb: 70n,
          other: Buffer.alloc(0),
        })
      ).errorCode,
    ).toBe(0);
    await worker.ask({ _: 'worker.proxyHandshakeComplete', isDisabled: false });
    expect(net.world.scheduler.seats()).toHaveLength(1);
  });

  it('refuses a worker that claims a larger signed payment, and stays up', async () => {
    const worker = await net.connect(net.ports.workerPort);
    await worker.ask(workerHello());
    await expect(worker.ask(compare(5n))).rejects.toThrow('5 signed tokens');
    await worker.closed;
    await net.readyWorker();
  });

  it.each([
    ['no model', workerHello({ model: '@x' }), 'model'],
    ['a model name with control characters', workerHello({ model: 'a\nb' }), 'model'],
    ['a negative coefficient', workerHello({ coefficient: -1 }), 'coefficient'],
    ['no room for requests', workerHello({ maxActiveRequests: 0 }), 'max_active_requests'],
    ['no proxies', workerHello({ proxyCnt: 0 }), 'proxy_cnt'],
    ['another is_test', workerHello({ isTest: false }), 'is_test'],
    ['a bad address', workerHello({ workerOwnerAddress: '' }), 'worker_owner_address'],
  ])('refuses %s and hangs up', async (_what, query, reason) => {
    const worker = await net.connect(net.ports.workerPort);
    await expect(worker.ask(query)).rejects.toThrow(reason);
    await worker.closed;
  });

  it.each([
    ['comparison first', compare()],
    ['completion first', { _: 'worker.proxyHandshakeComplete', isDisabled: false } as const],
  ])('refuses steps out of order: %s', async (_what, query) => {
    const worker = await net.connect(net.ports.workerPort);
    await expect(worker.ask(query)).rejects.toBeInstanceOf(PeerQueryError);
    await worker.closed;
  });
});
