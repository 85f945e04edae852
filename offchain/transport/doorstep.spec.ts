import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { Doorstep, networkOf } from './doorstep';
import { DialError } from './errors';
import { CHALLENGE_BYTES, encodeResponse, provePow } from './pow';
import { readExactly } from './read-exactly';
import type { TransportSecurity } from './security';
import { attested } from './testing/attested';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { silentLogger } from './testing/peers';
import { closeOpened, dialing, hello, listening, rawSocket } from './testing/sockets';

afterEach(closeOpened);

/** What the doorstep sees of a socket. */
class Visitor extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    queueMicrotask(() => this.emit('close'));
  }

  get socket(): Socket {
    return this as unknown as Socket;
  }
}

const visit = (doorstep: Doorstep, ...addresses: string[]): Visitor[] =>
  addresses.map((address) => {
    const visitor = new Visitor(address);
    doorstep.add(visitor.socket);
    return visitor;
  });
const standing = (visitors: Visitor[]): boolean[] => visitors.map(({ destroyed }) => !destroyed);

describe('the doorstep', () => {
  test('the oldest goes when all places are taken', () => {
    const doorstep = new Doorstep({ maxUnproven: 3 });
    const visitors = visit(doorstep, '1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4', '5.5.5.5');
    expect(standing(visitors)).toEqual([false, false, true, true, true]);
    expect(doorstep.size).toBe(3);
  });

  test('an address that takes too many places displaces its own', () => {
    const doorstep = new Doorstep({ maxUnprovenPerAddress: 2 });
    const visitors = visit(doorstep, '1.1.1.1', '9.9.9.9', '9.9.9.9', '9.9.9.9', '9.9.9.9');
    expect(standing(visitors)).toEqual([true, false, false, true, true]);
  });

  test('one place for each is enough to go on', () => {
    const doorstep = new Doorstep({ maxUnproven: 1, maxUnprovenPerAddress: 1 });
    expect(standing(visit(doorstep, '1.1.1.1', '1.1.1.1', '2.2.2.2'))).toEqual([false, false, true]);
    expect(doorstep.size).toBe(1);
  });

  test('whoever has proven its work, or has gone, makes room', async () => {
    const doorstep = new Doorstep({ maxUnproven: 2 });
    const [proven, gone] = visit(doorstep, '1.1.1.1', '2.2.2.2');
    doorstep.remove(proven!.socket);
    gone!.destroy();
    await once(gone!, 'close');
    expect(doorstep.size).toBe(0);
    visit(doorstep, '3.3.3.3', '4.4.4.4');
    expect(proven!.destroyed).toBe(false);
  });

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('%p counts as %p', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a listener under load', () => {
  const worth = 12;

  /** A socket that has got its challenge, so that the listener's timer for it runs. */
  async function challenged(port: number): Promise<Socket> {
    const socket = await rawSocket(port);
    socket.pause();
    await readExactly(socket, CHALLENGE_BYTES, 'the challenge');
    return socket.resume();
  }

  function closing(socket: Socket): Promise<void> {
    // A reset is as good as an end here.
    socket.on('error', () => undefined);
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  test('a flood of sockets that prove nothing takes a fixed number of places, and peers still get in', async () => {
    const { security } = attested({}, { pow: { difficulty: worth } });
    const doorstep = { maxUnproven: 20, maxUnprovenPerAddress: 20 };
    const { listener, arrival } = await listening({ security, doorstep });
    const bystander = dialing(listener.port, { security: attested().security });
    const [, good] = await Promise.all([bystander.dialed, arrival()]);
    let closed = 0;
    const displaced = deferred();
    for (let i = 0; i < 200; i++) {
      const socket = await rawSocket(listener.port);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        closed++;
        if (closed === 180) displaced.resolve();
      });
    }
    await displaced.promise;
    await dialing(listener.port, { security: attested().security }).dialed;
    // The dialer took the place of one more.
    expect(closed).toBeLessThanOrEqual(181);
    expect(listener.connections.size).toBe(2);
    good.connection.send(hello);
    await bystander.seen.received(1);
  });

  test('sockets that send nothing, or a byte of the answer now and then, go after the handshake timeout', async () => {
    const clock = new ManualClock();
    const { listener } = await listening({ security: attested({}, { pow: { difficulty: worth } }).security, clock });
    const [mute, slow] = await Promise.all([challenged(listener.port), challenged(listener.port)]);
    const gone = Promise.all([closing(mute!), closing(slow!)]);
    const answer = encodeResponse(1n);
    for (let i = 0; i < 10; i++) {
      slow!.write(answer.subarray(i, i + 1));
      clock.advance(1_900);
    }
    expect([mute!.destroyed, slow!.destroyed]).toEqual([false, false]);
    clock.advance(1_000);
    await gone;
    expect(clock.waiting).toBe(0);
  });

  test('a peer that has done its work and then stops inside the TLS handshake goes after the same timeout', async () => {
    const clock = new ManualClock();
    const admitted = deferred();
    const inner = attested({}, { pow: { difficulty: worth } }).security;
    const security: TransportSecurity = {
      ...inner,
      secureInbound: (socket, proven) =>
        inner.secureInbound(socket, () => {
          proven();
          admitted.resolve();
        }),
    };
    const { listener } = await listening({ security, clock });
    const socket = await rawSocket(listener.port);
    socket.pause();
    await provePow(socket, { maxDifficulty: worth });
    // The beginning of a TLS record that never ends.
    socket.write(Buffer.from('1603010200', 'hex'));
    socket.resume();
    const gone = closing(socket);
    await admitted.promise;
    clock.advance(20_000);
    await gone;
    expect(listener.connections.size).toBe(0);
  });

  test('a full house refuses whoever has done its work, and keeps those inside', async () => {
    const { security } = attested();
    const { listener, arrival } = await listening({ security, maxConnections: 1 });
    const first = dialing(listener.port, { security: attested().security });
    const [, good] = await Promise.all([first.dialed, arrival()]);
    await expect(dialing(listener.port, { security: attested().security }).dialed).rejects.toBeInstanceOf(DialError);
    good.connection.send(hello);
    await first.seen.received(1);
    (await first.dialed).close();
    await good.seen.closed.promise;
  });

  test('nobody fills the log before having done some work', async () => {
    const lines: unknown[] = [];
    const logger = silentLogger.child({});
    const quiet = deferred();
    logger.warn = logger.info = (line: unknown) => lines.push(line);
    logger.debug = () => quiet.resolve();
    const { listener } = await listening({ security: attested({}, { pow: { difficulty: worth } }).security, logger });
    const socket = await rawSocket(listener.port);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    await quiet.promise;
    expect(lines).toEqual([]);
  });
});
