import type { Cell } from '@ton/core';
import fc from 'fast-check';
import {
  bodies,
  CellFormatError,
  loadParams,
  packClientData,
  packKeyManager,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
  parseClientData,
  parseClientProxyRequest,
  parseHeader,
  parseKeyManager,
  parseProxyData,
  parsePublicKeyVoucher,
  parseRootData,
  parseSaveState,
  parseSignedEnvelope,
  parseVoucherPayload,
  parseWalletData,
  parseWorkerData,
  parseWorkerProxyRequest,
  publicKeyVoucher,
  signedEnvelope,
  storeParams,
  voucherPayload,
} from '../../wrappers';
import * as any from '../support/arbitraries';

const FUZZ_RUNS = { numRuns: 400, seed: 2 };

const voucherPayloads = fc
  .record({ op: any.u32, queryId: any.u64, tokens: fc.option(any.u64, { nil: undefined }), contract: any.address })
  .map(({ tokens, ...rest }) => (tokens === undefined ? rest : { ...rest, tokens }));

/** Whatever cell comes: a value, null, or an error with a name; and soon. */
function neverSurprises(parse: (cell: Cell) => unknown, good: fc.Arbitrary<Cell>): void {
  const anyCell = fc.oneof({ weight: 1, arbitrary: any.cell }, { weight: 4, arbitrary: any.damaged(good) });
  let refused = 0;
  fc.assert(
    fc.property(anyCell, (cell) => {
      try {
        parse(cell);
      } catch (error) {
        expect(error).toBeInstanceOf(CellFormatError);
        refused += 1;
      }
    }),
    FUZZ_RUNS,
  );
  // A fuzzer that never got as far as the checks would prove nothing.
  expect(refused).toBeGreaterThan(20);
}

describe('readers of cells from strangers throw nothing but CellFormatError', () => {
  const worker = any.workerData.map((data) => {
    const payout = { workerPart: data.tokens, proxyPart: 1n, excessesTo: data.owner };
    return bodies.workerProxyRequest({ queryId: 1n, ...data, payload: bodies.workerProxyPayoutRequest(payout) });
  });
  const client = any.clientData.map((data) => {
    const payload = bodies.clientProxyTopUp({ amount: data.balance, excessesTo: data.owner });
    return bodies.clientProxyRequest({ queryId: 1n, owner: data.owner, snapshot: data, payload });
  });
  const saveState = any.bytes(32).map((uniqueHash) => bodies.saveState({ queryId: 1n, seqno: 1, uniqueHash }));
  const payload = voucherPayloads.map(voucherPayload);
  const envelope = voucherPayloads.map((value) =>
    signedEnvelope({
      ...value,
      excessesTo: value.contract,
      signature: Buffer.alloc(64),
      payload: voucherPayload(value),
    }),
  );

  test('parameters', () =>
    neverSurprises(
      loadParams,
      any.params.map((params) => storeParams(params, 'all')),
    ));
  test('root data', () => neverSurprises(parseRootData, any.rootData.map(packRootData)));
  test('proxy data', () => neverSurprises(parseProxyData, any.proxyData.map(packProxyData)));
  test('client data', () => neverSurprises(parseClientData, any.clientData.map(packClientData)));
  test('worker data', () => neverSurprises(parseWorkerData, any.workerData.map(packWorkerData)));
  test('wallet data', () => neverSurprises(parseWalletData, any.walletData.map(packWalletData)));
  test('worker requests', () => neverSurprises(parseWorkerProxyRequest, worker));
  test('client requests', () => neverSurprises(parseClientProxyRequest, client));
  test('saved states', () => neverSurprises(parseSaveState, saveState));
  test('voucher payloads', () => neverSurprises(parseVoucherPayload, payload));
  test('key managers', () => neverSurprises(parseKeyManager, any.keyManager.map(packKeyManager)));
  test('vouchers for keys', () => neverSurprises(parsePublicKeyVoucher, any.publicKey.map(publicKeyVoucher)));
  test('vouchers', () => neverSurprises(parseSignedEnvelope, envelope));

  test('and message headers throw nothing at all', () => {
    fc.assert(
      fc.property(any.cell, (cell) => {
        const header = parseHeader(cell);
        expect(header === null).toBe(cell.bits.length < 96);
      }),
      FUZZ_RUNS,
    );
  });
});
