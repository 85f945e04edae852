import type { TlObject } from '@cocoon/sdk/protocol/tl/codec';
import fc from 'fast-check';
import type { PeerConnection } from '../transport';
import { compare, hello, PeerWorld, workerHello } from './testing/peer-world';
import { address, finalInfo, httpResponse, runQuery } from './testing/world';

let net: PeerWorld;
beforeEach(async () => {
  net = await PeerWorld.open();
});
afterEach(() => net.close());

describe('sessions', () => {
  it('carry a request from a client to a worker and back, with payments for both', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    const query = runQuery();
    client.connection.send(query);
    const { requestId } = await worker.next('proxy.runQueryEx');
    worker.connection.send({ _: 'proxy.queryAnswerEx', requestId, answer: httpResponse() });
    worker.connection.send({
      _: 'proxy.queryAnswerPartEx',
      requestId,
      answer: Buffer.from('hi'),
      finalInfo: finalInfo(2n, 8n),
    });
    await client.next('client.queryAnswerEx');
    expect((await client.next('client.queryAnswerPartEx')).finalInfo?.tokensUsed.totalTokensUsed).toBe(10n);
    expect((await client.next('proxy.clientRequestPayment')).maxTokens).toBe(10n);
    expect((await worker.next('proxy.workerRequestPayment')).maxTokens).toBe(10n);
    await net.world.ledger.flushed();
    expect(await client.ask({ _: 'client.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n, dbTokens: 10n });
    expect(await worker.ask({ _: 'worker.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n });
  });

  it('list workers in both forms; disabled ones only in the first', async () => {
    const client = await net.readyClient();
    await net.readyWorker();
    const second = await net.readyWorker({ coefficient: 3000, workerOwnerAddress: address(21).toString() });
    second.connection.send({ _: 'worker.enabledDisabled', disabled: 1 });
    await second.ask({ _: 'worker.updatePaymentStatus' });
    expect((await client.ask({ _: 'client.getWorkerTypes' })).types).toMatchObject([
      { name: 'demo', activeWorkers: 2, coefficientMin: 1000, coefficientMax: 3000 },
    ]);
    expect((await client.ask({ _: 'client.getWorkerTypesV2' })).types).toMatchObject([
      { name: 'demo', workers: [{ coefficient: 1000, activeRequests: 0, maxActiveRequests: 3 }] },
    ]);
  });

  it('a worker that goes away fails what it was doing at once', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    client.connection.send(runQuery());
    await worker.next('proxy.runQueryEx');
    worker.connection.close();
    expect((await client.next('client.queryAnswerEx')).finalInfo).toBeDefined();
    expect(net.world.scheduler.seats()).toEqual([]);
  });

  it('a client of protocol 2 may not cancel', async () => {
    const client = await net.readyClient(2);
    client.connection.send({ _: 'client.cancelQuery', requestId: Buffer.alloc(32) });
    await client.closed;
  });

  it.each([
    ['a price out of range', { _: 'worker.newCoefficient', newCoefficient: -5 } as const],
    ['a switch that is no switch', { _: 'worker.enabledDisabled', disabled: 7 } as const],
    ['a message of the other role', { _: 'client.cancelQuery', requestId: Buffer.alloc(32) } as const],
    [
      'a negative count',
      {
        _: 'proxy.queryAnswerEx',
        requestId: Buffer.alloc(32),
        answer: Buffer.alloc(0),
        finalInfo: finalInfo(-1n, 0n),
      } as const,
    ],
  ])('%s ends only that worker connection', async (_what, message) => {
    const bad = await net.readyWorker();
    const good = await net.readyWorker({ workerOwnerAddress: address(21).toString() });
    bad.connection.send(message);
    await bad.closed;
    expect(await good.ask({ _: 'worker.updatePaymentStatus' })).toMatchObject({ _: 'worker.paymentStatus' });
    expect(net.world.scheduler.seats()).toHaveLength(1);
  });
});

const anyQuery = fc.constantFrom<Parameters<PeerConnection['query']>[0]>(
  hello(),
  hello({ isTest: false }),
  workerHello(),
  workerHello({ coefficient: -1 }),
  compare(),
  compare(9n, 9n, 9n),
  { _: 'client.authorizeWithProxyShort', data: Buffer.from('x') },
  { _: 'client.updatePaymentStatus' },
  { _: 'client.getWorkerTypes' },
  { _: 'client.requestRefund' },
  { _: 'worker.updatePaymentStatus' },
  { _: 'worker.proxyHandshakeComplete', isDisabled: false },
  { _: 'worker.extendedCompareBalanceWithProxy', tokensCommittedToDb: -1n, other: Buffer.from('?') },
);
const anyMessage = fc.constantFrom<TlObject>(
  runQuery(),
  runQuery({ maxTokens: -1 }),
  { _: 'client.cancelQuery', requestId: Buffer.alloc(32) },
  { _: 'proxy.queryAnswerEx', requestId: Buffer.alloc(32), answer: Buffer.from('?'), finalInfo: finalInfo(-1n, 2n) },
  { _: 'worker.newCoefficient', newCoefficient: 1 },
  { _: 'http.header', name: 'a', value: 'b' },
);

describe('sessions > in any order of any messages', () => {
  it('only the sender loses its connection; well-behaved peers are still served', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('clientPort' as const, 'workerPort' as const),
        fc.array(fc.oneof(fc.record({ query: anyQuery }), fc.record({ message: anyMessage })), { maxLength: 8 }),
        async (port, steps) => {
          const peer = await net.connect(net.ports[port]);
          for (const step of steps) {
            try {
              if ('query' in step) await peer.connection.query(step.query, { timeoutMs: 2000 });
              else peer.connection.send(step.message);
            } catch (error) {
              expect(error).toBeInstanceOf(Error);
            }
          }
          peer.connection.close();
          expect((await client.ask({ _: 'client.updatePaymentStatus' }))._).toBe('client.paymentStatus');
          expect((await worker.ask({ _: 'worker.updatePaymentStatus' }))._).toBe('worker.paymentStatus');
        },
      ),
      { numRuns: 60 },
    );
    expect(client.account.reserved).toBe(0n);
  });
});
