import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import type { PeerConnection } from '../connection';
import { type DialOptions, dial } from '../dial';
import { type Listener, type ListenOptions, listen } from '../listener';
import { plain } from '../security';
import { deferred } from './deferred';
import { Recorder, silentLogger } from './peers';

/** Test support: real sockets on this machine, closed after the test. */

export const HOST = '127.0.0.1';
export const hello: TlObject = { _: 'worker.newCoefficient', newCoefficient: 1 };

/** Everything a test opens, closed after it. */
const open: { close(): unknown }[] = [];

export function closeAfterTest(thing: { close(): unknown }): void {
  open.push(thing);
}

/** For `afterEach`. */
export async function closeOpened(): Promise<void> {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
}

export interface Arrival {
  connection: PeerConnection;
  seen: Recorder;
}

/** A listener and a queue of the connections it gets. */
export async function listening(
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
  closeAfterTest(listener);
  const arrival = async (): Promise<Arrival> => {
    while (arrived.length === 0) {
      await wake.promise;
      wake = deferred();
    }
    return arrived.shift()!;
  };
  return { listener, arrival };
}

export function dialing(
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
    (connection) => closeAfterTest(connection),
    // The test that expects a failure looks at it; here it only means that there is nothing to close.
    () => undefined,
  );
  return { dialed, seen };
}

export async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port });
  // Unread bytes would hide the end of the stream.
  socket.resume();
  await once(socket, 'connect');
  closeAfterTest({ close: () => socket.destroy() });
  return socket;
}

/** A TCP server that accepts and says nothing; `lost` resolves when a socket was closed from the other end. */
export async function mute(): Promise<{ port: number; accepted: Promise<void>; lost: Promise<void> }> {
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
  closeAfterTest({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as { port: number };
  return { port, accepted: accepted.promise, lost: lost.promise };
}
