/**
 * The bytes of the live network's protocol, written by hand from its description, one field per line: what both of our
 * ends are held to. Nothing here is made by our own encoders. Numbers are little endian unless a comment says otherwise.
 */

type Field = readonly [hex: string, meaning: string];

export const bytesOf = (...fields: Field[]): Buffer =>
  Buffer.from(fields.map(([hex]) => hex.replace(/\s/g, '')).join(''), 'hex');
const repeat = (byte: string, times: number): string => byte.repeat(times);

/** Proof of work. The salt is 00 01 … 0f everywhere. */
export const SALT = '000102030405060708090a0b0c0d0e0f';

export const challenge = bytesOf(['91128e41', 'magic 0x418e1291'], ['14000000', 'difficulty 20'], [SALT, 'salt']);

export const negativeChallenge = bytesOf(['91128e41', 'magic'], ['ffffffff', 'difficulty -1'], [SALT, 'salt']);

export const response = bytesOf(['19738201', 'magic 0x01827319'], ['f7a1040000000000', 'nonce 303607']);

/**
 * Smallest nonces for SALT and the bits they are worth. sha256(salt || nonce 303607) begins 54378ad1 21060000: byte 7,
 * byte 6 and five bits of byte 5 are zero, which makes 21.
 */
export const nonces = [
  { difficulty: 0, nonce: 0n, bits: 1 },
  { difficulty: 8, nonce: 480n, bits: 8 },
  { difficulty: 12, nonce: 7012n, bits: 13 },
  { difficulty: 16, nonce: 84956n, bits: 16 },
  { difficulty: 20, nonce: 303607n, bits: 21 },
] as const;

/** sha256 begins 000ec482 87e0166f: 12 zero bits counted from byte 0, none of them from byte 7. Worth nothing. */
export const wrongEndNonce = 3326n;
/** The nonce is signed; sha256 begins 89398a38 cef30500. */
export const negativeNonce = { nonce: -759n, bits: 13 };

/** Packets, without their frame. */
export const packets = {
  connect: bytesOf(['61427ca5', 'tcp.connect'], ['0807060504030201', 'id 0x0102030405060708']),
  connected: bytesOf(['d6416d63', 'tcp.connected'], ['0807060504030201', 'the same id']),
  ping: bytesOf(['7c62e9bb', 'tcp.ping'], ['ffffffffffffffff', 'id -1']),
  pong: bytesOf(['2c30d40b', 'tcp.pong'], ['ffffffffffffffff', 'the same id']),
  message: bytesOf(
    ['f8ba179c', 'tcp.packet'],
    ['08', 'length of data'],
    ['b092f06a', 'worker.newCoefficient'],
    ['e8030000', 'new_coefficient 1000'],
    ['000000', 'padding to a multiple of 4'],
  ),
  query: bytesOf(
    ['0819f53a', 'tcp.query'],
    ['0100000000000000', 'id 1'],
    ['04', 'length of data'],
    ['97c6d19e', 'client.updatePaymentStatus'],
    ['000000', 'padding'],
  ),
  answer: bytesOf(
    ['11c348c0', 'tcp.queryAnswer'],
    ['0100000000000000', 'id 1'],
    ['18', 'length of data, 24'],
    ['cc0e8aaa', 'client.paymentStatus'],
    ['64ce47b3', 'proxy.signedPaymentEmpty'],
    ['0500000000000000', 'db_tokens 5'],
    ['0600000000000000', 'max_tokens 6'],
    ['000000', 'padding'],
  ),
  refusal: bytesOf(
    ['02f6d24c', 'tcp.queryError'],
    ['0100000000000000', 'id 1'],
    ['5a020000', 'code 602'],
    ['0c', 'length of message, 12'],
    ['4c6f73742070726f6d697365', 'Lost promise'],
    ['000000', 'padding'],
  ),
};

/** Frames: length of the payload, number of the frame, payload. */
export const firstFrame = bytesOf(
  ['0c000000', 'length 12'],
  ['00000000', 'number 0'],
  [packets.connect.toString('hex'), 'tcp.connect'],
);
export const secondFrame = bytesOf(
  ['0c000000', 'length 12'],
  ['01000000', 'number 1'],
  [packets.ping.toString('hex'), 'tcp.ping'],
);
export const largestHeader = bytesOf(['00000001', 'length 2^24'], ['00000000', 'number 0']);
export const tooLargeHeader = bytesOf(['01000001', 'length 2^24 + 1'], ['00000000', 'number 0']);

