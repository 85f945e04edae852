import { createHash } from 'node:crypto';
import { decode, encode } from '@cocoon/sdk/protocol/tl';
import { FrameParser } from '../../../offchain/transport/framing';
import { envelopeFrame, frameOf } from '../../../offchain/transport/packets';
import { decodePeerInfo, encodePeerInfo, imageHashOf } from '../../../offchain/transport/peer-info';
import {
  decodeChallenge,
  decodeResponse,
  encodeChallenge,
  encodeResponse,
  powHolds,
  solvePow,
} from '../../../offchain/transport/pow';
import { encodeConnect, encodeGreeting, encodeLogin } from '../../../offchain/transport/socks5';
import * as vectors from './vectors';

const salt = Buffer.from(vectors.SALT, 'hex');

describe('proof of work', () => {
  test('challenge and response have the bytes of the live network, both ways', () => {
    expect(encodeChallenge({ difficulty: 20, salt })).toEqual(vectors.challenge);
    expect(decodeChallenge(vectors.challenge)).toEqual({ difficulty: 20, salt });
    expect(decodeChallenge(vectors.negativeChallenge).difficulty).toBe(-1);
    expect(encodeResponse(303607n)).toEqual(vectors.response);
    expect(decodeResponse(vectors.response)).toBe(303607n);
  });

  test.each(vectors.nonces)('nonce $nonce is worth $bits bits, and one more is refused', ({ nonce, bits }) => {
    expect(powHolds({ salt, difficulty: bits }, nonce)).toBe(true);
    expect(powHolds({ salt, difficulty: bits + 1 }, nonce)).toBe(false);
  });

  test.each(vectors.nonces)(
    'the solver finds the smallest nonce for $difficulty bits',
    async ({ difficulty, nonce }) => {
      expect(await solvePow({ salt, difficulty })).toBe(nonce);
    },
  );

  test('zero bits count from byte 7 of the hash, not from byte 0', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(vectors.wrongEndNonce);
    expect(createHash('sha256').update(salt).update(bytes).digest('hex')).toMatch(/^000/);
    expect(powHolds({ salt, difficulty: 2 }, vectors.wrongEndNonce)).toBe(false);
  });

  test('a negative nonce is as good as any', () => {
    const { nonce, bits } = vectors.negativeNonce;
    expect(powHolds({ salt, difficulty: bits }, nonce)).toBe(true);
    expect(powHolds({ salt, difficulty: bits + 1 }, nonce)).toBe(false);
  });
});

describe('packets and frames', () => {
  const id = 0x0102030405060708n;
  test.each([
    ['connect', { _: 'tcp.connect', id }],
    ['connected', { _: 'tcp.connected', id }],
    ['ping', { _: 'tcp.ping', id: -1n }],
    ['pong', { _: 'tcp.pong', id: -1n }],
    ['refusal', { _: 'tcp.queryError', id: 1n, code: 602, message: 'Lost promise' }],
  ] as const)('tcp %s has the bytes of the live network, both ways', (name, packet) => {
    expect(encode(packet)).toEqual(vectors.packets[name]);
    expect(decode(vectors.packets[name])).toEqual(packet);
  });

  test.each([
    ['message', 'tcp.packet', undefined, { _: 'worker.newCoefficient', newCoefficient: 1000 }],
    ['query', 'tcp.query', 1n, { _: 'client.updatePaymentStatus' }],
    [
      'answer',
      'tcp.queryAnswer',
      1n,
      { _: 'client.paymentStatus', signedPayment: { _: 'proxy.signedPaymentEmpty' }, dbTokens: 5n, maxTokens: 6n },
    ],
  ] as const)('an enveloped %s has the bytes of the live network, both ways', (name, envelope, queryId, content) => {
    expect(envelopeFrame(0, envelope, queryId, content).subarray(8)).toEqual(vectors.packets[name]);
    const packet = decode(vectors.packets[name]) as { _: string; data: Buffer };
    expect(packet._).toBe(envelope);
    expect(decode(packet.data)).toEqual(content);
  });

  test('frames have the bytes of the live network, both ways', () => {
    expect(frameOf(0, { _: 'tcp.connect', id })).toEqual(vectors.firstFrame);
    expect(frameOf(1, { _: 'tcp.ping', id: -1n })).toEqual(vectors.secondFrame);
    const payloads: Buffer[] = [];
    new FrameParser().push(Buffer.concat([vectors.firstFrame, vectors.secondFrame]), (payload) => {
      payloads.push(payload);
      return true;
    });
    expect(payloads).toEqual([vectors.packets.connect, vectors.packets.ping]);
  });

  test('16 MiB is the longest payload', () => {
    const parse = (bytes: Buffer) => new FrameParser().push(bytes, () => true);
    expect(() => parse(vectors.largestHeader)).not.toThrow();
    expect(() => parse(vectors.tooLargeHeader)).toThrow('16777217 bytes');
  });
});

describe('AttestedPeerInfo', () => {
  test.each([
    ['TDX', vectors.tdxPeerInfo, vectors.TDX_IMAGE],
    ['SGX', vectors.sgxPeerInfo, vectors.SGX_IMAGE],
    ['nothing', vectors.barePeerInfo, '00'.repeat(32)],
  ])('attesting %s is read to the last byte, gives the image hash, and is written the same', (_, frame, image) => {
    const info = decodePeerInfo(frame.subarray(4));
    expect(frame.readUInt32LE(0)).toBe(frame.length - 4);
    expect(info).toMatchObject({
      publicKey: Buffer.alloc(32, 0xab),
      source: { address: '203.0.113.9', port: 12345 },
      destination: { address: '192.0.2.14', port: 11001 },
    });
    expect(imageHashOf(info.attestation).toString('hex')).toBe(image);
    expect(encodePeerInfo(info)).toEqual(frame);
  });

  test('all measurements zero is the image of fake_tdx', () => {
    const nothing = { kind: 'tdx' as const, measurements: Buffer.alloc(384), reportData: Buffer.alloc(64, 1) };
    expect(imageHashOf(nothing).toString('hex')).toBe(vectors.FAKE_TDX_IMAGE);
  });
});

test('what we say in SOCKS5 has the bytes of its RFC', () => {
  const { socks } = vectors;
  expect(encodeGreeting(undefined)).toEqual(socks.greeting);
  expect(encodeGreeting('tdx')).toEqual(socks.greetingWithPolicy);
  expect(encodeLogin('tdx')).toEqual(socks.login);
  expect(encodeConnect({ host: '192.0.2.14', port: 11001 })).toEqual(socks.connect);
});
