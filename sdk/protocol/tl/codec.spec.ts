import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { tlTable } from '../../generated/tl';
import { anyTl, objectOf } from './arbitrary-tl';
import {
  answersOf,
  decode,
  decodeAs,
  encode,
  encodedLength,
  encodeInto,
  peekConstructor,
  TlError,
  type TlObject,
} from './codec';

const empty = { _: 'proxy.signedPaymentEmpty' } as const;
const id32 = Buffer.alloc(32, 0xab);
const tokens = {
  _: 'tokensUsed',
  promptTokensUsed: 1n,
  cachedTokensUsed: 2n,
  completionTokensUsed: 3n,
  reasoningTokensUsed: 4n,
  totalTokensUsed: 10n,
} as const;
const TOKENS = '01000000000000000200000000000000030000000000000004000000000000000a00000000000000';

/** Encoded by hand from the rules; spaces separate fields. */
const VECTORS: [string, TlObject, string][] = [
  ['a long', { _: 'tcp.ping', id: 1n }, '7c62e9bb 0100000000000000'],
  ['a negative long', { _: 'tcp.pong', id: -1n }, '2c30d40b ffffffffffffffff'],
  ['bytes with padding', { _: 'tcp.packet', data: Buffer.from('hello') }, 'f8ba179c 05 68656c6c6f 0000'],
  ['bytes without padding', { _: 'tcp.packet', data: Buffer.from('abc') }, 'f8ba179c 03 616263'],
  ['empty bytes', { _: 'tcp.packet', data: Buffer.alloc(0) }, 'f8ba179c 00 000000'],
  [
    'a string of several bytes per character',
    { _: 'tcp.queryError', id: 2n, code: -1, message: 'é' },
    '02f6d24c 0200000000000000 ffffffff 02 c3a9 00',
  ],
  ['a function without fields', { _: 'client.updatePaymentStatus' }, '97c6d19e'],
  [
    'a bare struct with flags 3',
    {
      _: 'client.connectToProxy',
      params: { _: 'client.params', clientOwnerAddress: 'abc', isTest: false, minProtoVersion: 1, maxProtoVersion: 2 },
      minConfigVersion: 5,
    },
    'f4a05fff 03000000 03 616263 379779bc 01000000 02000000 05000000',
  ],
  [
    'a bare struct with flags 1',
    {
      _: 'worker.connectToProxy',
      params: {
        _: 'worker.params',
        workerOwnerAddress: 'a',
        model: 'm',
        coefficient: 1000,
        isTest: true,
        proxyCnt: 1,
        maxActiveRequests: 4,
      },
    },
    '5d4c48cc 01000000 01 61 0000 01 6d 0000 e8030000 b5757299 01000000 04000000',
  ],
  [
    'boxed fields',
    {
      _: 'client.connectedToProxy',
      params: { _: 'proxy.params', proxyPublicKey: id32, proxyOwnerAddress: 'o', proxyScAddress: 'p' },
      clientScAddress: 'c',
      auth: { _: 'client.proxyConnectionAuthLong', nonce: 7n },
      signedPayment: { _: 'proxy.signedPayment', data: Buffer.from([1, 2, 3]) },
    },
    `d17a3195 00000000 ${'ab'.repeat(32)} 01 6f 0000 01 70 0000 01 63 0000 16f07b41 0700000000000000 82819902 03 010203`,
  ],
  [
    'bare vectors of bare structs',
    {
      _: 'client.workerTypesV2',
      types: [
        {
          _: 'client.workerTypeV2',
          name: 'm',
          workers: [{ _: 'client.workerInstanceV2', coefficient: 1000, activeRequests: 2, maxActiveRequests: 4 }],
        },
      ],
    },
    '67dcf00c 01000000 01 6d 0000 01000000 00000000 e8030000 02000000 04000000',
  ],
  [
    'flags in the middle',
    { _: 'client.queryAnswerPartEx', requestId: id32, answer: Buffer.from('x') },
    `ecfa7bc0 ${'ab'.repeat(32)} 01 78 0000 00000000`,
  ],
  [
    'nested flags',
    {
      _: 'proxy.queryAnswerEx',
      requestId: id32,
      answer: Buffer.alloc(0),
      finalInfo: { _: 'proxy.queryFinalInfo', tokensUsed: tokens, workerStartTime: 1.5, workerEndTime: -2 },
    },
    `e874e51c ${'ab'.repeat(32)} 00000000 01000000 02000000 ${TOKENS} 000000000000f83f 00000000000000c0`,
  ],
  [
    'a payment answer',
    {
      _: 'worker.compareBalanceWithProxyResult',
      signedPayment: empty,
      tokensCommittedToDb: 7n,
      maxTokens: -1n,
      errorCode: 1,
    },
    '11c45490 64ce47b3 0700000000000000 ffffffffffffffff 01000000',
  ],
];

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replace(/ /g, ''), 'hex');