const KEY = repeat('ab', 32);
const ENDPOINTS = [
  ['0b', 'source_ip: length 11'],
  ['3230332e302e3131332e39', '203.0.113.9'],
  ['', 'no padding: 12 bytes with the length'],
  ['39300000', 'source_port 12345'],
  ['0a', 'destination_ip: length 10'],
  ['3139322e302e322e3134', '192.0.2.14'],
  ['00', 'padding'],
  ['f92a0000', 'destination_port 11001'],
] as const;

/** AttestedPeerInfo as a router sends it: u32 length, then the content. */
export const tdxPeerInfo = bytesOf(
  ['3c020000', 'length 572'],
  ['01000000', 'has_attestation'],
  ['00000000', 'kind TDX'],
  [repeat('10', 48), 'mr_td'],
  [repeat('11', 48), 'mr_config_id'],
  [repeat('12', 48), 'mr_owner'],
  [repeat('13', 48), 'mr_owner_config'],
  [repeat('14', 48), 'rtmr0'],
  [repeat('15', 48), 'rtmr1'],
  [repeat('16', 48), 'rtmr2'],
  [repeat('17', 48), 'rtmr3'],
  [repeat('99', 64), 'reportdata: not part of the image hash'],
  [repeat('cc', 48), 'collateral_root_hash'],
  ['20', 'public_key: length 32'],
  [KEY, 'public_key'],
  ['000000', 'padding'],
  ...ENDPOINTS,
);
/** sha256 of the eight measurements and 64 zero bytes. */
export const TDX_IMAGE = 'b6039113d117c4577d05282998eb6c09e7613c7b3fd509af44defa226eb1c9ca';

export const sgxPeerInfo = bytesOf(
  ['dc000000', 'length 220'],
  ['01000000', 'has_attestation'],
  ['01000000', 'kind SGX'],
  [repeat('33', 32), 'mr_enclave'],
  [repeat('99', 64), 'reportdata'],
  [repeat('00', 48), 'collateral_root_hash: none'],
  ['20', 'public_key: length 32'],
  [KEY, 'public_key'],
  ['000000', 'padding'],
  ...ENDPOINTS,
);
export const SGX_IMAGE = '6fcb8a7ef7cd7e4364334773cc457033f06dead1b59d982f070af4b01a30d41a';

export const barePeerInfo = bytesOf(
  ['78000000', 'length 120'],
  ['00000000', 'no attestation'],
  [repeat('00', 48), 'collateral_root_hash: none'],
  ['20', 'public_key: length 32'],
  [KEY, 'public_key'],
  ['000000', 'padding'],
  ...ENDPOINTS,
);

/** fake_tdx: every measurement is zero. */
export const FAKE_TDX_IMAGE = '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61';

/** SOCKS5; ports are big endian. */
export const socks = {
  greeting: bytesOf(['05', 'version'], ['01', 'one method'], ['00', 'no authentication']),
  greetingWithPolicy: bytesOf(['05', 'version'], ['01', 'one method'], ['02', 'user and password']),
  noAuthentication: bytesOf(['05', 'version'], ['00', 'no authentication']),
  userAndPassword: bytesOf(['05', 'version'], ['02', 'user and password']),
  login: bytesOf(
    ['01', 'version of the login'],
    ['03', 'length of the user'],
    ['746478', 'tdx, the name of the policy'],
    ['01', 'length of the password'],
    ['2d', 'any password'],
  ),
  loggedIn: bytesOf(['01', 'version of the login'], ['00', 'success']),
  connect: bytesOf(
    ['05', 'version'],
    ['01', 'CONNECT'],
    ['00', 'reserved'],
    ['01', 'IPv4'],
    ['c000020e', '192.0.2.14'],
    ['2af9', 'port 11001'],
  ),
  connected: bytesOf(
    ['05', 'version'],
    ['00', 'success'],
    ['00', 'reserved'],
    ['01', 'IPv4'],
    ['00000000', 'bound address: none'],
    ['0000', 'bound port: none'],
  ),
};
