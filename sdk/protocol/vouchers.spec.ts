import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Address, beginCell, Cell } from '@ton/core';
import fc from 'fast-check';
import { Op } from '../../wrappers/generated/opcodes';
import { voucherPayload } from '../../wrappers/vouchers';
import { KeyFormatError, privateKeyFromSeed, publicKeyFromRaw, rawPublicKey } from './keys';
import { readVoucher, repackVoucher, signVoucher, VoucherError, type VoucherProblem, verifyVoucher } from './vouchers';

const key = privateKeyFromSeed(Buffer.alloc(32, 1));
const publicKey = rawPublicKey(key);
const contract = new Address(0, Buffer.alloc(32, 2));
const carrier = new Address(0, Buffer.alloc(32, 3));
const other = new Address(0, Buffer.alloc(32, 4));
const op = Op.extClientChargeSigned;
const wish = { op, queryId: 5n, tokens: 1000n, contract, excessesTo: carrier, key };
const expected: Parameters<typeof verifyVoucher>[1] = { publicKey, contract, ops: [op] };

function problemOf(data: Buffer, opts = expected): VoucherProblem {
  try {
    verifyVoucher(data, opts);
  } catch (error) {
    if (error instanceof VoucherError) return error.problem;
    throw error;
  }
  throw new Error('the voucher was accepted');
}

describe('keys', () => {
  test('the public key is the one RFC 8032 gives for this seed', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const expectedKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    expect(rawPublicKey(privateKeyFromSeed(seed)).toString('hex')).toBe(expectedKey);
  });

  test('refuses other lengths without showing the bytes', () => {
    expect(() => privateKeyFromSeed(Buffer.alloc(31, 0x41))).toThrow(KeyFormatError);
    expect(() => publicKeyFromRaw(Buffer.alloc(33))).toThrow('Ed25519 public key: needs 32 bytes, got 33');
  });

  test('a key is made once, and forgotten ones are made again', () => {
    const first = publicKeyFromRaw(publicKey);
    expect(publicKeyFromRaw(Buffer.from(publicKey))).toBe(first);
    for (let i = 0; i < 300; i++) {
      const seed = Buffer.alloc(32);
      seed.writeUInt16LE(i + 10);
      publicKeyFromRaw(rawPublicKey(privateKeyFromSeed(seed)));
    }
    expect(publicKeyFromRaw(publicKey).equals(first)).toBe(true);
  });
});