describe('TL encoding', () => {
  test.each(VECTORS)('%s', (_, value, hex) => {
    expect(encode(value).toString('hex')).toBe(bytesOf(hex).toString('hex'));
    expect(decode(bytesOf(hex))).toEqual(value);
  });

  test.each([
    [0, 4],
    [253, 256],
    [254, 260],
    [256, 260],
    [2 ** 24 - 1, 2 ** 24 + 4],
    [2 ** 24, 2 ** 24 + 8],
  ])('bytes of length %i take %i', (length, size) => {
    const data = Buffer.alloc(length, 7);
    const encoded = encode({ _: 'tcp.packet', data });
    expect(encoded.length).toBe(4 + size);
    const decoded = decodeAs('tcp.packet', encoded);
    expect(decoded.data.equals(data)).toBe(true);
  });

  test('every object of the schema survives the round trip', () => {
    fc.assert(
      fc.property(anyTl, (value) => {
        const bytes = encode(value);
        expect(bytes.length).toBe(encodedLength(value));
        expect(isDeepStrictEqual(decode(bytes), value)).toBe(true);
        expect(peekConstructor(bytes)).toBe(value._);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(tlTable.map((row) => [row.name, row] as const))('%s survives the round trip', (_, row) => {
    fc.assert(
      fc.property(objectOf(row), (value) => isDeepStrictEqual(decode(encode(value)), value)),
      { numRuns: 20 },
    );
  });

  test('encodeInto pads from the start of the value, wherever that is', () => {
    const value: TlObject = { _: 'tcp.packet', data: Buffer.from('hello') };
    const buffer = Buffer.alloc(30, 0xff);
    expect(encodeInto(value, buffer, 5)).toBe(5 + encodedLength(value));
    expect(buffer.subarray(5, 17)).toEqual(encode(value));
    expect(buffer[17]).toBe(0xff);
  });

  test.each<[string, unknown, RegExp]>([
    [
      'an int over 32 bits',
      { _: 'worker.newCoefficient', newCoefficient: 2 ** 31 },
      /^worker\.newCoefficient\.newCoefficient: must be a signed 32-bit/,
    ],
    ['a fraction', { _: 'worker.newCoefficient', newCoefficient: 1.5 }, /newCoefficient/],
    ['a number for a long', { _: 'tcp.ping', id: 1 }, /^tcp\.ping\.id: must be a signed 64-bit bigint/],
    ['an unsigned long', { _: 'tcp.ping', id: 2n ** 63n }, /asIntN/],
    [
      'a short int256',
      { _: 'client.cancelQuery', requestId: Buffer.alloc(31) },
      /^client\.cancelQuery\.requestId: must be a Buffer of 32 bytes/,
    ],
    ['a missing field', { _: 'tcp.packet' }, /^tcp\.packet\.data: must be a Buffer/],
    ['a number for a Bool', { _: 'worker.proxyHandshakeComplete', isDisabled: 1 }, /must be a boolean/],
    [
      'a box of another type',
      { _: 'worker.paymentStatus', signedPayment: { _: 'tcp.ping', id: 1n }, dbTokens: 0n, maxTokens: 0n },
      /must be a proxy\.SignedPayment/,
    ],
    [
      'a struct of another type',
      { _: 'client.connectToProxy', params: { _: 'worker.params' }, minConfigVersion: 0 },
      /must be a client\.params object/,
    ],
    ['no array', { _: 'client.workerTypes', types: {} }, /must be an array/],
    [
      'half of a flag group',
      { _: 'client.params', clientOwnerAddress: '', minProtoVersion: 1 },
      /^client\.params\.flags: minProtoVersion, maxProtoVersion go together/,
    ],
    ['an unknown constructor', { _: 'nothing' }, /^nothing: is not a constructor/],
  ])('refuses %s and names the field', (_, value, message) => {
    expect(() => encode(value as TlObject)).toThrow(TlError);
    expect(() => encode(value as TlObject)).toThrow(message);
  });
});

describe('TL decoding is strict', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '', /^message: needs 4 more bytes/],
    ['an unknown id', 'ffffffff', /^message: has the unknown constructor 0xffffffff/],
    ['trailing bytes', '7c62e9bb 0100000000000000 00000000', /^tcp\.ping: is followed by 4 bytes .*at byte 12/],
    ['a short field', '7c62e9bb 01000000', /^tcp\.ping\.id: needs 8 more bytes, 4 are left \(at byte 4\)/],
    ['missing padding', 'f8ba179c 05 68656c6c6f', /^tcp\.packet\.data: needs 2 more bytes/],
    ['padding that is not zero', 'f8ba179c 05 68656c6c6f 0001', /padding that is not zero/],
    ['bytes longer than the message', 'f8ba179c fe ffffff 00000000', /^tcp\.packet\.data: needs 16777215 more bytes/],
    ['4 GiB of bytes', 'f8ba179c ff 00000000 010000', /claims 4 GiB or more/],
    [
      'a Bool that is neither',
      '66b043f8 01000000',
      /^worker\.proxyHandshakeComplete\.isDisabled: is not a Bool: constructor 0x00000001/,
    ],
    [
      'negative flags',
      `ecfa7bc0 ${'ab'.repeat(32)} 00000000 00000080`,
      /^client\.queryAnswerPartEx\.flags: is negative/,
    ],
    [
      'a box of another type',
      '01d78ba8 7c62e9bb 0100000000000000',
      /^worker\.paymentStatus\.signedPayment: is not a proxy\.SignedPayment/,
    ],
    [
      'a vector that cannot fit',
      '67dcf00c ffffffff 00000000',
      /^client\.workerTypesV2\.types: claims 4294967295 elements of at least 8 bytes, 4 bytes/,
    ],
  ])('%s', (_, hex, message) => {
    expect(() => decode(bytesOf(hex))).toThrow(TlError);
    expect(() => decode(bytesOf(hex))).toThrow(message);
  });

  test('unknown flag bits are ignored', () => {
    const bytes = bytesOf(`ecfa7bc0 ${'ab'.repeat(32)} 01 78 0000 00000040`);
    expect(decode(bytes)).toEqual({ _: 'client.queryAnswerPartEx', requestId: id32, answer: Buffer.from('x') });
  });

  test('decodeAs refuses another constructor and says which was expected', () => {
    const ping = encode({ _: 'tcp.ping', id: 1n });
    expect(() => decodeAs('tcp.pong', ping)).toThrow('message: is tcp.ping where tcp.pong was expected (at byte 0)');
    expect(decodeAs(['tcp.pong', 'tcp.ping'], ping)).toEqual({ _: 'tcp.ping', id: 1n });
  });

  test('answersOf gives the constructors of the result type', () => {
    expect(answersOf('client.authorizeWithProxyLong')).toEqual([
      'client.authorizationWithProxySuccess',
      'client.authorizationWithProxyFailed',
    ]);
  });

  test('a kept request id does not keep the buffer it came in', () => {
    const bytes = encode({ _: 'client.cancelQuery', requestId: id32 });
    const { requestId } = decodeAs('client.cancelQuery', bytes);
    bytes.fill(0);
    expect(requestId).toEqual(id32);
  });

  test('small byte strings are copied, large ones are views', () => {
    for (const [size, isView] of [
      [1023, false],
      [1024, true],
    ] as const) {
      const bytes = encode({ _: 'tcp.packet', data: Buffer.alloc(size, 1) });
      const { data } = decodeAs('tcp.packet', bytes);
      bytes.fill(2);
      expect(data.every((byte) => byte === (isView ? 2 : 1))).toBe(true);
    }
  });
});

/** Decodes; anything but a value or a TlError fails the test. Returns the value. */
function decodeOrTlError(bytes: Buffer): TlObject | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof TlError)) throw error;
    return undefined;
  }
}

describe('TL fuzzing: only values and TlErrors', () => {
  test('random bytes behind every constructor id', () => {
    const ids = tlTable.map((row) => row.id);
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.uint8Array({ maxLength: 200 }), (id, body) => {
        const bytes = Buffer.concat([Buffer.alloc(4), body]);
        bytes.writeUInt32LE(id, 0);
        decodeOrTlError(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  test('flipped, cut and spliced messages; what still decodes can be encoded', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(anyTl, edits, (value, changes) => {
        let bytes = encode(value);
        for (const [where, byte, edit] of changes) {
          const at = where % (bytes.length + 1);
          if (edit === 'set') bytes[at] = byte;
          else if (edit === 'cut') bytes = bytes.subarray(0, at);
          else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]);
        }
        const decoded = decodeOrTlError(bytes);
        if (decoded) encode(decoded);
      }),
      { numRuns: 5000 },
    );
  });
});
