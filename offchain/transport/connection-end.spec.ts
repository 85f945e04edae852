import { encode } from '@cocoon/sdk/protocol/tl';
import { ConnectionClosedError, FrameError, HandlerError, ProtocolViolationError } from './errors';
import { frameOf } from './packets';
import { ask, coefficient, connectedPair, type RawPeer, status, withRawPeer } from './testing/peers';

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

  test('a handler can say that the peer is at fault, and the connection ends with just that', async () => {
    const { peer, seen } = await withRawPeer('acceptor');
    const fault = new ProtocolViolationError('a price below zero');
    seen.receive = () => {
      throw fault;
    };
    peer.sendMessage(coefficient(1));
    expect(await seen.closed.promise).toBe(fault);
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
