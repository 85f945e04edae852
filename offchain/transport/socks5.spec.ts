import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { ConnectionClosedError } from './errors';
import { readExactly } from './read-exactly';
import { SocksError } from './security-errors';
import { connectThrough, requireSocksTarget, type SocksRequest } from './socks5';

const target = { host: '192.0.2.14', port: 11_001 };
const bytes = (...values: number[]): Buffer => Buffer.from(values);

/** The router says all of this at once; `heard` reads what it was told. */
async function against(answers: Buffer, request: SocksRequest = { target }) {
  const [ours, theirs] = duplexPair();
  theirs.on('error', () => undefined);
  theirs.end(answers);
  await connectThrough(ours, request);
  const heard = async (size: number): Promise<string> => (await readExactly(theirs, size, 'it')).toString('hex');
  return { stream: ours, heard };
}

const CONNECTED = bytes(5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0);

describe('the SOCKS5 client', () => {
  test('connects without authentication, and leaves what follows in the stream', async () => {
    const { stream, heard } = await against(Buffer.concat([CONNECTED, Buffer.from('peer info')]));
    expect(await heard(13)).toBe('050100' + '05010001c000020e2af9');
    expect(await readExactly(stream, 9, 'the rest')).toEqual(Buffer.from('peer info'));
  });

  test('names a policy as its user', async () => {
    const { heard } = await against(Buffer.concat([bytes(5, 2, 1, 0), CONNECTED.subarray(2)]), {
      target,
      policy: 'any',
    });
    expect(await heard(20)).toBe(`050102${'0103616e79012d'}05010001c000020e2af9`);
  });

  test.each([
    ['IPv4', bytes(5, 0, 0, 1, 1, 2, 3, 4, 0, 80)],
    ['IPv6', Buffer.concat([bytes(5, 0, 0, 4), Buffer.alloc(18, 1)])],
    ['a name', Buffer.concat([bytes(5, 0, 0, 3, 4), Buffer.from('host'), bytes(0, 80)])],
    ['an empty name', bytes(5, 0, 0, 3, 0, 0, 80)],
  ])('reads a reply with %s to its end', async (_, reply) => {
    const { stream } = await against(Buffer.concat([bytes(5, 0), reply, Buffer.from('!')]));
    expect(await readExactly(stream, 1, 'the rest')).toEqual(Buffer.from('!'));
  });

  test.each([
    [1, 'SOCKS_GENERAL_FAILURE', true],
    [2, 'SOCKS_NOT_ALLOWED', false],
    [3, 'SOCKS_NETWORK_UNREACHABLE', true],
    [4, 'SOCKS_HOST_UNREACHABLE', true],
    [5, 'SOCKS_CONNECTION_REFUSED', true],
    [6, 'SOCKS_TTL_EXPIRED', true],
    [7, 'SOCKS_COMMAND_NOT_SUPPORTED', false],
    [8, 'SOCKS_ADDRESS_NOT_SUPPORTED', false],
    [99, 'SOCKS_PROTOCOL', false],
  ])('reply %d is the error %s', async (reply, code, retryable) => {
    const refused = against(bytes(5, 0, 5, reply, 0, 1));
    await expect(refused).rejects.toMatchObject({ code, reply, retryable });
    await expect(refused).rejects.toBeInstanceOf(SocksError);
  });

  test.each([
    ['speaks SOCKS4', bytes(4, 0), 'SOCKS_PROTOCOL'],
    ['speaks HTTP', Buffer.from('HTTP/1.1 400'), 'SOCKS_PROTOCOL'],
    ['takes no method', bytes(5, 255), 'SOCKS_AUTHENTICATION_FAILED'],
    ['chooses a method that was not offered', bytes(5, 2), 'SOCKS_PROTOCOL'],
    ['replies in another version', bytes(5, 0, 4, 0, 0, 1), 'SOCKS_PROTOCOL'],
    ['uses the reserved byte', bytes(5, 0, 5, 0, 1, 1), 'SOCKS_PROTOCOL'],
    ['replies with an unknown kind of address', bytes(5, 0, 5, 0, 0, 2), 'SOCKS_PROTOCOL'],
  ])('a router that %s is refused', async (_, answers, code) => {
    await expect(against(answers)).rejects.toMatchObject({ code });
  });

  test.each([
    ['does not take policy names', bytes(5, 255), /does not take policy names/],
    ['ignores the policy name', bytes(5, 0), /chose method 0/],
    ['does not know the policy', bytes(5, 2, 1, 1), /no policy "tdx"/],
    ['answers the login in another version', bytes(5, 2, 5, 0), /version 5, 1 was expected/],
  ])('a router that %s is not used with a weaker policy', async (_, answers, why) => {
    await expect(against(answers, { target, policy: 'tdx' })).rejects.toThrow(why);
  });

  test.each(['proxy.example.com', '::1', '', '1.2.3', '1.2.3.4 '])('cannot lead to %p', (host) => {
    expect(() => requireSocksTarget({ host, port: 1 })).toThrow(SocksError);
  });

  test.each([0, -1, 65_536, 1.5])('cannot lead to port %d', (port) => {
    expect(() => requireSocksTarget({ host: '1.2.3.4', port })).toThrow('is no port');
  });

  test.each(['', 'x'.repeat(256)])(
    'a policy name that does not fit is an error before anything is sent',
    async (policy) => {
      const [ours, theirs] = duplexPair();
      await expect(connectThrough(ours, { target, policy })).rejects.toMatchObject({
        code: 'SOCKS_AUTHENTICATION_FAILED',
      });
      expect(theirs.readableLength).toBe(0);
    },
  );

  test('whatever the router answers, in whatever pieces, the outcome has a name', async () => {
    const start = fc.constantFrom(Buffer.alloc(0), bytes(5, 0), bytes(5, 0, 5), bytes(5, 0, 5, 0, 0, 3), CONNECTED);
    await fc.assert(
      fc.asyncProperty(
        start,
        fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 4 }),
        fc.boolean(),
        async (head, pieces, withPolicy) => {
          const [ours, theirs] = duplexPair();
          theirs.on('error', () => undefined);
          const request = withPolicy ? { target, policy: 'tdx' } : { target };
          const outcome = connectThrough(ours, request).catch((error: unknown) => error);
          theirs.write(head);
          for (const piece of pieces) theirs.write(Buffer.from(piece));
          theirs.end();
          const result = await outcome;
          if (result !== undefined) {
            expect([SocksError, ConnectionClosedError]).toContain((result as Error).constructor);
          }
          if (head === CONNECTED && !withPolicy) expect(result).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});
