import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoonState, Op, signVoucher, tlAddress } from '@cocoon/sdk';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { Address, toNano } from '@ton/core';
import { systemClock } from '../node/clock';
import { RootWatch } from '../node/root-watch';
import { dial, PeerQueryError, plain } from '../transport';
import { ActionFailedError } from './actions';
import { Channels } from './channels';
import { ProxySession, secretHash } from './session';
import { FakeChain, FakeWallet, params, ROOT, WALLET } from './testing/fake-network';
import { FakeProxy, finalInfo, httpResponse, usage } from './testing/fake-proxy';
import { silentLogger } from './testing/start-gateway';
import type { AnswerSink, UpstreamRequest } from './upstream';

const SECRET = Buffer.from('a secret of at least some length');

interface World {
  chain: FakeChain;
  wallet: FakeWallet;
  proxy: FakeProxy;
  channels: Channels;
  stateDir: string;
  connect(): Promise<ProxySession>;
  close(): Promise<void>;
}

async function world(): Promise<World> {
  const chain = new FakeChain();
  const wallet = new FakeWallet(chain);
  const proxy = new FakeProxy(chain);
  wallet.onRegister = (nonce) => proxy.registered(nonce);
  const port = await proxy.start();
  chain.publishRoot(proxy.endpoint);
  const root = new RootWatch({
    chain,
    address: ROOT,
    isTest: true,
    refreshMs: 1e6,
    retryMs: 1e6,
    clock: systemClock,
    logger: silentLogger,
    onChange: () => undefined,
  });
  const config = await root.refresh();
  const stateDir = mkdtempSync(join(tmpdir(), 'cocoon-session-'));
  const channels = new Channels({
    chain,
    wallet,
    stateDir,
    secretHash: secretHash(SECRET),
    logger: silentLogger,
    clock: systemClock,
    intervalMs: 1e6,
    paramsVersion: () => config.params.paramsVersion,
  });
  const sessions: ProxySession[] = [];
  const connect = async () => {
    let session: ProxySession | undefined;
    const connection = await dial({
      host: '127.0.0.1',
      port,
      security: plain,
      logger: silentLogger,
      onConnection: (link) => {
        session = new ProxySession(link, {
          channelFor: (terms) => channels.for(terms),
          root: () => config,
          identity: () => ({ wallet: WALLET, root: ROOT, isTest: true, isTestnet: false, params: config.params }),
          secret: SECRET,
          clock: systemClock,
          paymentStatusIntervalMs: 1e6,
          logger: silentLogger,
        });
        return {
          onMessage: (message) => session?.onMessage(message),
          onQuery: async () => undefined,
          onClose: (reason) => session?.onClose(reason),
        };
      },
    });
    const opened = session as ProxySession;
    sessions.push(opened);
    await opened.open().catch((error: Error) => {
      connection.close(error);
      throw error;
    });
    return opened;
  };
  const close = async () => {
    for (const session of sessions) session.fail(new Error('end of the test'));
    await channels.stop();
    await proxy.close();
  };
  return { chain, wallet, proxy, channels, stateDir, connect, close };
}

function request(): UpstreamRequest {
  return {
    requestId: Buffer.alloc(32, 5),
    model: 'm',
    url: '/v1/chat/completions',
    headers: [{ name: 'Host', value: 'localhost' }],
    payload: Buffer.from('{"model":"m"}'),
    maxCoefficient: 4000,
    maxTokens: 100,
    timeoutS: 20,
    enableDebug: false,
  };
}

/** Records what a sink is told; `over` resolves at its end. */
function recorder(): AnswerSink & { log: string[]; over: Promise<void> } {
  const log: string[] = [];
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    log,
    over,
    head: (head, last) => {
      log.push(`head ${head.status} ${head.payload}${last ? ` final ${last.tokens.total}` : ''}`);
      if (last) end();
    },
    part: (data, last) => {
      log.push(`part ${data}${last ? ` final ${last.tokens.total}` : ''}`);
      if (last) end();
    },
    failed: (error) => {
      log.push(`failed ${error.code}`);
      end();
    },
  };
}

