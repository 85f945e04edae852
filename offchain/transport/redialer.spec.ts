import { encode } from '@cocoon/sdk/protocol/tl';
import { InsecureAddressError } from './errors';
import { Redialer } from './redialer';
import { plain } from './security';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { Recorder, silentLogger } from './testing/peers';
import { closeAfterTest, closeOpened, HOST, hello, listening, mute } from './testing/sockets';

afterEach(closeOpened);

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
    closeAfterTest(made);
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
