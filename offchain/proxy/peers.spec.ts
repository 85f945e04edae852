import { createHash } from 'node:crypto';
import { Op } from '@cocoon/sdk';
import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { verifyVoucher } from '@cocoon/sdk/protocol/vouchers';
import fc from 'fast-check';
import { dial, type PeerConnection, PeerQueryError, plain } from '../transport';
import { Nonces } from './nonces';
import { Peers } from './peers';
import { address, finalInfo, httpResponse, quiet, runQuery, World } from './testing/world';

const SECRET = Buffer.from('correct horse');
const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();

let world: World;
let peers: Peers;
let nonces: Nonces;
let ports: { clientPort: number; workerPort: number };
const dialed: PeerConnection[] = [];

beforeEach(async () => {
  world = new World();
  nonces = new Nonces();
  let id = 0;
  peers = new Peers({
    host: '127.0.0.1',
    clientPort: 0,
    workerPort: 0,
    maxConnections: 64,
    logger: quiet,
    context: {
      books: world.books,
      vouchers: world.vouchers,
      relay: world.relay,
      scheduler: world.scheduler,
      nonces,
      logger: quiet,
      isTest: true,
      isTestnet: false,
      handshakeTimeoutMs: 2000,
      authTimeoutMs: 2000,
      rootVersion: () => 5,
      nextId: () => ++id,
    },
  });
  ports = await peers.open();
});

afterEach(async () => {
  for (const connection of dialed.splice(0)) connection.close();
  await peers.close();
  await world.close();
});

interface Peer {
  connection: PeerConnection;
  inbox: TlObject[];
  closed: Promise<Error | undefined>;
  next<T extends TlObject['_']>(name: T): Promise<Extract<TlObject, { _: T }>>;
  ask<Q extends Parameters<PeerConnection['query']>[0]>(query: Q): ReturnType<typeof PeerConnection.prototype.query<Q>>;
}