describe('the handshake with a proxy', () => {
  let w: World;
  beforeEach(async () => {
    w = await world();
  });
  afterEach(() => w.close());

  test('first contact: one wallet transaction deploys, pays one stake, sets the secret and registers', async () => {
    const session = await w.connect();
    expect(session.ready).toBe(true);
    expect(w.wallet.sent).toEqual([['ownerClientChangeSecretHashAndTopUp', 'ownerClientRegister']]);
    expect(w.wallet.messages[0]?.init).toBeDefined();
    expect(w.wallet.messages[1]?.init).toBeUndefined();
    expect(w.chain.clientData()).toMatchObject({ balance: toNano('15'), secretHash: secretHash(SECRET) });
    expect(w.proxy.received).toEqual(['client.connectToProxy', 'client.authorizeWithProxyLong']);
  });

  test('afterwards the secret is enough and nothing is paid', async () => {
    w.proxy.knownSecretHash = secretHash(SECRET);
    w.chain.setClient({ balance: toNano('15'), secretHash: secretHash(SECRET) });
    const session = await w.connect();
    expect(session.ready).toBe(true);
    expect(w.wallet.sent).toEqual([]);
    expect(w.proxy.received).toEqual(['client.connectToProxy', 'client.authorizeWithProxyShort']);
  });

  test('the secret is not shown to a proxy that does not know its hash', async () => {
    w.proxy.knownSecretHash = secretHash(Buffer.from('an older secret'));
    w.chain.setClient({ balance: toNano('15'), secretHash: secretHash(Buffer.from('an older secret')) });
    await w.connect();
    expect(w.proxy.received).not.toContain('client.authorizeWithProxyShort');
    expect(w.wallet.sent).toEqual([['ownerClientChangeSecretHash', 'ownerClientRegister']]);
  });

  test('a channel that ran dry is filled up while registering', async () => {
    w.chain.setClient({ balance: toNano('1'), secretHash: secretHash(SECRET) });
    await w.connect();
    expect(w.wallet.sent).toEqual([['extClientTopUp', 'ownerClientRegister']]);
    expect(w.chain.clientData()?.balance).toBe(toNano('16'));
  });

  test('an empty wallet is said, with the address and the missing sum, and nothing is sent', async () => {
    w.wallet.coins = toNano('3');
    await expect(w.connect()).rejects.toMatchObject({
      code: 'wallet_underfunded',
      message: expect.stringContaining(WALLET.toString({ bounceable: false })),
    });
    expect(w.wallet.sent).toEqual([]);
  });

  test('a connection lost while the channel is being opened does not pay twice', async () => {
    let release: () => void = () => undefined;
    w.wallet.delay = new Promise((resolve) => {
      release = resolve;
    });
    const asked = w.proxy.next('client.authorizeWithProxyLong');
    const first = w.connect();
    const lost = expect(first).rejects.toThrow();
    await asked;
    w.proxy.connections[0]?.close();
    await lost;
    const askedAgain = w.proxy.next('client.authorizeWithProxyLong');
    const second = w.connect();
    await askedAgain;
    release();
    expect((await second).ready).toBe(true);
    expect(w.wallet.sent).toEqual([
      ['ownerClientChangeSecretHashAndTopUp', 'ownerClientRegister'],
      ['ownerClientRegister'],
    ]);
    expect(w.chain.clientData()?.balance).toBe(toNano('15'));
  });

  test('an on-chain failure ends the handshake at once instead of after the time-out', async () => {
    w.wallet.failure = new ActionFailedError('exit code 1003', { exitCode: 1003 });
    await expect(w.connect()).rejects.toMatchObject({ exitCode: 1003 });
  });

  test.each([
    ['is not deployed', (chain: FakeChain) => chain.remove(chain.proxy)],
    [
      'runs other code',
      (chain: FakeChain) => chain.set(chain.proxy, { code: params.workerCode!, data: chain.dataOf(chain.proxy)! }),
    ],
  ])('no money goes to a proxy contract that %s', async (_what, change) => {
    change(w.chain);
    await expect(w.connect()).rejects.toMatchObject({ code: 'proxy_contract' });
    expect(w.wallet.sent).toEqual([]);
  });

  test('a closed channel is not paid into', async () => {
    w.chain.setClient({ state: CocoonState.closed });
    await expect(w.connect()).rejects.toMatchObject({ code: 'channel_closed' });
    expect(w.wallet.sent).toEqual([]);
  });

  const other = tlAddress(new Address(0, Buffer.alloc(32, 0xee)), false);
  test.each([
    [
      'another proxy contract',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, proxyScAddress: other } }),
      'address_mismatch',
    ],
    ['another client contract', () => ({ ...w.proxy.connected(), clientScAddress: other }), 'address_mismatch'],
    [
      'another key',
      () => ({
        ...w.proxy.connected(),
        params: { ...w.proxy.connected().params, proxyPublicKey: Buffer.alloc(32, 1) },
      }),
      'address_mismatch',
    ],
    ['no address', () => ({ ...w.proxy.connected(), clientScAddress: 'nonsense' }), 'bad_answer'],
    [
      'the other network',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, isTest: false } }),
      'wrong_network',
    ],
    [
      'no flags',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, isTest: undefined } }),
      'wrong_network',
    ],
    [
      'an unknown version',
      () => ({ ...w.proxy.connected(), params: { ...w.proxy.connected().params, protoVersion: 9 } }),
      'no_common_version',
    ],
    ['a voucher of another channel', () => ({ ...w.proxy.connected(), signedPayment: foreignVoucher() }), 'bad_answer'],
  ])('a proxy that names %s is refused before any money moves', async (_what, answer, code) => {
    w.proxy.answer = (query) => (query._ === 'client.connectToProxy' ? answer() : undefined);
    await expect(w.connect()).rejects.toMatchObject({ code });
    expect(w.wallet.sent).toEqual([]);
  });

  function foreignVoucher() {
    const { proxyKey, proxy } = w.chain;
    const data = signVoucher({
      op: Op.extClientChargeSigned,
      queryId: 1n,
      tokens: 5n,
      contract: proxy,
      excessesTo: proxy,
      key: proxyKey,
    });
    return { _: 'proxy.signedPayment' as const, data };
  }

  test('a proxy that refuses is believed, with its words', async () => {
    w.proxy.answer = () => Promise.reject(new PeerQueryError(651, 'proxy is disabled'));
    await expect(w.connect()).rejects.toMatchObject({ message: expect.stringContaining('proxy is disabled') });
    w.proxy.answer = (query) =>
      query._ === 'client.authorizeWithProxyLong'
        ? { _: 'client.authorizationWithProxyFailed', errorCode: 621, error: 'no' }
        : undefined;
    await expect(w.connect()).rejects.toMatchObject({ code: 'authorization' });
  });

  test('an answer of the wrong kind ends the handshake', async () => {
    w.proxy.answer = () => ({ _: 'client.workerTypesV2', types: [] });
    await expect(w.connect()).rejects.toThrow();
  });

  test('a message in the middle of the handshake ends the connection', async () => {
    w.proxy.answer = (query) => {
      if (query._ !== 'client.connectToProxy') return undefined;
      w.proxy.connections[0]?.send({ _: 'worker.newCoefficient', newCoefficient: 1 });
      return new Promise<TlObject>(() => undefined);
    };
    await expect(w.connect()).rejects.toThrow();
  });

  test('a payment before the handshake ends the connection, not the process', async () => {
    w.proxy.answer = (query) => {
      if (query._ !== 'client.connectToProxy') return undefined;
      w.proxy.connections[0]?.send(w.proxy.voucher(1n));
      return new Promise<TlObject>(() => undefined);
    };
    await expect(w.connect()).rejects.toThrow(/unexpected message proxy.signedPayment/);
  });
});

