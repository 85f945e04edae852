import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { ConnectionClosedError, PeerSilentError, SlowPeerError } from './errors';
import { coefficient, withRawPeer } from './testing/peers';

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