async function connect(port: number): Promise<Peer> {
  const inbox: TlObject[] = [];
  const waiting: (() => void)[] = [];
  let onClosed: (reason: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    onClosed = resolve;
  });
  const onConnection = () => ({
    onMessage: (message: TlObject) => {
      inbox.push(message);
      for (const wake of waiting.splice(0)) wake();
    },
    onQuery: async () => undefined,
    onClose: onClosed,
  });
  const connection = await dial({ host: '127.0.0.1', port, security: plain, logger: quiet, onConnection });
  dialed.push(connection);
  return {
    connection,
    inbox,
    closed,
    ask: (query) => connection.query(query, { timeoutMs: 3000 }),
    async next(name) {
      for (;;) {
        const found = inbox.findIndex((message) => message._ === name);
        if (found >= 0) return inbox.splice(found, 1)[0] as never;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

const hello = (more: Partial<TlType<'client.params'>> = {}, minConfigVersion = 1): TlType<'client.connectToProxy'> => ({
  _: 'client.connectToProxy',
  params: {
    _: 'client.params',
    clientOwnerAddress: address(10).toString(),
    isTest: true,
    minProtoVersion: 1,
    maxProtoVersion: 3,
    ...more,
  },
  minConfigVersion,
});

const workerHello = (more: Partial<TlType<'worker.params'>> = {}): TlType<'worker.connectToProxy'> => ({
  _: 'worker.connectToProxy',
  params: {
    _: 'worker.params',
    workerOwnerAddress: address(20).toString(),
    model: 'demo@1:abc',
    coefficient: 1000,
    isTest: true,
    proxyCnt: 2,
    maxActiveRequests: 5,
    minProtoVersion: 1,
    maxProtoVersion: 3,
    ...more,
  },
});

const compare = (chain = 0n, db = 0n, max = 0n) =>
  ({
    _: 'worker.compareBalanceWithProxy',
    tokensCommittedToBlockchain: chain,
    tokensCommittedToDb: db,
    maxTokens: max,
  }) as const;

async function readyWorker(more = {}) {
  const worker = await connect(ports.workerPort);
  await worker.ask(workerHello(more));
  await worker.ask(compare());
  await worker.ask({ _: 'worker.proxyHandshakeComplete', isDisabled: false });
  return worker;
}

async function readyClient(max = 3) {
  const account = world.account();
  account.chain.secretHash = sha256(SECRET);
  const client = await connect(ports.clientPort);
  await client.ask(hello({ maxProtoVersion: max }));
  await client.ask({ _: 'client.authorizeWithProxyShort', data: SECRET });
  return { ...client, account };
}

describe('client handshake', () => {
  it('short: known client, secret whose hash its contract holds', async () => {
    const account = world.account();
    account.chain.secretHash = sha256(SECRET);
    const client = await connect(ports.clientPort);
    const welcome = await client.ask(hello());
    expect(welcome.auth).toMatchObject({ _: 'client.proxyConnectionAuthShort', secretHash: sha256(SECRET) });
    expect(welcome.params).toMatchObject({ protoVersion: 3, isTest: true });
    // Live peers compare the text, flags included: it must be the non-bounceable form.
    expect(welcome.clientScAddress).toBe(world.identity.clientContract(address(10)).toString({ bounceable: false }));
    const success = await client.ask({ _: 'client.authorizeWithProxyShort', data: SECRET });
    if (success._ !== 'client.authorizationWithProxySuccess' || success.signedPayment._ !== 'proxy.signedPayment')
      throw new Error(success._);
    const voucher = verifyVoucher(success.signedPayment.data, {
      publicKey: world.identity.publicKey,
      contract: world.identity.clientContract(address(10)),
      ops: [Op.extClientChargeSigned],
    });
    expect(voucher.tokens).toBe(0n);
  });

  it('short: a wrong secret is refused and the connection ends', async () => {
    world.account().chain.secretHash = sha256(SECRET);
    const client = await connect(ports.clientPort);
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
    if (secretHash) world.account().chain.secretHash = secretHash;
    const client = await connect(ports.clientPort);
    expect((await client.ask(hello())).auth._).toBe('client.proxyConnectionAuthLong');
    await expect(client.ask({ _: 'client.authorizeWithProxyShort', data: Buffer.alloc(0) })).rejects.toThrow(
      'not offered',
    );
    await client.closed;
  });

  it('long: waits for the nonce to come through the right contract', async () => {
    const client = await connect(ports.clientPort);
    const { auth } = await client.ask(hello());
    const nonce = BigInt.asUintN(64, auth.nonce);
    let answered = false;
    const answer = client.ask({ _: 'client.authorizeWithProxyLong' });
    answer.then(() => {
      answered = true;
    });
    nonces.confirm(address(99).toRawString(), nonce);
    nonces.confirm(address(10).toRawString(), nonce ^ 1n);
    // A whole round trip of somebody else: time enough for a wrong answer to arrive.
    await (await connect(ports.clientPort)).ask(hello({ clientOwnerAddress: address(11).toString() }));
    expect(answered).toBe(false);
    nonces.confirm(address(10).toRawString(), nonce);
    expect((await answer)._).toBe('client.authorizationWithProxySuccess');
  });

  it('long: a confirmation that came before the question counts', async () => {
    const client = await connect(ports.clientPort);
    const { auth } = await client.ask(hello());
    nonces.confirm(address(10).toRawString(), BigInt.asUintN(64, auth.nonce));
    expect((await client.ask({ _: 'client.authorizeWithProxyLong' }))._).toBe('client.authorizationWithProxySuccess');
  });

  it.each([
    ['is_test missing', hello({ isTest: undefined }), 'is_test'],
    ['is_test that differs', hello({ isTest: false }), 'is_test=false'],
    ['an address that is none', hello({ clientOwnerAddress: 'EQnonsense' }), 'client_owner_address'],
    ['a newer root than ours', hello({}, 6), 'config version is too low'],
    ['no common protocol version', hello({ minProtoVersion: 7, maxProtoVersion: 9 }), 'protocol version'],
  ])('refuses %s and hangs up', async (_what, query, reason) => {
    const client = await connect(ports.clientPort);
    await expect(client.ask(query)).rejects.toThrow(reason);
    await client.closed;
  });

  it('refuses a client whose contract is closing', async () => {
    world.account().chain.state = 'closing';
    const client = await connect(ports.clientPort);
    await expect(client.ask(hello())).rejects.toThrow('closing');
  });
});

describe('worker handshake', () => {
  it('seats a worker with its share of the limit, after the handshake', async () => {
    const worker = await connect(ports.workerPort);
    const welcome = await worker.ask(workerHello());
    expect(welcome.workerScAddress).toBe(world.identity.workerContract(address(20)).toString({ bounceable: false }));
    expect(await worker.ask(compare())).toMatchObject({ errorCode: 0, signedPayment: { _: 'proxy.signedPayment' } });
    expect(world.scheduler.seats()).toEqual([]);
    await worker.ask({ _: 'worker.proxyHandshakeComplete', isDisabled: true });
    expect(world.scheduler.seats()).toMatchObject([{ seat: { model: 'demo', limit: 3, enabled: false } }]);
  });

  it('survives a worker that remembers more, and lets it finish through the extended comparison (B5)', async () => {
    const worker = await connect(ports.workerPort);
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
    expect(world.scheduler.seats()).toHaveLength(1);
  });

  it('refuses a worker that claims a larger signed payment, and stays up', async () => {
    const worker = await connect(ports.workerPort);
    await worker.ask(workerHello());
    await expect(worker.ask(compare(5n))).rejects.toThrow('5 signed tokens');
    await worker.closed;
    await readyWorker();
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
    const worker = await connect(ports.workerPort);
    await expect(worker.ask(query)).rejects.toThrow(reason);
    await worker.closed;
  });

  it.each([
    ['comparison first', compare()],
    ['completion first', { _: 'worker.proxyHandshakeComplete', isDisabled: false } as const],
  ])('refuses steps out of order: %s', async (_what, query) => {
    const worker = await connect(ports.workerPort);
    await expect(worker.ask(query)).rejects.toBeInstanceOf(PeerQueryError);
    await worker.closed;
  });
});

describe('sessions', () => {
  it('carry a request from a client to a worker and back, with payments for both', async () => {
    const worker = await readyWorker();
    const client = await readyClient();
    const query = runQuery();
    client.connection.send(query);
    const { requestId } = await worker.next('proxy.runQueryEx');
    worker.connection.send({ _: 'proxy.queryAnswerEx', requestId, answer: httpResponse() });
    worker.connection.send({
      _: 'proxy.queryAnswerPartEx',
      requestId,
      answer: Buffer.from('hi'),
      finalInfo: finalInfo(2n, 8n),
    });
    await client.next('client.queryAnswerEx');
    expect((await client.next('client.queryAnswerPartEx')).finalInfo?.tokensUsed.totalTokensUsed).toBe(10n);
    expect((await client.next('proxy.clientRequestPayment')).maxTokens).toBe(10n);
    expect((await worker.next('proxy.workerRequestPayment')).maxTokens).toBe(10n);
    await world.ledger.flushed();
    expect(await client.ask({ _: 'client.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n, dbTokens: 10n });
    expect(await worker.ask({ _: 'worker.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n });
  });

  it('list workers in both forms; disabled ones only in the first', async () => {
    const client = await readyClient();
    await readyWorker();
    const second = await readyWorker({ coefficient: 3000, workerOwnerAddress: address(21).toString() });
    second.connection.send({ _: 'worker.enabledDisabled', disabled: 1 });
    await second.ask({ _: 'worker.updatePaymentStatus' });
    expect((await client.ask({ _: 'client.getWorkerTypes' })).types).toMatchObject([
      { name: 'demo', activeWorkers: 2, coefficientMin: 1000, coefficientMax: 3000 },
    ]);
    expect((await client.ask({ _: 'client.getWorkerTypesV2' })).types).toMatchObject([
      { name: 'demo', workers: [{ coefficient: 1000, activeRequests: 0, maxActiveRequests: 3 }] },
    ]);
  });

  it('a worker that goes away fails what it was doing at once', async () => {
    const worker = await readyWorker();
    const client = await readyClient();
    client.connection.send(runQuery());
    await worker.next('proxy.runQueryEx');
    worker.connection.close();
    expect((await client.next('client.queryAnswerEx')).finalInfo).toBeDefined();
    expect(world.scheduler.seats()).toEqual([]);
  });

  it('a client of protocol 2 may not cancel', async () => {
    const client = await readyClient(2);
    client.connection.send({ _: 'client.cancelQuery', requestId: Buffer.alloc(32) });
    await client.closed;
  });

  it.each([
    ['a price out of range', { _: 'worker.newCoefficient', newCoefficient: -5 } as const],
    ['a switch that is no switch', { _: 'worker.enabledDisabled', disabled: 7 } as const],
    ['a message of the other role', { _: 'client.cancelQuery', requestId: Buffer.alloc(32) } as const],
    [
      'a negative count',
      {
        _: 'proxy.queryAnswerEx',
        requestId: Buffer.alloc(32),
        answer: Buffer.alloc(0),
        finalInfo: finalInfo(-1n, 0n),
      } as const,
    ],
  ])('%s ends only that worker connection', async (_what, message) => {
    const bad = await readyWorker();
    const good = await readyWorker({ workerOwnerAddress: address(21).toString() });
    bad.connection.send(message);
    await bad.closed;
    expect(await good.ask({ _: 'worker.updatePaymentStatus' })).toMatchObject({ _: 'worker.paymentStatus' });
    expect(world.scheduler.seats()).toHaveLength(1);
  });
});

const anyQuery = fc.constantFrom<Parameters<PeerConnection['query']>[0]>(
  hello(),
  hello({ isTest: false }),
  workerHello(),
  workerHello({ coefficient: -1 }),
  compare(),
  compare(9n, 9n, 9n),
  { _: 'client.authorizeWithProxyShort', data: Buffer.from('x') },
  { _: 'client.updatePaymentStatus' },
  { _: 'client.getWorkerTypes' },
  { _: 'client.requestRefund' },
  { _: 'worker.updatePaymentStatus' },
  { _: 'worker.proxyHandshakeComplete', isDisabled: false },
  { _: 'worker.extendedCompareBalanceWithProxy', tokensCommittedToDb: -1n, other: Buffer.from('?') },
);
const anyMessage = fc.constantFrom<TlObject>(
  runQuery(),
  runQuery({ maxTokens: -1 }),
  { _: 'client.cancelQuery', requestId: Buffer.alloc(32) },
  { _: 'proxy.queryAnswerEx', requestId: Buffer.alloc(32), answer: Buffer.from('?'), finalInfo: finalInfo(-1n, 2n) },
  { _: 'worker.newCoefficient', newCoefficient: 1 },
  { _: 'http.header', name: 'a', value: 'b' },
);

describe('sessions > in any order of any messages', () => {
  it('only the sender loses its connection; well-behaved peers are still served', async () => {
    const worker = await readyWorker();
    const client = await readyClient();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('clientPort' as const, 'workerPort' as const),
        fc.array(fc.oneof(fc.record({ query: anyQuery }), fc.record({ message: anyMessage })), { maxLength: 8 }),
        async (port, steps) => {
          const peer = await connect(ports[port]);
          for (const step of steps) {
            try {
              if ('query' in step) await peer.connection.query(step.query, { timeoutMs: 2000 });
              else peer.connection.send(step.message);
            } catch (error) {
              expect(error).toBeInstanceOf(Error);
            }
          }
          peer.connection.close();
          expect((await client.ask({ _: 'client.updatePaymentStatus' }))._).toBe('client.paymentStatus');
          expect((await worker.ask({ _: 'worker.updatePaymentStatus' }))._).toBe('worker.paymentStatus');
        },
      ),
      { numRuns: 60 },
    );
    expect(client.account.reserved).toBe(0n);
  });
});