describe('vouchers', () => {
  test('what is signed verifies, with the counter', () => {
    const voucher = verifyVoucher(signVoucher(wish), expected);
    expect(voucher).toMatchObject({ op, queryId: 5n, tokens: 1000n });
    expect(voucher.body.beginParse().loadUint(32)).toBe(op);
  });

  test('a carrier may replace the excess address, and nothing else', () => {
    const repacked = repackVoucher(signVoucher(wish), other);
    const { envelope } = verifyVoucher(repacked, expected);
    expect(envelope.excessesTo?.equals(other)).toBe(true);
    expect(repackVoucher(repacked, carrier)).toEqual(signVoucher(wish));
  });

  test.each<[string, () => Buffer, VoucherProblem]>([
    ['of another key', () => signVoucher({ ...wish, key: privateKeyFromSeed(Buffer.alloc(32, 9)) }), 'signature'],
    ['for another contract', () => signVoucher({ ...wish, contract: other }), 'contract'],
    [
      'for the same hash in another workchain',
      () => signVoucher({ ...wish, contract: new Address(-1, contract.hash) }),
      'contract',
    ],
    ['for another operation', () => signVoucher({ ...wish, op: Op.extClientGrantRefundSigned }), 'operation'],
    ['without a counter', () => signVoucher({ op, queryId: 5n, contract, excessesTo: carrier, key }), 'tokens'],
    ['that is no BoC', () => Buffer.from('nothing'), 'format'],
    ['that is empty', () => Buffer.alloc(0), 'format'],
    ['that is very long', () => Buffer.alloc(100_000), 'format'],
    ['that is another cell', () => beginCell().storeUint(1, 32).endCell().toBoc(), 'format'],
    [
      'with a bit too many',
      () => edited((cell) => beginCell().storeSlice(cell.beginParse()).storeBit(0).endCell()),
      'format',
    ],
    [
      'with a reference too many',
      () => edited((cell) => beginCell().storeSlice(cell.beginParse()).storeRef(Cell.EMPTY).endCell()),
      'format',
    ],
    [
      'with a payload that has a bit too many',
      () => withPayload((payload) => beginCell().storeSlice(payload.beginParse()).storeBit(0).endCell()),
      'format',
    ],
    ['with another query id outside', () => edited((cell) => rewrite(cell, op, 6n)), 'format'],
    [
      'with another operation outside',
      () => edited((cell) => rewrite(cell, Op.extWorkerPayoutRequestSigned, 5n)),
      'format',
    ],
    [
      'with a larger counter',
      () => withPayload(() => voucherPayload({ op, queryId: 5n, tokens: 1001n, contract })),
      'signature',
    ],
  ])('refuses one %s', (_, make, problem) => {
    expect(problemOf(make())).toBe(problem);
  });

  test('no changed bit gets through, unless only the excess address changed', () => {
    const data = signVoucher(wish);
    fc.assert(
      fc.property(fc.nat(data.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(data);
        changed[at]! ^= 1 << bit;
        try {
          const { tokens, queryId } = verifyVoucher(changed, expected);
          expect([tokens, queryId]).toEqual([1000n, 5n]);
        } catch (error) {
          expect(error).toBeInstanceOf(VoucherError);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('random bytes are refused with a VoucherError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const data = Buffer.concat([Buffer.from('b5ee9c72', 'hex'), bytes]);
        expect(() => verifyVoucher(data, expected)).toThrow(VoucherError);
      }),
    );
  });
});

/** Bodies of real operations: the proxy's own signature, carried to the contract by a runner's wallet. */
function liveEnvelope(trace: string, operation: string): { body: Cell; carrier: Address; contract: Address } {
  const path = join(__dirname, '../../tests/fixtures/cocoon-mainnet.json');
  const fixtures = JSON.parse(readFileSync(path, 'utf8')) as {
    traces: Record<string, { transactions: { messages: LiveMessage[] }[] }>;
  };
  const messages = fixtures.traces[trace]!.transactions.flatMap((transaction) => transaction.messages);
  const message = messages.find(({ opcode, direction }) => opcode === operation && direction === 'in')!;
  return {
    body: Cell.fromBase64(message.bodyBocBase64),
    carrier: Address.parse(message.source),
    contract: Address.parse(message.destination),
  };
}

interface LiveMessage {
  opcode: string;
  direction: string;
  source: string;
  destination: string;
  bodyBocBase64: string;
}

describe.each([
  ['proxy_charge', 'bb63ff93', Op.extClientChargeSigned, 83_379_658_206n],
  ['worker_payout', 'a040ad28', Op.extWorkerPayoutRequestSigned, 73_063_940_556n],
])('the live %s', (trace, operation, liveOp, tokens) => {
  const live = liveEnvelope(trace, operation);
  const data = live.body.toBoc();

  test('is read as what it was', () => {
    const { envelope } = readVoucher(data);
    expect(envelope).toMatchObject({ op: liveOp, payload: { tokens } });
    expect(envelope.payload.contract.equals(live.contract)).toBe(true);
    expect(envelope.excessesTo?.equals(live.carrier)).toBe(true);
  });

  test('has the payload cell that we would sign: the same hash, bit for bit', () => {
    const { payload, payloadCell } = readVoucher(data).envelope;
    expect(voucherPayload(payload).hash()).toEqual(payloadCell.hash());
  });

  test('comes out of a repack as the very message that was sent', () => {
    const away = repackVoucher(data, other);
    expect(Cell.fromBoc(repackVoucher(away, live.carrier))[0]!.hash()).toEqual(live.body.hash());
  });

  test('is refused under a key that did not sign it', () => {
    expect(problemOf(data, { publicKey, contract: live.contract, ops: [liveOp] })).toBe('signature');
  });
});

function edited(change: (cell: Cell) => Cell): Buffer {
  return change(Cell.fromBoc(signVoucher(wish))[0]!).toBoc();
}

/** The envelope with its payload reference replaced. */
function withPayload(change: (payload: Cell) => Cell): Buffer {
  return edited((cell) => {
    const slice = cell.beginParse();
    const payload = slice.loadRef();
    return beginCell().storeBits(slice.loadBits(slice.remainingBits)).storeRef(change(payload)).endCell();
  });
}

function rewrite(cell: Cell, outerOp: number, queryId: bigint): Cell {
  const slice = cell.beginParse().skip(96);
  return beginCell().storeUint(outerOp, 32).storeUint(queryId, 64).storeSlice(slice).endCell();
}
