import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect as tlsConnect, createServer as tlsServer } from 'node:tls';
import type { PeerVerifier } from './attestation';
import { DialError } from './errors';
import { demandPow, provePow } from './pow';
import { PeerCertificateError } from './security-errors';
import { attested, imageOf, QUOTE, trusting } from './testing/attested';
import { CLIENT_AUTH, certificate, SERVER_AUTH } from './testing/certificates';
import { deferred } from './testing/deferred';
import { ManualClock } from './testing/manual-clock';
import { Recorder, silentLogger } from './testing/peers';
import { closeAfterTest, closeOpened, dialing, HOST, hello, listening, rawSocket } from './testing/sockets';
import { dialTls } from './tls';

afterEach(closeOpened);

const refusing = (why: string): PeerVerifier => ({ policy: 'tdx', verify: () => Promise.reject(new Error(why)) });

/** A logger that keeps what it was told. */
function recordingLogger() {
  const lines: string[] = [];
  let wake = deferred();
  const logger = silentLogger.child({});
  logger.warn = logger.info = (fields: unknown) => {
    lines.push(String((fields as { reason?: string }).reason));
    wake.resolve();
  };
  /** Resolves when a line like this has been written; the test's time limit is the only one. */
  const said = async (pattern: RegExp): Promise<void> => {
    while (!lines.some((line) => pattern.test(line))) {
      await wake.promise;
      wake = deferred();
    }
  };
  return { lines, logger, said };
}

/** Both ends with the certificates described; `said` is about what the acceptor logs. */
async function meet(server: Parameters<typeof attested>, client: Parameters<typeof attested>) {
  const { logger, said } = recordingLogger();
  const [acceptor, dialer] = [attested(...server), attested(...client)];
  const { listener, arrival } = await listening({ security: acceptor.security, logger });
  const { dialed, seen } = dialing(listener.port, { security: dialer.security });
  return { listener, arrival, dialed, seen, said, acceptor, dialer };
}

