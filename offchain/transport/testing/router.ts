import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type AttestedPeerInfo, encodePeerInfo } from '../peer-info';
import { readExactly } from '../read-exactly';
import { deferred } from './deferred';
import { closeAfterTest, HOST } from './sockets';

export interface RouterOptions {
  /** Port of the runner behind the far router; without one the router connects and then says nothing. */
  towards?: number;
  /** What both ends are told about each other. */
  info: AttestedPeerInfo;
  /** Reply code of CONNECT. */
  reply?: number;
}

/** Test support: the near and the far router in one, without anything between them. */
export async function router(options: RouterOptions): Promise<{ port: number; connected: Promise<void> }> {
  const connected = deferred();
  const server = createServer((socket) => {
    closeAfterTest({ close: () => socket.destroy() });
    socket.on('error', () => undefined);
    serve(socket, options).then(
      () => connected.resolve(),
      () => socket.destroy(),
    );
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  closeAfterTest(server);
  return { port: (server.address() as { port: number }).port, connected: connected.promise };
}

async function serve(socket: Socket, { towards, info, reply = 0 }: RouterOptions): Promise<void> {
  const [, methods] = await readExactly(socket, 2, 'the greeting');
  await readExactly(socket, methods!, 'the methods');
  socket.write(Buffer.from([5, 0]));
  await readExactly(socket, 10, 'CONNECT');
  socket.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
  if (towards === undefined || reply !== 0) return;
  const backend = connect({ host: HOST, port: towards });
  closeAfterTest({ close: () => backend.destroy() });
  backend.on('error', () => socket.destroy());
  await once(backend, 'connect');
  backend.write(encodePeerInfo(info));
  socket.write(encodePeerInfo(info));
  socket.pipe(backend).pipe(socket);
}
