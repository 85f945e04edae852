import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import type { PeerConnection } from './connection';
import { type DialOptions, dial } from './dial';
import { ConnectionClosedError, DialError, FrameError, InsecureAddressError } from './errors';
import { type Listener, type ListenOptions, listen } from './listener';
import { frameOf } from './packets';
import { Redialer } from './redialer';
import { isLoopback, plain, type TransportSecurity } from './security';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { Recorder, silentLogger } from './testing/peers';

const HOST = '127.0.0.1';
const hello: TlObject = { _: 'worker.newCoefficient', newCoefficient: 1 };

/** Everything a test opens, closed after it. */
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

interface Arrival {
  connection: PeerConnection;
  seen: Recorder;
}

/** A listener and a queue of the connections it gets. */
async function listening(
  options: Partial<ListenOptions> = {},
): Promise<{ listener: Listener; arrival(): Promise<Arrival> }> {
  const arrived: Arrival[] = [];
  let wake = deferred();
  const listener = await listen({
    host: HOST,
    port: 0,
    security: plain,
    logger: silentLogger,
    onConnection: (connection) => {
      const seen = new Recorder();
      seen.ready.promise.then(() => {
        arrived.push({ connection, seen });
        wake.resolve();
      });
      return seen;
    },
    ...options,
  });
  open.push(listener);
  const arrival = async (): Promise<Arrival> => {
    while (arrived.length === 0) {
      await wake.promise;
      wake = deferred();
    }
    return arrived.shift()!;
  };
  return { listener, arrival };
}

function dialing(
  port: number,
  options: Partial<DialOptions> = {},
): { dialed: Promise<PeerConnection>; seen: Recorder } {
  const seen = new Recorder();
  const dialed = dial({
    host: HOST,
    port,
    security: plain,
    logger: silentLogger,
    onConnection: () => seen,
    ...options,
  });
  dialed.then(
    (connection) => open.push(connection),
    // The test that expects a failure looks at it; here it only means that there is nothing to close.
    () => undefined,
  );
  return { dialed, seen };
}

async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port });
  // Unread bytes would hide the end of the stream.
  socket.resume();
  await once(socket, 'connect');
  open.push({ close: () => socket.destroy() });
  return socket;
}

/** A TCP server that accepts and says nothing; `lost` resolves when a socket was closed from the other end. */
async function mute(): Promise<{ port: number; accepted: Promise<void>; lost: Promise<void> }> {
  const sockets = new Set<Socket>();
  const accepted = deferred();
  const lost = deferred();
  const server = createServer((socket) => {
    sockets.add(socket);
    accepted.resolve();
    socket.on('error', () => undefined);
    socket.on('close', () => lost.resolve());
    socket.resume();
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as { port: number };
  return { port, accepted: accepted.promise, lost: lost.promise };
}

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
    await expect(plain.secureOutbound(far)).rejects.toBeInstanceOf(InsecureAddressError);
    await expect(plain.secureInbound(far)).rejects.toBeInstanceOf(InsecureAddressError);
  });
});

describe('redialer', () => {
  /** A redialer on a manual clock; `failure` resolves when a dial has failed and the next wait has begun. */
  function redialer(port: number, clock: ManualClock) {
    const sessions: Recorder[] = [];
    let warned = deferred();
    let count = 0;
    const logger = silentLogger.child({});
    logger.warn = () => {
      count++;
      warned.resolve();
    };
    const made = new Redialer({
      host: HOST,
      port,
      security: plain,
      logger,
      clock,
      random: () => 1 - Number.EPSILON,
      backoff: { minMs: 100, maxMs: 1_000, stableMs: 5_000 },
      onConnection: () => {
        const seen = new Recorder();
        sessions.push(seen);
        return seen;
      },
    });
    open.push(made);
    const failure = async (): Promise<void> => {
      await warned.promise;
      warned = deferred();
    };
    return { made, sessions, failure, warnings: () => count };
  }

  test('waits longer after every failure, up to the longest wait', async () => {
    const { listener } = await listening();
    await listener.close();
    const clock = new ManualClock();
    const { made, failure } = redialer(listener.port, clock);
    made.start();
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      await failure();
      waits.push(Math.round(clock.nextInMs!));
      clock.advance(clock.nextInMs!);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('comes back when the peer does, and starts over with short waits', async () => {
    const { listener, arrival } = await listening();
    const clock = new ManualClock();
    const { made, sessions } = redialer(listener.port, clock);
    made.start();
    const first = await arrival();
    await sessions[0]!.ready.promise;
    expect(made.connection?.ready).toBe(true);
    first.connection.close();
    await sessions[0]!.closed.promise;
    expect(made.connection).toBeUndefined();
    expect(Math.round(clock.nextInMs!)).toBe(100);
    clock.advance(100);
    await arrival();
    await sessions[1]!.ready.promise;
    made.connection!.send({ _: 'client.refund', data: encode(hello) });
  });

  test('a connection that stood for a while was a success; ones that fall at once are not', async () => {
    const { listener, arrival } = await listening();
    const clock = new ManualClock();
    const { made, sessions } = redialer(listener.port, clock);
    made.start();
    const waits: number[] = [];
    for (const stoodMs of [0, 4_999, 5_000, 0]) {
      const { connection } = await arrival();
      const session = sessions.at(-1)!;
      await session.ready.promise;
      clock.advance(stoodMs);
      connection.close();
      await session.closed.promise;
      waits.push(Math.round(clock.nextInMs!));
      clock.advance(clock.nextInMs!);
    }
    expect(waits).toEqual([100, 200, 100, 200]);
  });

  test('close() gives up a dial that is under way, without a warning', async () => {
    const { port, accepted, lost } = await mute();
    const clock = new ManualClock();
    const { made, warnings } = redialer(port, clock);
    made.start();
    await accepted;
    made.close();
    await lost;
    expect(warnings()).toBe(0);
  });

  test('close() ends the connection and dials no more', async () => {
    const { listener, arrival } = await listening();
    const clock = new ManualClock();
    const { made, sessions } = redialer(listener.port, clock);
    made.start();
    await arrival();
    await sessions[0]!.ready.promise;
    made.close(new Error('stopping'));
    made.start();
    expect(sessions[0]!.closes.map((reason) => reason?.message)).toEqual(['stopping']);
    clock.advance(60_000);
    expect(sessions).toHaveLength(1);
  });

  test('an address that is not safe is refused at once: time does not mend it', () => {
    const options = {
      host: '10.0.0.1',
      port: 1,
      security: plain,
      logger: silentLogger,
      onConnection: () => new Recorder(),
    };
    expect(() => new Redialer(options)).toThrow(InsecureAddressError);
  });
});
