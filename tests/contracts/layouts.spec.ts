import { beginCell, type Cell } from '@ton/core';
import fc from 'fast-check';
import {
  bodies,
  CellFormatError,
  InvalidFieldError,
  loadParams,
  packClientData,
  packKeyManager,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
  parseClientData,
  parseClientProxyRequest,
  parseKeyManager,
  parseProxyData,
  parsePublicKeyVoucher,
  parseRootData,
  parseSaveState,
  parseSignedEnvelope,
  parseWalletData,
  parseWorkerData,
  parseWorkerProxyRequest,
  publicKeyVoucher,
  signedEnvelope,
  storeParams,
  voucherPayload,
} from '../../wrappers';
import * as any from '../support/arbitraries';

const RUNS = { numRuns: 100, seed: 2 };

/** For comparing values that contain cells and addresses, which Jest would compare by their caches. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item === 'bigint') return `${item}n`;
      if (item instanceof Set) return { set: [...item].sort() };
      if (item instanceof Map) return { map: [...item].sort(([a], [b]) => (a < b ? -1 : 1)) };
      return item;
    }),
  );
}

function roundTrips<T>(values: fc.Arbitrary<T>, pack: (value: T) => Cell, parse: (cell: Cell) => T): void {
  fc.assert(
    fc.property(values, (value) => {
      const packed = pack(value);
      const parsed = parse(packed);
      expect(plain(parsed)).toEqual(plain(value));
      expect(pack(parsed).hash().toString('hex')).toBe(packed.hash().toString('hex'));
    }),
    RUNS,
  );
}

describe('data cells', () => {
  test('of a root survive packing and parsing', () => roundTrips(any.rootData, packRootData, parseRootData));
  test('of a proxy survive packing and parsing', () => roundTrips(any.proxyData, packProxyData, parseProxyData));
  test('of a client survive packing and parsing', () => roundTrips(any.clientData, packClientData, parseClientData));
  test('of a worker survive packing and parsing', () => roundTrips(any.workerData, packWorkerData, parseWorkerData));
  test('of a wallet survive packing and parsing', () => roundTrips(any.walletData, packWalletData, parseWalletData));

  test('of a key manager survive packing and parsing, whatever its tail', () =>
    roundTrips(any.keyManager, packKeyManager, (cell) => {
      const { netAddress: _, ...manager } = parseKeyManager(cell);
      return manager;
    }));
  test('of a key manager tell its net address, and null where the tail starts with anything else', () => {
    const read = (bytes: number[]) => {
      const tail = beginCell().storeBuffer(Buffer.from(bytes)).endCell();
      return parseKeyManager(packKeyManager({ keys: new Map(), managerPublicKey: Buffer.alloc(32), tail })).netAddress;
    };
    expect(read([3, 0x61, 0x62, 0x63, 0xff])).toBe('abc');
    expect(read([0, 0, 0, 0])).toBe('');
    for (const other of [[], [3, 0x61, 0x62], [0x83, 0x61, 0x62, 0x63]]) expect(read(other)).toBeNull();
  });

  test('of proxy, client and worker may go on after the fields we know', () => {
    const extended = (cell: Cell) =>
      beginCell().storeSlice(cell.beginParse()).storeUint(3, 2).storeRef(beginCell().storeUint(7, 8)).endCell();
    fc.assert(
      fc.property(any.proxyData, any.clientData, any.workerData, (proxy, client, worker) => {
        // Nothing is known of a proxy's clients where something else stands.
        const known = { ...proxy, earned: 0n, clients: null };
        expect(plain(parseProxyData(extended(packProxyData(known))))).toEqual(plain(known));
        const plainClient = { ...client, reopened: false, debt: 0n };
        expect(plain(parseClientData(extended(packClientData(plainClient))))).toEqual(plain(plainClient));
        const plainWorker = { ...worker, reopened: false };
        expect(plain(parseWorkerData(extended(packWorkerData(plainWorker))))).toEqual(plain(plainWorker));
      }),
      { ...RUNS, numRuns: 30 },
    );
  });

  test('of a wallet may not go on: its contract would not work with them', () => {
    const [wallet] = fc.sample(any.walletData, { numRuns: 1, seed: 1 });
    const longer = beginCell().storeSlice(packWalletData(wallet!).beginParse()).storeBit(true).endCell();
    expect(() => parseWalletData(longer)).toThrow(CellFormatError);
    expect(() => parseWalletData(longer)).toThrow('wallet data: 1 bits and 0 references left over');
  });
});

test('a voucher for a key survives packing and parsing', () =>
  roundTrips(any.publicKey, publicKeyVoucher, parsePublicKeyVoucher));

describe('parameters', () => {
  test('survive packing and parsing with all codes', () =>
    roundTrips(any.params, (params) => storeParams(params, 'all'), loadParams));

  test('copied for a network without a chain keep their layout', () => {
    const params = { ...fc.sample(any.params, 1)[0]!, structVersion: 1, copiesKeepLayout: true };
    expect(storeParams(params, 'none').beginParse().loadUint(8)).toBe(1);
    expect(
      storeParams({ ...params, copiesKeepLayout: false }, 'none')
        .beginParse()
        .loadUint(8),
    ).toBe(3);
  });

  test.each([0, 1, 2, 3, 4])('of struct version %i keep their layout', (structVersion) => {
    fc.assert(
      fc.property(any.params, (random) => {
        const packed = storeParams({ ...random, structVersion }, 'all');
        const parsed = loadParams(packed);
        expect(parsed.structVersion).toBe(structVersion);
        expect(parsed.clientDelayBeforeClose).toBe(random.clientDelayBeforeClose);
        expect(parsed.completionMultiplier).toBe(structVersion >= 3 ? random.completionMultiplier : 10_000);
        expect(parsed.cachedMultiplier).toBe(structVersion >= 2 ? random.cachedMultiplier : 10_000);
        expect(parsed.minClientStake).toBe(structVersion >= 1 ? random.minClientStake : 1_000_000_000n);
        expect(storeParams(parsed, 'all').equals(packed)).toBe(true);
      }),
      { ...RUNS, numRuns: 25 },
    );
  });

  test('copied to children are of struct version 3 and carry the codes their contracts need', () => {
    fc.assert(
      fc.property(any.params, fc.nat({ max: 3 }), (random, structVersion) => {
        const proxy = loadParams(storeParams({ ...random, structVersion }, 'children'));
        expect(plain(proxy)).toEqual(plain({ ...random, structVersion: 3, proxyCode: null }));
        const child = loadParams(storeParams({ ...random, structVersion }, 'none'));
        expect(plain(child)).toEqual(plain({ ...proxy, workerCode: null, clientCode: null }));
      }),
      { ...RUNS, numRuns: 25 },
    );
  });

  test('of an unknown struct version are refused by name', () => {
    const cell = beginCell().storeUint(5, 8).storeUint(1, 32).endCell();
    expect(() => loadParams(cell)).toThrow('network parameters: struct version 5 is unknown');
  });

  test('that do not fit their field are refused by name', () => {
    const [params] = fc.sample(any.params, { numRuns: 1, seed: 1 });
    expect(() => storeParams({ ...params!, pricePerToken: -1n }, 'all')).toThrow(InvalidFieldError);
    expect(() => storeParams({ ...params!, pricePerToken: -1n }, 'all')).toThrow('pricePerToken: -1 nanoTON');
    expect(() => storeParams({ ...params!, clientDelayBeforeClose: 1.5 }, 'all')).toThrow(
      'clientDelayBeforeClose: 1.5',
    );
    expect(() => storeParams({ ...params!, structVersion: 9 }, 'all')).toThrow('structVersion: 9');
  });
});

const voucherPayloads = fc
  .record({ op: any.u32, queryId: any.u64, tokens: fc.option(any.u64, { nil: undefined }), contract: any.address })
  .map(({ tokens, ...rest }) => (tokens === undefined ? rest : { ...rest, tokens }));

describe('vouchers', () => {
  test('survive packing and parsing, with and without a token counter', () => {
    fc.assert(
      fc.property(voucherPayloads, any.address, any.bytes(64), (payload, excessesTo, signature) => {
        const payloadCell = voucherPayload(payload);
        const { op, queryId } = payload;
        const parsed = parseSignedEnvelope(
          signedEnvelope({ op, queryId, excessesTo, signature, payload: payloadCell }),
        );
        expect(plain(parsed.payload)).toEqual(plain(payload));
        expect(parsed.excessesTo?.equals(excessesTo)).toBe(true);
        expect(parsed.signature.equals(signature)).toBe(true);
        expect(parsed.payloadCell.equals(payloadCell)).toBe(true);
      }),
      RUNS,
    );
  });

  test('whose op or query id differ inside and outside are refused', () => {
    const [contract] = fc.sample(any.address, { numRuns: 1, seed: 1 });
    const envelope = { excessesTo: contract!, signature: Buffer.alloc(64) };
    const payload = voucherPayload({ op: 1, queryId: 2n, contract: contract! });
    expect(() => parseSignedEnvelope(signedEnvelope({ op: 9, queryId: 2n, ...envelope, payload }))).toThrow(
      'op 0x00000001 is signed, 0x00000009 is on the envelope',
    );
    expect(() => parseSignedEnvelope(signedEnvelope({ op: 1, queryId: 3n, ...envelope, payload }))).toThrow(
      'query id 2 is signed, 3 is on the envelope',
    );
  });
});

describe('requests to the proxy', () => {
  const coinsPayload = fc.record({ amount: any.coins, excessesTo: any.address });
  const clientPayload = fc.oneof(
    fc.constant(null),
    any.u64.map((nonce) => ({ cell: bodies.clientProxyRegister({ nonce }), parsed: { kind: 'register', nonce } })),
    coinsPayload.map((opts) => ({ cell: bodies.clientProxyTopUp(opts), parsed: { kind: 'topUp', ...opts } })),
    coinsPayload.map((opts) => ({
      cell: bodies.clientProxyRefundGranted(opts),
      parsed: { kind: 'refundGranted', ...opts },
    })),
    coinsPayload.map((opts) => ({
      cell: bodies.clientProxyRefundForce(opts),
      parsed: { kind: 'refundForce', ...opts },
    })),
  );

  test('of a client are read back as they were written', () => {
    const request = fc.record({
      queryId: any.u64,
      owner: any.address,
      snapshot: any.clientData,
      payload: clientPayload,
    });
    fc.assert(
      fc.property(request, ({ queryId, owner, snapshot, payload }) => {
        const { state, balance, stake, tokensUsed, secretHash } = snapshot;
        const body = bodies.clientProxyRequest({ queryId, owner, snapshot, payload: payload?.cell ?? null });
        expect(plain(parseClientProxyRequest(body))).toEqual(
          plain({ queryId, owner, state, balance, stake, tokensUsed, secretHash, payload: payload?.parsed ?? null }),
        );
        expect(parseWorkerProxyRequest(body)).toBeNull();
        expect(parseSaveState(body)).toBeNull();
      }),
      RUNS,
    );
  });

  test('of a worker are read back as they were written', () => {
    const payout = fc.record({ workerPart: any.coins, proxyPart: any.coins, excessesTo: any.address });
    const request = fc.record({
      queryId: any.u64,
      owner: any.address,
      state: any.state,
      tokens: any.u64,
      payout: fc.option(payout, { nil: null }),
    });
    fc.assert(
      fc.property(request, ({ payout, ...report }) => {
        const payload = payout && bodies.workerProxyPayoutRequest(payout);
        const body = bodies.workerProxyRequest({ ...report, payload });
        const expected = { ...report, payload: payout && { kind: 'payout', ...payout } };
        expect(plain(parseWorkerProxyRequest(body))).toEqual(plain(expected));
        expect(parseClientProxyRequest(body)).toBeNull();
      }),
      RUNS,
    );
  });

  test('with a saved state are read back as they were written, negative seqno included', () => {
    fc.assert(
      fc.property(any.u64, fc.integer(), any.bytes(32), (queryId, seqno, uniqueHash) => {
        expect(parseSaveState(bodies.saveState({ queryId, seqno, uniqueHash }))).toEqual({
          queryId,
          seqno,
          uniqueHash,
        });
      }),
      RUNS,
    );
    expect(parseSaveState(bodies.doNotProcess({ queryId: 1n }))).toBeNull();
  });

  test('of a client without a nonce (public Tolk source) are understood', () => {
    const [client] = fc.sample(any.clientData, { numRuns: 1, seed: 1 });
    const payload = beginCell().storeUint(0xa35cb580, 32).endCell();
    const body = bodies.clientProxyRequest({ queryId: 1n, owner: client!.owner, snapshot: client!, payload });
    expect(parseClientProxyRequest(body)?.payload).toEqual({ kind: 'register', nonce: null });
  });
});