describe('attested TLS', () => {
  test('two attested peers meet, know the image and address of each other, and talk', async () => {
    const { arrival, dialed, seen } = await meet([{ quote: QUOTE }], [{ quote: QUOTE }]);
    const [connection, accepted] = await Promise.all([dialed, arrival()]);
    expect(connection.peer).toMatchObject({ address: HOST, imageHash: imageOf(QUOTE) });
    expect(accepted.connection.peer).toMatchObject({ address: HOST, imageHash: imageOf(QUOTE) });
    accepted.connection.send(hello);
    await seen.received(1);
  });

  test('a peer that attests nothing has no image hash, so that it matches no list', async () => {
    const { arrival, dialed } = await meet([{ quote: QUOTE }], [{}]);
    const [connection, accepted] = await Promise.all([dialed, arrival()]);
    expect(accepted.connection.peer.imageHash).toBeUndefined();
    expect(connection.peer.imageHash).toEqual(imageOf(QUOTE));
  });

  const past = { notBeforeMs: Date.UTC(2020, 0, 1), notAfterMs: Date.UTC(2021, 0, 1) };
  const future = { notBeforeMs: Date.UTC(2100, 0, 1), notAfterMs: Date.UTC(2101, 0, 1) };
  test.each([
    ['has expired', past, /CERT_HAS_EXPIRED/],
    ['is attested and has expired', { ...past, quote: QUOTE }, /CERT_HAS_EXPIRED/],
    ['is not valid yet', { ...future, quote: QUOTE }, /CERT_NOT_YET_VALID/],
    ['is for servers only', { purposes: [SERVER_AUTH], quote: QUOTE }, /INVALID_PURPOSE/],
    ['has a key that is not Ed25519', { curve: 'p256' as const, quote: QUOTE }, /not Ed25519/],
    ['is signed by somebody else', { forged: true, quote: QUOTE }, /not signed by its own key/],
  ])('a client whose certificate %s never reaches the protocol', async (_, shape, why) => {
    const { listener, dialed, said } = await meet([{}], [shape]);
    await expect(dialed).rejects.toBeInstanceOf(DialError);
    await said(why);
    expect(listener.connections.size).toBe(0);
  });

  test.each([
    ['has expired', { ...past, quote: QUOTE }, /CERT_HAS_EXPIRED/],
    ['is for clients only', { purposes: [CLIENT_AUTH], quote: QUOTE }, /INVALID_PURPOSE/],
    ['has a key that is not Ed25519', { curve: 'p256' as const }, /not Ed25519/],
    ['is signed by somebody else', { forged: true }, /not signed by its own key/],
  ])('a server whose certificate %s is not talked to', async (_, shape, why) => {
    const { dialed, seen } = await meet([shape], [{}]);
    await expect(dialed).rejects.toThrow(why);
    await expect(dialed).rejects.toMatchObject({ cause: expect.any(PeerCertificateError) });
    expect(seen.closes).toEqual([]);
  });

  test('what the verifier refuses is refused, with its reason, on either side', async () => {
    const client = await meet([{}], [{}, { verifier: refusing('not in the allow-list') }]);
    await expect(client.dialed).rejects.toThrow("the server's certificate is refused: not in the allow-list");
    const server = await meet([{}, { verifier: refusing('no quote') }], [{}]);
    await expect(server.dialed).rejects.toBeInstanceOf(DialError);
    await server.said(/^the client's certificate is refused: no quote$/);
  });

  test('a verdict about another key than that of the connection is worth nothing', async () => {
    const other = certificate();
    const confused: PeerVerifier = { policy: 'any', verify: () => trusting.verify(other.der, 'client') };
    const { dialed, said } = await meet([{}, { verifier: confused }], [{}]);
    await expect(dialed).rejects.toBeInstanceOf(DialError);
    await said(/^the key that was verified is not the key of this connection$/);
  });

  test('the verifier gets the certificate of the connection and the role of the peer', async () => {
    const calls: [Buffer, string][] = [];
    const verifier: PeerVerifier = {
      policy: 'any',
      verify: (der, role) => {
        calls.push([der, role]);
        return trusting.verify(der, role);
      },
    };
    const { dialed, acceptor, dialer } = await meet([{}, { verifier }], [{}, { verifier }]);
    await dialed;
    const expected: [Buffer, string][] = [
      [acceptor.shown.der, 'server'],
      [dialer.shown.der, 'client'],
    ];
    expect(calls.sort((a, b) => b[1].localeCompare(a[1]))).toEqual(expected);
  });

  test('what a client says before it is accepted is not read, and nothing is said to it', async () => {
    const verdict = deferred<void>();
    const asked = deferred();
    const verifier: PeerVerifier = {
      policy: 'any',
      verify: async (der, role) => {
        asked.resolve();
        await verdict.promise;
        return trusting.verify(der, role);
      },
    };
    const { listener, arrival, dialed } = await meet([{}, { verifier }], [{}]);
    await asked.promise;
    // The client takes itself for connected by now, and has sent tcp.connect.
    expect(listener.connections.size).toBe(0);
    verdict.resolve();
    await Promise.all([dialed, arrival()]);
    expect(listener.connections.size).toBe(1);
  });

  test('a verifier that never answers costs its connection only, after the handshake timeout', async () => {
    const asked = deferred();
    const verifier: PeerVerifier = {
      policy: 'tdx',
      verify: () => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    };
    const clock = new ManualClock();
    const { logger, said } = recordingLogger();
    const { listener } = await listening({ security: attested({}, { verifier }).security, clock, logger });
    const { dialed } = dialing(listener.port, { security: attested().security });
    await asked.promise;
    clock.advance(20_000);
    await expect(dialed).rejects.toBeInstanceOf(DialError);
    await said(/^the connection was closed while its peer was verified$/);
  });

  test('a renewed certificate is shown by the next handshake, and standing connections stay', async () => {
    const { listener, arrival, dialed, seen, acceptor } = await meet([{}], [{ quote: QUOTE }]);
    const [first, accepted] = await Promise.all([dialed, arrival()]);
    acceptor.shown = certificate({ quote: QUOTE });
    const second = await dialing(listener.port, { security: attested().security }).dialed;
    expect(first.peer.imageHash).toBeUndefined();
    expect(second.peer.imageHash).toEqual(imageOf(QUOTE));
    accepted.connection.send(hello);
    await seen.received(1);
  });
});

describe('giving up', () => {
  /** A server that does its part of TLS and then says nothing. */
  async function silentServer(): Promise<{ port: number; secured: Promise<void> }> {
    const { keyPem: key, certPem: cert } = certificate();
    const secured = deferred();
    const inner = tlsServer({ key, cert, requestCert: true, rejectUnauthorized: false }, (stream) => {
      stream.on('error', () => undefined).resume();
      stream.once('data', () => secured.resolve());
    });
    const server = createServer((socket) => {
      closeAfterTest({ close: () => socket.destroy() });
      socket.on('error', () => undefined);
      demandPow(socket, { difficulty: 0 }).then(() => inner.emit('connection', socket));
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    closeAfterTest(server);
    return { port: (server.address() as { port: number }).port, secured: secured.promise };
  }

  test('a server that says nothing inside TLS is given up once, although two time limits end at the same moment', async () => {
    const { port, secured } = await silentServer();
    const clock = new ManualClock();
    const { dialed, seen } = dialing(port, { security: attested().security, clock });
    await secured;
    // Both the dial and the connection on it have had their 20 s: the socket must not be destroyed under the TLS stream.
    clock.advance(20_000);
    await expect(dialed).rejects.toThrow(/within 20000 ms/);
    await seen.closed.promise;
    expect(seen.closes).toHaveLength(1);
    expect(clock.waiting).toBe(0);
  });

  test('a dial that is cancelled in the turn in which TLS is done, and its connection with it, ends quietly', async () => {
    const { port } = await silentServer();
    const aborter = new AbortController();
    const clock = new ManualClock();
    const seen = new Recorder();
    const onConnection = () => {
      aborter.abort();
      return seen;
    };
    const { dialed } = dialing(port, { security: attested().security, signal: aborter.signal, clock, onConnection });
    // Still the same turn. Had the dial destroyed the socket, destroying the stream on it now would crash Node.
    const reason = await dialed.catch((error: unknown) => {
      clock.advance(20_000);
      return error;
    });
    expect(reason).toMatchObject({ message: expect.stringContaining('was cancelled') });
    await seen.closed.promise;
    expect(seen.closes).toHaveLength(1);
  });
});

describe('the TLS settings', () => {
  /** A socket that has done the proof of work, for handshakes that our own dialer would not make. */
  async function proven(port: number) {
    const socket = await rawSocket(port);
    socket.pause();
    await provePow(socket, { maxDifficulty: 0 });
    return socket;
  }

  async function attempt(options: object): Promise<string> {
    const { lines, logger } = recordingLogger();
    const { listener } = await listening({ security: attested().security, logger });
    const socket = await proven(listener.port);
    const stream = tlsConnect({ socket, rejectUnauthorized: false, ...options });
    stream.on('error', () => undefined);
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(listener.connections.size).toBe(0);
    return lines.join();
  }

  test('a client without a certificate is refused', async () => {
    expect(await attempt({})).toMatch(/the client showed no certificate/);
  });

  test('TLS 1.2 is refused', async () => {
    const { keyPem: key, certPem: cert } = certificate();
    expect(await attempt({ key, cert, maxVersion: 'TLSv1.2' })).toMatch(/unsupported protocol/);
  });

  test('suites other than the two of the protocol are refused', async () => {
    const { keyPem: key, certPem: cert } = certificate();
    expect(await attempt({ key, cert, ciphers: 'TLS_CHACHA20_POLY1305_SHA256' })).toMatch(/no shared cipher/);
  });

  test('no server name is sent, and no certificate of a client that was not asked for', async () => {
    const { keyPem: key, certPem: cert } = certificate();
    const names: (string | false | null)[] = [];
    const server = tlsServer({ key, cert, requestCert: true, rejectUnauthorized: false }, (socket) => {
      names.push(socket.servername as string | false);
      expect(socket.getPeerX509Certificate()).toBeDefined();
      socket.destroy();
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, HOST);
    await once(server, 'listening');
    closeAfterTest(server);
    const socket = await rawSocket((server.address() as { port: number }).port);
    const own = attested();
    const { stream } = await dialTls(socket, { certificates: { current: () => own.shown }, verifier: trusting });
    await once(stream, 'close');
    expect(names).toEqual([false]);
  });

  test('a session cannot be resumed: every connection proves its key', async () => {
    const { listener } = await listening({ security: attested().security });
    const { keyPem: key, certPem: cert } = certificate();
    const tickets: Buffer[] = [];
    const open = async (session?: Buffer) => {
      const socket = await proven(listener.port);
      const stream = tlsConnect({ socket, key, cert, rejectUnauthorized: false, session });
      stream.on('session', (ticket: Buffer) => tickets.push(ticket));
      stream.on('error', () => undefined);
      await once(stream, 'secureConnect');
      return stream;
    };
    const first = await open();
    expect(first.isSessionReused()).toBe(false);
    const offered = first.getSession() ?? tickets[0];
    expect((await open(offered)).isSessionReused()).toBe(false);
  });
});
