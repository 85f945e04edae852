import { beginCell, type Cell, type Slice } from '@ton/core';
import {
  bodies,
  Op,
  opName,
  parseClientProxyRequest,
  parseSignedEnvelope,
  parseWorkerProxyRequest,
  signedEnvelope,
  voucherPayload,
  walletExternal,
} from '../../wrappers';
import { type MainnetMessage, messagesOf, traceNames } from '../support/mainnet';

/** Reads a body with our parsers, field by field, and writes it again. null = not one of ours. */
function rewrite({ body, source }: MainnetMessage): Cell | null {
  if (source === null) return rewriteWalletExternal(body);
  const slice = body.beginParse();
  const op = slice.loadUint(32);
  const queryId = slice.loadUintBig(64);
  switch (op) {
    case Op.excesses:
      return bodies.excesses({ queryId });
    case Op.payout:
      return bodies.payout({ queryId });
    case Op.rootRegisterProxy:
      return rewriteRegisterProxy(queryId, slice);
    case Op.extClientTopUp:
      return bodies.extClientTopUp({ queryId, amount: slice.loadCoins(), excessesTo: slice.loadAddress() });
    case Op.ownerClientRequestRefund:
      return bodies.ownerClientRequestRefund({ queryId, excessesTo: slice.loadAddress() });
    case Op.extClientChargeSigned:
    case Op.extWorkerPayoutRequestSigned: {
      const { excessesTo, signature, payload } = parseSignedEnvelope(body);
      return signedEnvelope({ op, queryId, excessesTo: excessesTo!, signature, payload: voucherPayload(payload) });
    }
    case Op.clientProxyRequest:
      return rewriteClientRequest(body);
    case Op.workerProxyRequest:
      return rewriteWorkerRequest(body);
    default:
      return null;
  }
}

/** The root of November 2025 took 256 bits after the endpoint; the public contract, and ours, refuse them (exit code 9). */
function rewriteRegisterProxy(queryId: bigint, slice: Slice): Cell {
  expect(slice.loadBit()).toBe(false);
  const endpoint = slice.loadBuffer(slice.loadUint(7)).toString('latin1');
  expect(endpoint).toBe('91.108.4.11:5222 91.108.4.11:8888');
  const body = bodies.rootRegisterProxy({ queryId, endpoint });
  expect(slice.remainingBits).toBe(256);
  return beginCell().storeSlice(body.beginParse()).storeSlice(slice).endCell();
}

function rewriteClientRequest(body: Cell): Cell {
  const request = parseClientProxyRequest(body)!;
  const { queryId, owner, payload } = request;
  if (payload === null) return bodies.clientProxyRequest({ queryId, owner, snapshot: request, payload });
  if (payload.kind !== 'topUp') throw new Error(`the traces carry top-ups only, not ${payload.kind}`);
  const { amount, excessesTo } = payload;
  const cell = bodies.clientProxyTopUp({ amount, excessesTo: excessesTo! });
  return bodies.clientProxyRequest({ queryId, owner, snapshot: request, payload: cell });
}

function rewriteWorkerRequest(body: Cell): Cell {
  const request = parseWorkerProxyRequest(body)!;
  if (request.payload?.kind !== 'payout') throw new Error('the traces carry payouts only');
  const { workerPart, proxyPart, excessesTo } = request.payload;
  const payload = bodies.workerProxyPayoutRequest({ workerPart, proxyPart, excessesTo: excessesTo! });
  return bodies.workerProxyRequest({ ...request, payload });
}

function rewriteWalletExternal(body: Cell): Cell | null {
  const slice = body.beginParse();
  if (slice.preloadUint(32) === 0x7369676e) return null; // "sign": a W5 wallet's message, not our wallet's
  const signature = slice.loadBuffer(64);
  const [subwallet, validUntil, seqno] = [slice.loadUint(32), slice.loadUint(32), slice.loadUint(32)];
  const messages = [];
  while (slice.remainingRefs > 0) messages.push({ mode: slice.loadUint(8), message: slice.loadRef() });
  return walletExternal({ seqno, validUntil, subwallet, messages, sign: () => signature });
}

describe('messages of the live network', () => {
  test.each(traceNames)('%s: every body is read, and written again bit by bit', (trace) => {
    const messages = messagesOf(trace);
    let rewritten = 0;
    for (const message of messages) {
      const again = rewrite(message);
      if (again === null) continue;
      expect(again.hash().toString('hex')).toBe(message.body.hash().toString('hex'));
      rewritten += 1;
    }
    expect(rewritten).toBe(trace === 'register_proxy' ? messages.length - 1 : messages.length);
  });

  test('the traces between them hold a message of each kind we claim to read', () => {
    const seen = new Set<string | undefined>();
    for (const trace of traceNames) {
      for (const { source, body } of messagesOf(trace)) {
        if (source !== null) seen.add(opName(body.beginParse().loadUint(32)));
      }
    }
    const expected = ['rootRegisterProxy', 'extClientChargeSigned', 'clientProxyRequest', 'extClientTopUp', 'excesses'];
    expected.push('extWorkerPayoutRequestSigned', 'workerProxyRequest', 'payout', 'ownerClientRequestRefund');
    expect([...seen].sort()).toEqual(expected.sort());
  });

  test('a payout carries exactly the worker part of its voucher, 19 parts against 1 for the proxy (B22)', () => {
    const messages = messagesOf('worker_payout');
    const request = messages.map(({ body }) => parseWorkerProxyRequest(body)).find((found) => found !== null);
    if (request?.payload?.kind !== 'payout') throw new Error('no payout request in the trace');
    const payout = messages.find(({ source, body }) => source && body.beginParse().preloadUint(32) === Op.payout);
    expect(payout?.value).toBe(request.payload.workerPart);
    expect(payout?.destination.equals(request.owner)).toBe(true);
    expect(request.payload.workerPart).toBe(request.payload.proxyPart * 19n);
    expect(payout?.bounce).toBe(false);
  });

  test('a voucher names the contract it was delivered to', () => {
    for (const trace of ['proxy_charge', 'worker_payout'] as const) {
      const ops: number[] = [Op.extClientChargeSigned, Op.extWorkerPayoutRequestSigned];
      const delivered = messagesOf(trace).find(
        ({ source, body }) => source && ops.includes(body.beginParse().preloadUint(32)),
      );
      const envelope = parseSignedEnvelope(delivered!.body);
      expect(envelope.payload.contract.equals(delivered!.destination)).toBe(true);
      expect(envelope.excessesTo?.equals(delivered!.source!)).toBe(true);
    }
  });
});
