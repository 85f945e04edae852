import { once } from 'node:events';
import type { Socket } from 'node:net';
import { DialError, InsecureAddressError } from './errors';
import { type AttestedPeerInfo, encodePeerInfo, imageHashOf } from './peer-info';
import { Redialer } from './redialer';
import { SocksError } from './security-errors';
import { sideCar } from './side-car';
import { ManualClock } from './testing/manual-clock';
import { Recorder, silentLogger } from './testing/peers';
import { router } from './testing/router';
import { closeOpened, dialing, HOST, hello, listening, rawSocket } from './testing/sockets';

afterEach(closeOpened);

const info = (more: Partial<AttestedPeerInfo> = {}): AttestedPeerInfo => ({
  attestation: { kind: 'tdx', measurements: Buffer.alloc(384, 5), reportData: Buffer.alloc(64, 6) },
  collateralRootHash: Buffer.alloc(48),
  publicKey: Buffer.alloc(32, 1),
  source: { address: '203.0.113.9', port: 40_000 },
  destination: { address: '192.0.2.14', port: 11_001 },
  ...more,
});
const target = { host: '192.0.2.14', port: 11_001 };

describe('behind and in front of a router', () => {
  test('two runners with a router between them talk, and each knows the other as the router does', async () => {
    const { listener, arrival } = await listening({ security: sideCar({}) });
    const between = await router({ towards: listener.port, info: info() });
    const security = sideCar({ router: { host: HOST, port: between.port } });
    const { dialed, seen } = dialing(target.port, { security, host: target.host });
    const [connection, accepted] = await Promise.all([dialed, arrival()]);
    const imageHash = imageHashOf(info().attestation);
    expect(connection.peer).toEqual({ address: target.host, port: target.port, imageHash });
    expect(accepted.connection.peer).toEqual({ address: '203.0.113.9', port: 40_000, imageHash });
    accepted.connection.send(hello);
    await seen.received(1);
  });

  test('a peer without attestation, or an address that the router does not know, is just that', async () => {
    const { listener, arrival } = await listening({ security: sideCar({}) });
    const source = { address: '', port: 0 };
    const between = await router({ towards: listener.port, info: info({ attestation: undefined, source }) });
    const security = sideCar({ router: { host: HOST, port: between.port } });
    const [connection, accepted] = await Promise.all([
      dialing(target.port, { security, host: target.host }).dialed,
      arrival(),
    ]);
    expect(connection.peer).toEqual({ address: target.host, port: target.port });
    expect(accepted.connection.peer).toEqual({ address: HOST, port: expect.any(Number) });
  });

  test('a refusal of the router is the reason of the failed dial', async () => {
    const { listener } = await listening({ security: sideCar({}) });
    const between = await router({ towards: listener.port, info: info(), reply: 5 });
    const security = sideCar({ router: { host: HOST, port: between.port } });
    const { dialed } = dialing(target.port, { security, host: target.host });
    await expect(dialed).rejects.toThrow('the target refused the connection');
    await expect(dialed).rejects.toMatchObject({ cause: expect.any(SocksError) });
  });

  test('a router that answers and then says nothing is given up after the handshake timeout', async () => {
    const clock = new ManualClock();
    const between = await router({ info: info() });
    const security = sideCar({ router: { host: HOST, port: between.port } });
    const { dialed } = dialing(target.port, { security, host: target.host, clock });
    await between.connected;
    clock.advance(20_000);
    await expect(dialed).rejects.toThrow(/no connection to 192.0.2.14:11001 within 20000 ms/);
    expect(clock.waiting).toBe(0);
  });

  test('a router that says nothing about its peer is dropped after the handshake timeout', async () => {
    const clock = new ManualClock();
    const { listener } = await listening({ security: sideCar({}), clock });
    const { dialed } = dialing(listener.port);
    const silent = await rawSocket(listener.port);
    // The plain dialer's tcp.connect is no peer info.
    await expect(dialed).rejects.toBeInstanceOf(DialError);
    clock.advance(20_000);
    await once(silent, 'close');
    expect(listener.connections.size).toBe(0);
  });

  test('a garbled peer info costs its socket only', async () => {
    const { listener, arrival } = await listening({ security: sideCar({}) });
    const bad = await rawSocket(listener.port);
    const frame = encodePeerInfo(info());
    frame.writeInt32LE(7, 4);
    bad.write(frame);
    await once(bad, 'close');
    const between = await router({ towards: listener.port, info: info() });
    const security = sideCar({ router: { host: HOST, port: between.port } });
    await Promise.all([dialing(target.port, { security, host: target.host }).dialed, arrival()]);
  });
});

describe('the side-car form never leaves the machine', () => {
  test.each(['0.0.0.0', '10.0.0.1', '::', 'router.example.com'])(
    'neither its router nor its port is on %s',
    async (host) => {
      expect(() => sideCar({ router: { host, port: 8116 } })).toThrow(InsecureAddressError);
      await expect(listening({ host, security: sideCar({}) })).rejects.toBeInstanceOf(InsecureAddressError);
    },
  );

  test('whoever connects from elsewhere is refused, and so is a router that turns out to be elsewhere', async () => {
    const far = { remoteAddress: '10.0.0.1', remotePort: 1 } as Socket;
    const security = sideCar({ router: { host: HOST, port: 8116 } });
    await expect(security.secureInbound(far, () => undefined)).rejects.toBeInstanceOf(InsecureAddressError);
    await expect(security.secureOutbound(far, target)).rejects.toBeInstanceOf(InsecureAddressError);
  });

  test.each([
    ['without a router nothing can be dialled', sideCar({}), target.host],
    ['a router leads to IPv4 addresses only', sideCar({ router: { host: HOST, port: 8116 } }), 'proxy.example.com'],
  ])('%s, which is an error at once', (_, security, host) => {
    const options = { host, port: 1, security, logger: silentLogger, onConnection: () => new Recorder() };
    expect(() => new Redialer(options)).toThrow(InsecureAddressError);
  });

  test('a policy name that does not fit is an error at once', () => {
    expect(() => sideCar({ policy: '' })).toThrow(SocksError);
  });
});
