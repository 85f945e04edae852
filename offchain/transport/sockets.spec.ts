import { once } from 'node:events';
import type { Socket } from 'node:net';
import { ConnectionClosedError, DialError, FrameError, InsecureAddressError } from './errors';
import { frameOf } from './packets';
import { isLoopback, plain, type TransportSecurity } from './security';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { Recorder } from './testing/peers';
import { closeOpened, dialing, HOST, hello, listening, mute, rawSocket } from './testing/sockets';

afterEach(closeOpened);

describe('sockets', () => {
  test('a dialled connection carries messages and queries, and knows its peer', async () => {
    const { listener, arrival } = await listening();
    const { dialed, seen } = dialing(listener.port);
    const [connection, accepted] = await Promise.all([dialed, arrival()]);
    expect(connection.peer).toEqual({ address: HOST, port: listener.port });
    expect(accepted.connection.role).toBe('acceptor');
    accepted.connection.send(hello);
    await seen.received(1);
    accepted.seen.answer = async () => ({ _: 'client.workerTypesV2', types: [] });
    const answer = await connection.query({ _: 'client.getWorkerTypesV2' }, { timeoutMs: 5_000 });
    expect(answer.types).toEqual([]);
    expect(listener.connections.size).toBe(1);
  });

  test('closing the listener closes its connections, after what they were sent', async () => {
    const { listener, arrival } = await listening();
    const { dialed, seen } = dialing(listener.port);
    const [, accepted] = await Promise.all([dialed, arrival()]);
    accepted.connection.send(hello);
    await listener.close(new Error('shutting down'));
    expect(await seen.closed.promise).toBeInstanceOf(ConnectionClosedError);
    expect(seen.messages).toEqual([hello]);
    expect(accepted.seen.closes.map((reason) => reason?.message)).toEqual(['shutting down']);
    expect(listener.connections.size).toBe(0);
  });

  test('closing the listener does not wait for sockets that were never secured', async () => {
    const entered = deferred();
    const security: TransportSecurity = {
      ...plain,
      secureInbound: () => {
        entered.resolve();
        return new Promise(() => undefined);
      },
    };
    const { listener } = await listening({ security });
    const socket = await rawSocket(listener.port);
    await entered.promise;
    const ended = once(socket, 'close');
    await listener.close();
    await ended;
  });

  test('garbage from one socket leaves the others alone', async () => {
    const { listener, arrival } = await listening();
    const { dialed } = dialing(listener.port);
    const [connection, good] = await Promise.all([dialed, arrival()]);
    const bad = await rawSocket(listener.port);
    bad.write(frameOf(0, { _: 'tcp.connect', id: 1n }));
    const accepted = await arrival();
    bad.write(Buffer.alloc(64, 0xee));
    expect(await accepted.seen.closed.promise).toBeInstanceOf(FrameError);
    await once(bad, 'close');
    connection.send(hello);
    await good.seen.received(1);
  });

  test('a peer that only connects is dropped after the handshake timeout', async () => {
    const clock = new ManualClock();
    const opened = deferred();
    const seen = new Recorder();
    const { listener } = await listening({
      clock,
      onConnection: () => {
        opened.resolve();
        return seen;
      },
    });
    const socket = await rawSocket(listener.port);
    await opened.promise;
    clock.advance(20_000);
    await once(socket, 'close');
    expect(seen.closes).toHaveLength(1);
  });

  test('an owner that refuses a peer loses that socket only', async () => {
    let refuse = true;
    const seen = new Recorder();
    const { listener } = await listening({
      onConnection: () => {
        if (refuse) throw new Error('not now');
        return seen;
      },
    });
    await expect(dialing(listener.port).dialed).rejects.toBeInstanceOf(DialError);
    refuse = false;
    await dialing(listener.port).dialed;
    await seen.ready.promise;
  });

  test('more sockets than allowed are refused', async () => {
    const { listener } = await listening({ maxConnections: 1 });
    await dialing(listener.port).dialed;
    await expect(dialing(listener.port).dialed).rejects.toBeInstanceOf(DialError);
  });

  test('a taken port is an error for the caller', async () => {
    const { listener } = await listening();
    await expect(listening({ port: listener.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('dial', () => {
  test('says who could not be reached, and why', async () => {
    const { listener } = await listening();
    await listener.close();
    const error = await dialing(listener.port).dialed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DialError);
    expect(error).toMatchObject({
      message: expect.stringMatching(`cannot connect to ${HOST}:${listener.port}: .*ECONNREFUSED`),
    });
  });

  test('gives up on a peer that accepts and says nothing', async () => {
    const clock = new ManualClock();
    const entered = deferred();
    const { dialed } = dialing((await mute()).port, {
      clock,
      onConnection: () => {
        entered.resolve();
        return new Recorder();
      },
    });
    await entered.promise;
    clock.advance(20_000);
    await expect(dialed).rejects.toThrow(/no (connection|handshake)/);
    expect(clock.waiting).toBe(0);
  });

  test('can be cancelled', async () => {
    const aborter = new AbortController();
    const { port, accepted, lost } = await mute();
    const { dialed } = dialing(port, { signal: aborter.signal });
    await accepted;
    aborter.abort();
    await expect(dialed).rejects.toThrow(/was cancelled/);
    await lost;
    await expect(dialing(1, { signal: aborter.signal }).dialed).rejects.toThrow(/was cancelled/);
  });
});

describe('the plain transport', () => {
  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', 'localhost'])('%s is this machine', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '::',
    '128.0.0.1',
    'example.com',
    'localhost.example.com',
    '127.0.0.1.example.com',
    '',
    '::ffff:10.0.0.1',
  ])('neither listens on nor dials %p', async (host) => {
    expect(isLoopback(host)).toBe(false);
    await expect(listening({ host })).rejects.toBeInstanceOf(InsecureAddressError);
    await expect(dialing(1, { host }).dialed).rejects.toBeInstanceOf(InsecureAddressError);
  });

  test('checks the address that was reached, not only the name that was asked for', async () => {
    const far = { remoteAddress: '10.0.0.1', remotePort: 1 } as Socket;
    await expect(plain.secureOutbound(far, { host: 'localhost', port: 1 })).rejects.toBeInstanceOf(
      InsecureAddressError,
    );
    await expect(plain.secureInbound(far, () => undefined)).rejects.toBeInstanceOf(InsecureAddressError);
  });
});
