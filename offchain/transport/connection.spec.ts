import { duplexPair } from 'node:stream';
import { TonCode } from '@cocoon/sdk/errors';
import { encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import {
  ConnectionClosedError,
  MessageTooLargeError,
  PeerQueryError,
  PeerSilentError,
  ProtocolViolationError,
  QueryTimeoutError,
} from './errors';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { ask, coefficient, connectedPair, connectSide, inASecond, RawPeer, status, withRawPeer } from './testing/peers';

describe('handshake', () => {
  test('the dialer speaks first, the acceptor answers with the same id', async () => {
    const [ours, theirs] = duplexPair();
    const peer = new RawPeer(theirs);
    const { connection, seen } = connectSide(ours, 'acceptor', new ManualClock());
    expect(connection.ready).toBe(false);
    peer.send({ _: 'tcp.connect', id: 42n });
    expect(await peer.received(1)).toEqual([{ _: 'tcp.connected', id: 42n }]);
    await seen.ready.promise;
    expect(connection.ready).toBe(true);
  });

  test('the dialer takes any id in tcp.connected, as the live network does', async () => {
    const { connection, peer } = await withRawPeer('dialer');
    expect(peer.packets).toEqual([{ _: 'tcp.connect', id: expect.any(BigInt) }]);
    expect(connection.ready).toBe(true);
  });

  test.each([
    ['dialer', { _: 'tcp.ping', id: 1n }],
    ['dialer', { _: 'tcp.connect', id: 1n }],
    ['acceptor', { _: 'tcp.connected', id: 1n }],
    ['acceptor', { _: 'tcp.packet', data: Buffer.alloc(4) }],
  ] as const)('a %s refuses another first packet', async (role, packet) => {
    const [ours, theirs] = duplexPair();
    const { seen } = connectSide(ours, role, new ManualClock());
    new RawPeer(theirs).send(packet);
    expect(await seen.closed.promise).toBeInstanceOf(ProtocolViolationError);
  });

  test('a repeated handshake packet means nothing', async () => {
    const { connection, seen, peer } = await withRawPeer('acceptor');
    peer.send({ _: 'tcp.connect', id: 1n });
    peer.send({ _: 'tcp.connected', id: 1n });
    peer.sendMessage(coefficient(1));
    await seen.received(1);
    expect(connection.ready).toBe(true);
  });

  test('a peer that never completes it is given up after 20 s', async () => {
    for (const role of ['dialer', 'acceptor'] as const) {
      const clock = new ManualClock();
      const { seen } = connectSide(duplexPair()[0], role, clock);
      clock.advance(19_999);
      expect(seen.closes).toEqual([]);
      clock.advance(1);
      expect(seen.closes).toEqual([expect.any(PeerSilentError)]);
    }
  });

  test('nothing can be sent before it is complete', async () => {
    const { connection } = connectSide(duplexPair()[0], 'dialer', new ManualClock());
    expect(() => connection.send(coefficient(1))).toThrow(
      'worker.newCoefficient was not sent: the handshake is not complete',
    );
    await expect(connection.query(ask, inASecond)).rejects.toBeInstanceOf(ConnectionClosedError);
  });
});

describe('messages and queries', () => {
  test('messages arrive whole and in order, in both directions', async () => {
    const { dialer, acceptor } = await connectedPair();
    const sent = Array.from({ length: 100 }, (_, i) => coefficient(i));
    for (const message of sent) expect(dialer.connection.send(message)).toBe(true);
    acceptor.connection.send({
      _: 'proxy.queryAnswerPartEx',
      requestId: Buffer.alloc(32),
      answer: Buffer.alloc(100_000, 5),
    });
    await Promise.all([acceptor.seen.received(100), dialer.seen.received(1)]);
    expect(acceptor.seen.messages).toEqual(sent);
    expect(dialer.seen.messages[0]).toMatchObject({ answer: Buffer.alloc(100_000, 5) });
  });

  test('answers find their queries, in any order', async () => {
    const { dialer, acceptor } = await connectedPair();
    const gates = [deferred<void>(), deferred<void>()];
    let count = 0;
    acceptor.seen.answer = async () => {
      const mine = count++;
      await gates[mine]!.promise;
      return {
        _: 'client.paymentStatus',
        signedPayment: { _: 'proxy.signedPaymentEmpty' },
        dbTokens: BigInt(mine),
        maxTokens: 0n,
      };
    };
    const first = dialer.connection.query(ask, inASecond);
    const second = dialer.connection.query(ask, inASecond);
    gates[1]!.resolve();
    expect((await second).dbTokens).toBe(1n);
    gates[0]!.resolve();
    expect((await first).dbTokens).toBe(0n);
    expect(dialer.connection.pendingQueries).toBe(0);
  });

  test("a refusal carries the handler's code and text, and the connection stays", async () => {
    const { dialer, acceptor } = await connectedPair();
    acceptor.seen.answer = async () => {
      throw new PeerQueryError(TonCode.protocolViolation, 'not authorised');
    };
    await expect(dialer.connection.query(ask, inASecond)).rejects.toMatchObject({
      code: 621,
      message: 'not authorised',
    });
    expect(acceptor.connection.ready).toBe(true);
  });

  test('a refusal can end the connection, after the peer was told', async () => {
    const { dialer, acceptor } = await connectedPair();
    acceptor.seen.answer = async () => {
      throw new PeerQueryError(TonCode.error, 'sha256 mismatch', 'close');
    };
    await expect(dialer.connection.query(ask, inASecond)).rejects.toMatchObject({
      code: 602,
      message: 'sha256 mismatch',
    });
    await Promise.all([dialer.seen.closed.promise, acceptor.seen.closed.promise]);
    expect(acceptor.seen.closes).toEqual([expect.any(PeerQueryError)]);
  });

  test.each<[string, () => Promise<TlObject | undefined>, string]>([
    ['no answer', async () => undefined, 'Lost promise'],
    ['a failing handler', () => Promise.reject(new Error('secret detail')), 'internal error'],
    [
      'an answer that cannot be encoded',
      async () => ({ _: 'tcp.ping', id: 1 }) as unknown as TlObject,
      'internal error',
    ],
    [
      'an answer over 16 MiB (B14)',
      async () => ({ _: 'client.refund', data: Buffer.alloc(1 << 24) }),
      'the answer is too large',
    ],
  ])('%s becomes a query error, and the connection stays', async (_, answer, text) => {
    const { dialer, acceptor } = await connectedPair();
    acceptor.seen.answer = answer;
    await expect(dialer.connection.query(ask, inASecond)).rejects.toMatchObject({ code: 602, message: text });
    expect(acceptor.connection.ready).toBe(true);
  });

  test('a refusal that cannot be written ends the connection, not the process', async () => {
    const { dialer, acceptor } = await connectedPair();
    acceptor.seen.answer = async () => {
      throw new PeerQueryError(Number.NaN, 'bug');
    };
    await expect(dialer.connection.query(ask, inASecond)).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(acceptor.seen.closes.map((reason) => reason?.message)).toEqual([
      'tcp.queryError.code: must be a signed 32-bit integer',
    ]);
  });

  test('a query nobody knows is a lost promise, not a violation', async () => {
    const { peer, connection } = await withRawPeer('acceptor');
    peer.send({ _: 'tcp.query', id: 9n, data: Buffer.from('01020304', 'hex') });
    expect((await peer.received(2))[1]).toEqual({ _: 'tcp.queryError', id: 9n, code: 602, message: 'Lost promise' });
    expect(connection.ready).toBe(true);
  });

  test('more queries at a time than allowed are refused, the others are answered', async () => {
    const { dialer, acceptor } = await connectedPair({ maxInboundQueries: 2 });
    const gate = deferred<TlObject>();
    acceptor.seen.answer = () => gate.promise;
    const held = [dialer.connection.query(ask, inASecond), dialer.connection.query(ask, inASecond)];
    await expect(dialer.connection.query(ask, inASecond)).rejects.toMatchObject({ code: TonCode.notReady });
    gate.resolve(status);
    await Promise.all(held);
    await expect(dialer.connection.query(ask, inASecond)).resolves.toEqual(status);
  });

  test('an unanswered query times out, and its late answer is dropped', async () => {
    const { connection, peer, clock, seen } = await withRawPeer('dialer');
    const answer = connection.query(ask, { timeoutMs: 5_000 });
    const [, query] = await peer.received(2);
    clock.advance(5_000);
    await expect(answer).rejects.toBeInstanceOf(QueryTimeoutError);
    if (query?._ !== 'tcp.query') throw new Error('expected a query');
    peer.send({ _: 'tcp.queryAnswer', id: query.id, data: encode(status) });
    peer.send({ _: 'tcp.queryError', id: 77n, code: 1, message: 'for nobody' });
    peer.sendMessage(coefficient(1));
    await seen.received(1);
    expect(connection.ready).toBe(true);
  });

  test('an answer of another type fails the query and ends the connection', async () => {
    const { connection, peer, seen } = await withRawPeer('dialer');
    const answer = connection.query(ask, inASecond);
    const refused = expect(answer).rejects.toThrow(
      'message: is worker.newCoefficient where client.paymentStatus was expected',
    );
    const [, query] = await peer.received(2);
    if (query?._ !== 'tcp.query') throw new Error('expected a query');
    peer.send({ _: 'tcp.queryAnswer', id: query.id, data: encode(coefficient(1)) });
    await refused;
    expect(await seen.closed.promise).toBeInstanceOf(ProtocolViolationError);
  });

  test('a message over 16 MiB throws at the sender, who stays connected (B14)', async () => {
    const { dialer, acceptor } = await connectedPair();
    const large: TlObject = { _: 'client.refund', data: Buffer.alloc(1 << 24) };
    expect(() => dialer.connection.send(large)).toThrow(MessageTooLargeError);
    expect(() => dialer.connection.send({ _: 'tcp.ping', id: 1 } as unknown as TlObject)).toThrow('tcp.ping.id');
    dialer.connection.send(coefficient(1));
    await acceptor.seen.received(1);
    expect(acceptor.seen.messages).toEqual([coefficient(1)]);
  });
});