describe('requests over a session', () => {
  let w: World;
  let session: ProxySession;
  beforeEach(async () => {
    w = await world();
    session = await w.connect();
  });
  afterEach(() => w.close());

  test('a streamed answer: beginning, parts, end with the tokens', async () => {
    const sink = recorder();
    w.proxy.onRun = (query, connection) => {
      const { requestId } = query;
      connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('one') });
      connection.send({
        _: 'client.queryAnswerPartEx',
        requestId,
        answer: Buffer.from('two'),
        finalInfo: finalInfo(9n),
      });
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('late') });
    };
    const arrived = w.proxy.next('client.runQueryEx');
    session.run(request(), sink);
    const sent = await arrived;
    await sink.over;
    expect(sink.log).toEqual(['head 200 ', 'part one', 'part two final 9']);
    expect(sent).toMatchObject({
      modelName: 'm',
      maxCoefficient: 4000,
      maxTokens: 100,
      timeout: 19,
      minConfigVersion: 1,
      enableDebug: false,
    });
    expect(session.activeRequests).toBe(0);
  });

  test('the old messages are understood too', async () => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) => {
      const answer = httpResponse('{', 'application/json');
      connection.send({ _: 'client.queryAnswer', requestId, answer, isCompleted: false, requestTokensUsed: usage(0n) });
      connection.send({
        _: 'client.queryAnswerPart',
        requestId,
        answer: Buffer.from('}'),
        isCompleted: true,
        requestTokensUsed: usage(3n),
      });
    };
    session.run(request(), sink);
    await sink.over;
    expect(sink.log).toEqual(['head 200 {', 'part } final 3']);
  });

  test.each([
    ['client.queryAnswerErrorEx', { errorCode: 602, error: 'client balance is too low: x' }, 'insufficient_balance'],
    [
      'client.queryAnswerError',
      { errorCode: 621, error: 'unknown model m', requestTokensUsed: usage(0n) },
      'model_not_found',
    ],
    [
      'client.queryAnswerPartError',
      { errorCode: 652, error: 'timeout in proxy', requestTokensUsed: usage(0n) },
      'timeout',
    ],
  ] as const)('%s ends the request, before and after its beginning (B1)', async (name, fields, code) => {
    for (const begun of [false, true]) {
      const sink = recorder();
      w.proxy.onRun = ({ requestId }, connection) => {
        if (begun)
          connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
        connection.send({ _: name, requestId, ...fields } as TlObject);
      };
      session.run(request(), sink);
      await sink.over;
      expect(sink.log.at(-1)).toBe(`failed ${code}`);
    }
  });

  test.each([
    [
      'a part before the beginning',
      (requestId: Buffer): TlObject[] => [{ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('x') }],
    ],
    [
      'two beginnings',
      (requestId: Buffer): TlObject[] =>
        Array(2).fill({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'a/b') }),
    ],
    [
      'a beginning that is no response',
      (requestId: Buffer): TlObject[] => [{ _: 'client.queryAnswerEx', requestId, answer: Buffer.from('junk') }],
    ],
    [
      'status 99',
      (requestId: Buffer): TlObject[] => [
        { _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'a/b', 99) },
      ],
    ],
  ])('%s fails that request, cancels it, and keeps the connection', async (_what, messages) => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) => {
      for (const message of messages(requestId)) connection.send(message);
    };
    const cancelled = w.proxy.next('client.cancelQuery');
    session.run(request(), sink);
    await sink.over;
    expect(sink.log.at(-1)).toBe('failed bad_upstream_answer');
    expect((await cancelled).requestId).toEqual(request().requestId);
    expect(session.ready).toBe(true);
  });

  test('negative token counts lower nothing', async () => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) =>
      void connection.send({
        _: 'client.queryAnswerEx',
        requestId,
        answer: httpResponse('{}', 'a/b'),
        finalInfo: finalInfo(-5n),
      });
    session.run(request(), sink);
    await sink.over;
    expect(sink.log).toEqual(['head 200 {} final 0']);
  });

  test('cancelling tells the proxy, and its late answer is dropped', async () => {
    const sink = recorder();
    const arrived = w.proxy.next('client.runQueryEx');
    const running = session.run(request(), sink);
    const { requestId } = await arrived;
    const told = w.proxy.next('client.cancelQuery');
    running.cancel();
    await told;
    w.proxy.connections[0]?.send({
      _: 'client.queryAnswerEx',
      requestId,
      answer: httpResponse('{}', 'a/b'),
      finalInfo: finalInfo(1n),
    });
    await session.models(); // answered after the late message has been read
    expect(sink.log).toEqual([]);
    expect(session.ready).toBe(true);
  });

  test('a connection that ends fails its requests at once (B28)', async () => {
    const sink = recorder();
    const arrived = w.proxy.next('client.runQueryEx');
    session.run(request(), sink);
    await arrived;
    w.proxy.connections[0]?.close();
    await sink.over;
    expect(sink.log).toEqual(['failed connection_lost']);
    expect(session.ready).toBe(false);
  });

  test('a request too large for a frame is told so, and the connection stays (B14)', async () => {
    const sink = recorder();
    session.run({ ...request(), payload: Buffer.alloc((16 << 20) + 1, 0x20) }, sink);
    await sink.over;
    expect(sink.log).toEqual(['failed body_too_large']);
    expect(session.ready).toBe(true);
  });

  test('payments raise the counters; lower or repeated ones change nothing', async () => {
    const channel = session.channel;
    const pay = (tokens: bigint, max: bigint) =>
      w.proxy.connections[0]?.send({
        _: 'proxy.clientRequestPayment',
        requestId: Buffer.alloc(32),
        signedPayment: w.proxy.voucher(tokens),
        dbTokens: max,
        maxTokens: max,
        requestTokens: 1n,
      });
    pay(10n, 20n);
    pay(5n, 15n);
    await session.models();
    expect([channel?.tokensSigned, channel?.tokensMax]).toEqual([10n, 20n]);
  });

  test('a voucher with a wrong signature ends the connection', async () => {
    const ended = w.proxy.nextClose();
    const voucher = w.proxy.voucher(10n);
    const data = Buffer.from(voucher.data);
    const i = data.length - 60;
    data[i] = (data[i] as number) ^ 1;
    w.proxy.connections[0]?.send({ _: 'proxy.signedPayment', data });
    await ended;
    expect(session.ready).toBe(false);
    expect(session.channel?.tokensSigned).toBe(0n);
  });

  test('a message that has no place here ends the connection, not the process', async () => {
    const sink = recorder();
    session.run(request(), sink);
    w.proxy.connections[0]?.send({ _: 'worker.newCoefficient', newCoefficient: 5 });
    await sink.over;
    expect(sink.log).toEqual(['failed connection_lost']);
  });
});

test('the root must be of the configured network', async () => {
  const chain = new FakeChain();
  chain.publishRoot('127.0.0.1:1');
  const watch = (isTest: boolean) =>
    new RootWatch({
      chain,
      address: ROOT,
      isTest,
      refreshMs: 1e6,
      retryMs: 1e6,
      clock: systemClock,
      logger: silentLogger,
      onChange: () => undefined,
    });
  await expect(watch(false).refresh()).rejects.toThrow(/is_test/);
  await expect(watch(true).refresh()).resolves.toMatchObject({ version: 1 });
});
