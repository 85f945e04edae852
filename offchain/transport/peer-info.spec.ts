import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { ConnectionClosedError } from './errors';
import {
  type AttestedPeerInfo,
  decodePeerInfo,
  encodePeerInfo,
  imageHashOf,
  MAX_PEER_INFO_BYTES,
  readPeerInfo,
} from './peer-info';
import { PeerInfoError } from './security-errors';

const info = (more: Partial<AttestedPeerInfo> = {}): AttestedPeerInfo => ({
  attestation: { kind: 'tdx', measurements: Buffer.alloc(384, 5), reportData: Buffer.alloc(64, 6) },
  collateralRootHash: Buffer.alloc(48),
  publicKey: Buffer.alloc(32, 1),
  source: { address: '203.0.113.9', port: 40_000 },
  destination: { address: '192.0.2.14', port: 11_001 },
  ...more,
});
const content = (more: Partial<AttestedPeerInfo> = {}): Buffer => encodePeerInfo(info(more)).subarray(4);

const raw = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));
const attestation = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant('tdx' as const), measurements: raw(384), reportData: raw(64) }),
  fc.record({ kind: fc.constant('sgx' as const), measurements: raw(32), reportData: raw(64) }),
);
const endpoint = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
  port: fc.integer({ min: 0, max: 65_535 }),
});
const anyInfo = fc.record({
  attestation,
  collateralRootHash: raw(48),
  publicKey: raw(32),
  source: endpoint,
  destination: endpoint,
});

describe('AttestedPeerInfo', () => {
  test('what is written is read back', () => {
    fc.assert(fc.property(anyInfo, (made) => expect(decodePeerInfo(encodePeerInfo(made).subarray(4))).toEqual(made)));
  });

  test('the image hash covers every measurement and nothing that changes with the key', () => {
    const base = info().attestation!;
    const image = imageHashOf(base).toString('hex');
    expect(imageHashOf({ ...base, reportData: Buffer.alloc(64, 9) }).toString('hex')).toBe(image);
    for (const at of [0, 48, 96, 144, 192, 240, 288, 336, 383]) {
      const measurements = Buffer.from(base.measurements);
      measurements[at]! ^= 1;
      expect(imageHashOf({ ...base, measurements }).toString('hex')).not.toBe(image);
    }
  });

  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(content());
    bytes.writeInt32LE(value, at);
    return bytes;
  };
  const end = content().length;
  test.each([
    ['is empty', Buffer.alloc(0), /hasAttestation/],
    ['is half attested', changed(0, 2), /hasAttestation: is 2, 0 or 1 was expected|hasAttestation.*is 2/],
    ['has an unknown kind', changed(4, 2), /kind.*is 2/],
    ['has one byte less', content().subarray(0, end - 1), /needs 4 more bytes/],
    ['has bytes behind its end', Buffer.concat([content(), Buffer.alloc(4)]), /followed by 4 more bytes/],
    ['has a port below 0', changed(end - 4, -1), /port -1/],
    ['has a port above 65535', changed(end - 4, 65_536), /port 65536/],
    ['has a key of 31 bytes', content({ publicKey: Buffer.alloc(31) }), /publicKey.*31 bytes/],
    ['has a line break in an address', content({ source: { address: '1.2.3.4\n', port: 1 } }), /source.*no address/],
    ['has an endless address', content({ source: { address: '1'.repeat(65), port: 1 } }), /source.*no address/],
  ])('is refused when it %s', (_, bytes, why) => {
    expect(() => decodePeerInfo(bytes)).toThrow(PeerInfoError);
    expect(() => decodePeerInfo(bytes)).toThrow(why);
  });

  test('a length written in four bytes where one does is refused: there is one spelling', () => {
    const bytes = content({ attestation: undefined });
    // has_attestation and the root hash come before the key's length.
    const keyAt = 4 + 48;
    const long = Buffer.concat([
      bytes.subarray(0, keyAt),
      Buffer.from('fe200000', 'hex'),
      Buffer.alloc(32, 1),
      bytes.subarray(keyAt + 36),
    ]);
    expect(() => decodePeerInfo(long)).toThrow(/shortest form/);
  });

  test('mutated frames, cut anywhere, are read or refused by name', async () => {
    const mutation = fc.record({ at: fc.nat(700), xor: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(anyInfo, fc.array(mutation, { maxLength: 4 }), fc.nat(700), async (made, mutations, cut) => {
        const frame = encodePeerInfo(made);
        for (const { at, xor } of mutations) frame[at % frame.length]! ^= xor;
        const [ours, theirs] = duplexPair();
        theirs.write(frame.subarray(0, cut));
        theirs.end(frame.subarray(cut));
        const outcome = await readPeerInfo(ours).catch((error: unknown) => error);
        if (!(outcome instanceof Error)) expect(encodePeerInfo(outcome as AttestedPeerInfo)).toBeInstanceOf(Buffer);
        else expect([PeerInfoError, ConnectionClosedError]).toContain(outcome.constructor);
        if (mutations.length === 0) expect(outcome).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  test('a frame that claims more than the limit is refused before it is waited for', async () => {
    const [ours, theirs] = duplexPair();
    const size = Buffer.alloc(4);
    size.writeUInt32LE(MAX_PEER_INFO_BYTES + 1);
    theirs.write(size);
    await expect(readPeerInfo(ours)).rejects.toThrow('16537 bytes');
  });

  test('one that would be longer than the limit is not written', () => {
    expect(() => encodePeerInfo(info({ source: { address: 'x'.repeat(17_000), port: 1 } }))).toThrow(PeerInfoError);
  });
});
