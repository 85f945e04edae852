import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as tlsConnect, createServer as tlsServer } from 'node:tls';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { dial, listen, type PeerConnection, sideCar, type TransportSecurity } from '../../../offchain/transport';
import { readExactly } from '../../../offchain/transport/read-exactly';
import { attested } from '../../../offchain/transport/testing/attested';
import { certificate } from '../../../offchain/transport/testing/certificates';
import { deferred } from '../../../offchain/transport/testing/deferred';
import { silentLogger } from '../../../offchain/transport/testing/peers';
import * as vectors from './vectors';

/** Whole dialogues with a peer that knows bytes only: it sends vectors and compares what it gets with vectors. */

const HOST = '127.0.0.1';
const open: { close(): unknown }[] = [];
afterEach(() => Promise.all(open.splice(0).map((thing) => thing.close())));

/** Frames 0 and 1 of a dialer, around a given payload. */
const framed = (seqno: number, payload: Buffer): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(payload.length, 0);
  header.writeInt32LE(seqno, 4);
  return Buffer.concat([header, payload]);
};

const expectBytes = async (stream: Duplex, expected: Buffer): Promise<void> => {
  expect((await readExactly(stream, expected.length, 'the vector')).toString('hex')).toBe(expected.toString('hex'));
};

/** A server that plays a part of the dialogue; its failure fails the test. */
async function script(play: (socket: Socket) => Promise<void>): Promise<{ port: number; played: Promise<void> }> {
  const done = deferred<Promise<void>>();
  const server = createServer((socket) => {
    open.push({ close: () => socket.destroy() });
    socket.on('error', () => undefined);
    done.resolve(play(socket));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  open.push(server);
  return { port: (server.address() as { port: number }).port, played: done.promise.then((played) => played) };
}

const handlers = { onMessage: () => undefined, onClose: () => undefined };

async function dialed(port: number, host: string, security: TransportSecurity): Promise<PeerConnection> {
  const onConnection = () => ({
    ...handlers,
    onQuery: async (): Promise<TlObject> => ({
      _: 'client.paymentStatus',
      signedPayment: { _: 'proxy.signedPaymentEmpty' },
      dbTokens: 5n,
      maxTokens: 6n,
    }),
  });
  const connection = await dial({ host, port, security, logger: silentLogger, onConnection });
  open.push(connection);
  return connection;
}

/** What a proxy does with a dialer: the handshake, a ping, and a query of its own. */
async function playProxy(stream: Duplex): Promise<void> {
  const first = await readExactly(stream, 20, 'the first frame');
  expect(first.subarray(0, 12).toString('hex')).toBe(vectors.firstFrame.subarray(0, 12).toString('hex'));
  stream.write(framed(0, vectors.packets.connected));
  stream.write(framed(1, vectors.packets.ping));
  await expectBytes(stream, framed(1, vectors.packets.pong));
  stream.write(framed(2, vectors.packets.query));
  await expectBytes(stream, framed(2, vectors.packets.answer));
}

test('behind a router: SOCKS5 with a policy, the peer info, then the protocol', async () => {
  const { socks } = vectors;
  const { port, played } = await script(async (socket) => {
    await expectBytes(socket, socks.greetingWithPolicy);
    socket.write(socks.userAndPassword);
    await expectBytes(socket, socks.login);
    socket.write(socks.loggedIn);
    await expectBytes(socket, socks.connect);
    socket.write(Buffer.concat([socks.connected, vectors.tdxPeerInfo]));
    await playProxy(socket);
  });
  const security = sideCar({ router: { host: HOST, port }, policy: 'tdx' });
  const connection = await dialed(11001, '192.0.2.14', security);
  expect(connection.peer).toEqual({
    address: '192.0.2.14',
    port: 11001,
    imageHash: Buffer.from(vectors.TDX_IMAGE, 'hex'),
  });
  await played;
});

test('in front of a router: it sends the peer info, then what the peer says, in one segment', async () => {
  const seen: PeerConnection[] = [];
  const listener = await listen({
    host: HOST,
    port: 0,
    security: sideCar({}),
    logger: silentLogger,
    onConnection: (connection) => {
      seen.push(connection);
      return { ...handlers, onQuery: async () => undefined };
    },
  });
  open.push(listener);
  const socket = connect({ host: HOST, port: listener.port });
  open.push({ close: () => socket.destroy() });
  socket.write(Buffer.concat([vectors.sgxPeerInfo, vectors.firstFrame, vectors.secondFrame]));
  await expectBytes(socket, framed(0, vectors.packets.connected));
  await expectBytes(socket, framed(1, vectors.packets.pong));
  socket.write(framed(2, vectors.packets.query));
  await expectBytes(socket, framed(2, vectors.packets.refusal));
  expect(seen.map(({ peer }) => peer)).toEqual([
    { address: '203.0.113.9', port: 12345, imageHash: Buffer.from(vectors.SGX_IMAGE, 'hex') },
  ]);
});

test('towards a proxy: its challenge, our nonce, TLS, then the protocol', async () => {
  const { keyPem: key, certPem: cert } = certificate();
  const { port, played } = await script(async (socket) => {
    socket.write(vectors.challenge);
    await expectBytes(socket, vectors.response);
    const server = tlsServer({ key, cert, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
    const secured = once(server, 'secureConnection');
    server.emit('connection', socket);
    const [stream] = (await secured) as [Duplex];
    await playProxy(stream);
  });
  await dialed(port, HOST, attested().security);
  await played;
});

test('from a client: our challenge, its nonce and its TLS in one segment, then the protocol', async () => {
  const listener = await listen({
    host: HOST,
    port: 0,
    security: attested().security,
    logger: silentLogger,
    onConnection: () => ({ ...handlers, onQuery: async () => undefined }),
  });
  open.push(listener);
  const socket = connect({ host: HOST, port: listener.port });
  open.push({ close: () => socket.destroy() });
  const challenge = await readExactly(socket, 24, 'the challenge');
  expect(challenge.subarray(0, 8).toString('hex')).toBe('91128e4100000000');
  // The client's TLS runs on a pipe, so that its first record can be sent together with the nonce.
  const [inner, outer] = duplexPair();
  const { keyPem: key, certPem: cert } = certificate();
  const stream = tlsConnect({ socket: inner, key, cert, rejectUnauthorized: false });
  const [hello] = (await once(outer, 'data')) as [Buffer];
  socket.write(Buffer.concat([vectors.response, hello]));
  outer.pipe(socket);
  socket.pipe(outer);
  await once(stream, 'secureConnect');
  stream.write(vectors.firstFrame);
  await expectBytes(stream, framed(0, vectors.packets.connected));
});
