import { duplexPair } from 'node:stream';
import { TonCode } from '@cocoon/sdk/errors';
import { encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import {
  ConnectionClosedError,
  FrameError,
  HandlerError,
  MessageTooLargeError,
  PeerQueryError,
  PeerSilentError,
  ProtocolViolationError,
  QueryTimeoutError,
  SlowPeerError,
} from './errors';
import { frameOf } from './packets';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { connectedPair, connectSide, RawPeer, withRawPeer } from './testing/peers';

const status: TlObject = {
  _: 'client.paymentStatus',
  signedPayment: { _: 'proxy.signedPaymentEmpty' },
  dbTokens: 1n,
  maxTokens: 2n,
};
const ask = { _: 'client.updatePaymentStatus' } as const;
const coefficient = (newCoefficient: number): TlObject => ({ _: 'worker.newCoefficient', newCoefficient });
const inASecond = { timeoutMs: 1_000 };

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

describe('the end of a connection', () => {
  test('pending queries fail at once on both sides (B28)', async () => {
    const { dialer, acceptor, clock } = await connectedPair();
    acceptor.seen.answer = () => new Promise(() => undefined);
    dialer.seen.answer = () => new Promise(() => undefined);
    const asked = [
      dialer.connection.query(ask, { timeoutMs: 300_000 }),
      acceptor.connection.query(ask, { timeoutMs: 300_000 }),
    ];
    const outcomes = Promise.allSettled(asked);
    dialer.connection.close(new Error('going away'));
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: expect.any(ConnectionClosedError) },
      { status: 'rejected', reason: expect.any(ConnectionClosedError) },
    ]);
    clock.advance(10_000);
    expect(clock.waiting).toBe(0);
  });

  test('what was sent before close() still arrives, and onClose is called once with the reason', async () => {
    const { dialer, acceptor } = await connectedPair();
    for (let i = 0; i < 50; i++) dialer.connection.send(coefficient(i));
    const reason = new Error('done');
    dialer.connection.close(reason);
    dialer.connection.close(new Error('again'));
    await acceptor.seen.closed.promise;
    expect(acceptor.seen.messages).toHaveLength(50);
    expect(dialer.seen.closes).toEqual([reason]);
    expect(acceptor.seen.closes).toEqual([expect.any(ConnectionClosedError)]);
    expect(() => dialer.connection.send(coefficient(1))).toThrow('the connection is closed');
    await expect(dialer.connection.drained()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test('a failing stream ends the connection with its error', async () => {
    const { dialer, streams } = await connectedPair();
    streams[0].destroy(new Error('reset'));
    const reason = await dialer.seen.closed.promise;
    expect(reason).toBeInstanceOf(ConnectionClosedError);
    expect(reason?.message).toContain('reset');
  });

  test('a stream that ends inside a frame is a framing error', async () => {
    const { peer, seen } = await withRawPeer('acceptor');
    peer.stream.end(Buffer.from('04000000', 'hex'));
    expect(await seen.closed.promise).toBeInstanceOf(FrameError);
  });

  test.each<[string, (peer: RawPeer) => void, new (message: string) => Error, RegExp]>([
    ['a wrong frame number', (peer) => peer.sendPayload(Buffer.alloc(4), 7), FrameError, /frame number 7/],
    ['a length over 16 MiB', (peer) => peer.stream.write(Buffer.from('0100000101000000', 'hex')), FrameError, /claims/],
    [
      'a payload that is no packet',
      (peer) => peer.sendPayload(encode(status)),
      ProtocolViolationError,
      /client\.paymentStatus/,
    ],
    [
      'garbage in a packet',
      (peer) => peer.send({ _: 'tcp.packet', data: Buffer.alloc(8, 1) }),
      ProtocolViolationError,
      /unknown constructor/,
    ],
    [
      'a truncated message',
      (peer) => peer.send({ _: 'tcp.packet', data: encode(status).subarray(0, 12) }),
      ProtocolViolationError,
      /client\.paymentStatus\.dbTokens/,
    ],
    [
      'a truncated query',
      (peer) =>
        peer.send({
          _: 'tcp.query',
          id: 1n,
          data: encode({ _: 'worker.proxyHandshakeComplete', isDisabled: true }).subarray(0, 4),
        }),
      ProtocolViolationError,
      /isDisabled/,
    ],
    [
      'trailing bytes',
      (peer) => peer.sendPayload(Buffer.concat([encode({ _: 'tcp.ping', id: 1n }), Buffer.alloc(4)])),
      ProtocolViolationError,
      /do not belong/,
    ],
  ])('%s ends that connection with a typed reason, and no other', async (_, misbehave, type, message) => {
    const bystander = await connectedPair();
    const { peer, seen, connection } = await withRawPeer('acceptor');
    misbehave(peer);
    const reason = await seen.closed.promise;
    expect(reason).toBeInstanceOf(type);
    expect(reason?.message).toMatch(message);
    expect(connection.closed).toBe(true);
    bystander.dialer.connection.send(coefficient(1));
    await bystander.acceptor.seen.received(1);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ])('a message handler that %s ends the connection, not the process', async (_, receive) => {
    const { peer, seen } = await withRawPeer('acceptor');
    seen.receive = receive;
    peer.sendMessage(coefficient(1));
    const reason = await seen.closed.promise;
    expect(reason).toBeInstanceOf(HandlerError);
    expect(reason?.message).toBe('handling worker.newCoefficient failed: bug');
  });

  test.each(['in the same chunk', 'in later chunks'])(
    'messages behind the one that ended the connection, %s, are not delivered',
    async (where) => {
      const { peer, seen, connection } = await withRawPeer('acceptor');
      seen.receive = () => connection.close();
      const data = encode(coefficient(1));
      const frames = [1, 2, 3].map((seqno) => frameOf(seqno, { _: 'tcp.packet', data }));
      for (const chunk of where === 'in the same chunk' ? [Buffer.concat(frames)] : frames) {
        await new Promise((resolve) => peer.stream.write(chunk, resolve));
      }
      await seen.closed.promise;
      expect(seen.messages).toHaveLength(1);
    },
  );
});

describe('keepalive', () => {
  test('the dialer pings after 10 s of silence and gives up after 20', async () => {
    const { seen, peer, clock } = await withRawPeer('dialer');
    clock.advance(9_999);
    expect(peer.packets).toHaveLength(1);
    clock.advance(1);
    expect((await peer.received(2))[1]).toEqual({ _: 'tcp.ping', id: expect.any(BigInt) });
    clock.advance(9_999);
    expect(seen.closes).toEqual([]);
    clock.advance(1);
    expect(seen.closes).toEqual([expect.any(PeerSilentError)]);
  });

  test('a pong keeps it alive', async () => {
    const { connection, peer, clock, seen } = await withRawPeer('dialer');
    for (let round = 0; round < 5; round++) {
      clock.advance(10_000);
      const ping = (await peer.received(round + 2))[round + 1]!;
      if (ping._ !== 'tcp.ping') throw new Error('expected a ping');
      peer.send({ _: 'tcp.pong', id: ping.id });
      peer.sendMessage(coefficient(round));
      await seen.received(round + 1);
    }
    expect(connection.ready).toBe(true);
  });

  test('a dialer that only listens still lets the acceptor hear it', async () => {
    const { peer, clock, seen } = await withRawPeer('dialer');
    for (let second = 1; second <= 10; second++) {
      peer.sendMessage(coefficient(second));
      await seen.received(second);
      clock.advance(1_000);
    }
    expect((await peer.received(2))[1]?._).toBe('tcp.ping');
  });

  test('the acceptor answers pings, never pings, and gives up after 60 s', async () => {
    const { seen, peer, clock } = await withRawPeer('acceptor');
    peer.send({ _: 'tcp.ping', id: 5n });
    expect((await peer.received(2))[1]).toEqual({ _: 'tcp.pong', id: 5n });
    clock.advance(59_999);
    expect(peer.packets).toHaveLength(2);
    expect(seen.closes).toEqual([]);
    clock.advance(1);
    expect(seen.closes).toEqual([expect.any(PeerSilentError)]);
  });

  test('bytes that trickle in keep nobody for ever: a frame has 60 s', async () => {
    const { seen, peer, clock, connection } = await withRawPeer('acceptor');
    const arrived = (bytes: string): Promise<void> =>
      new Promise((resolve) => peer.stream.write(Buffer.from(bytes, 'hex'), () => setImmediate(resolve)));
    await arrived('00100000 01000000'.replace(' ', ''));
    for (let i = 0; i < 5; i++) {
      clock.advance(10_000);
      await arrived('00');
    }
    expect(connection.ready).toBe(true);
    clock.advance(10_000);
    expect(seen.closes).toEqual([expect.any(PeerSilentError)]);
    expect(seen.closes[0]?.message).toContain('a frame was not complete');
  });
});

describe('slow peers', () => {
  const limits = { highWaterBytes: 200_000, maxBufferedBytes: 1_000_000, slowPeerTimeoutMs: 30_000 };
  const part = (): TlObject => ({
    _: 'client.queryAnswerPartEx',
    requestId: Buffer.alloc(32),
    answer: Buffer.alloc(50_000),
  });

  /** A ready connection whose peer has stopped reading. */
  async function stalled() {
    const side = await withRawPeer('acceptor', limits);
    side.peer.stream.pause();
    while (side.connection.send(part()));
    return side;
  }

  test('a full buffer says so, and drained() resolves when the peer reads again', async () => {
    const { connection, peer, clock } = await stalled();
    expect(connection.writable).toBe(false);
    const drained = connection.drained();
    peer.stream.resume();
    await drained;
    expect(connection.writable).toBe(true);
    clock.advance(30_000);
    expect(connection.ready).toBe(true);
    await expect(connection.drained()).resolves.toBeUndefined();
  });

  test('a peer that stays behind for 30 s is cut off, and waiting senders are told', async () => {
    const { connection, clock, seen } = await stalled();
    const refused = expect(connection.drained()).rejects.toBeInstanceOf(ConnectionClosedError);
    clock.advance(29_999);
    expect(connection.ready).toBe(true);
    clock.advance(1);
    expect(seen.closes).toEqual([expect.any(SlowPeerError)]);
    await refused;
  });

  test('a peer that lets the buffer grow over its bound is cut off at once', async () => {
    const { connection, seen } = await stalled();
    while (connection.ready) connection.send(part());
    expect(seen.closes).toEqual([expect.any(SlowPeerError)]);
  });
});
