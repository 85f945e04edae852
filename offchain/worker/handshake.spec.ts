import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk';
import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { Address } from '@ton/core';
import fc from 'fast-check';
import { ROOT } from './testing/fake-chain';
import { Harness, OWNER } from './testing/harness';

let harness: Harness;
afterEach(async () => {
  await harness.close();
});

const stranger = `0:${'77'.repeat(32)}`;
const problems = () =>
  harness.logs.filter(({ msg }) => String(msg).startsWith('leaving the proxy')).map(({ msg }) => String(msg));

describe('handshake of a worker', () => {
  it('introduces itself, checks what it is told and reports the counters it holds', async () => {
    harness = await Harness.start({
      model_name: 'm@abc:def',
      coefficient: 1250,
      proxy_connections: 2,
      max_active_requests: 7,
    });
    await harness.ready();
    expect(harness.proxy.introduction).toMatchObject({
      workerOwnerAddress: OWNER.toString({ bounceable: false }),
      model: 'm@abc:def',
      coefficient: 1250,
      isTest: true,
      proxyCnt: 2,
      maxActiveRequests: 7,
      minProtoVersion: 1,
      maxProtoVersion: 3,
    });
    expect(harness.proxy.compared).toMatchObject({
      tokensCommittedToBlockchain: 0n,
      tokensCommittedToDb: 0n,
      maxTokens: 0n,
    });
  });

  it.each([
    [
      'another proxy contract',
      /proxy contract/,
      (params: object) => ({ params: { ...params, proxyScAddress: stranger } }),
    ],
    [
      'something that is no address',
      /proxy contract/,
      (params: object) => ({ params: { ...params, proxyScAddress: '' } }),
    ],
    [
      'another owner than the contract has',
      /proxy contract/,
      (params: object) => ({ params: { ...params, proxyOwnerAddress: stranger } }),
    ],
    [
      'an owner that is no address',
      /proxy_owner_address/,
      (params: object) => ({ params: { ...params, proxyOwnerAddress: 'x' } }),
    ],
    [
      'another key',
      /proxy contract/,
      (params: object) => ({ params: { ...params, proxyPublicKey: Buffer.alloc(32, 1) } }),
    ],
    ['another worker contract', /worker contract/, (_: object) => ({ workerScAddress: stranger })],
    ['another kind of network', /is_test=false/, (params: object) => ({ params: { ...params, isTest: false } })],
    [
      'a protocol version it never offered',
      /protocol version 9/,
      (params: object) => ({ params: { ...params, protoVersion: 9 } }),
    ],
    ['protocol version 0', /protocol version 0/, (params: object) => ({ params: { ...params, protoVersion: 0 } })],
  ])('does not serve a proxy that names %s', async (_name, text, change) => {
    harness = await Harness.start(
      {},
      {
        tamper: (answer) =>
          answer._ === 'worker.connectedToProxy' ? ({ ...answer, ...change(answer.params) } as TlObject) : answer,
      },
    );
    await harness.until(() => problems().length > 0);
    expect(problems()[0]).toMatch(text);
    expect(harness.proxy.disabled).toBeUndefined();
    const { status, body } = await harness.http('/readyz');
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toMatch(text);
  });

  it('remembers vouchers over a restart, and does not serve a proxy that has forgotten them (B19)', async () => {
    harness = await Harness.start();
    harness.proxy.counters = { signed: 0n, db: 0n, max: 0n };
    await harness.ready();
    const { proxy } = harness;
    const signedPayment = proxy.voucher(proxy.workerAddress(OWNER), 500n);
    proxy.send({
      _: 'proxy.workerRequestPayment',
      requestId: Buffer.alloc(32),
      signedPayment,
      dbTokens: 600n,
      maxTokens: 700n,
      requestTokens: 1n,
      requestClientOwner: '',
    });
    await harness.until(() => storedVouchers().some((text) => text.includes('"500"')));
    await harness.worker?.close();
    proxy.counters = { signed: 400n, db: 600n, max: 700n };
    await harness.startWorker();
    await harness.until(() => problems().length > 0);
    expect(proxy.compared).toMatchObject({ tokensCommittedToBlockchain: 500n, tokensCommittedToDb: 600n });
    expect(problems()[0]).toContain('signed counter fell from 500 to 400');
    proxy.counters = { signed: 500n, db: 600n, max: 700n };
    await harness.ready(2);
  });

  it('goes on from the numbers of a proxy that lost unsigned usage in a crash (B5)', async () => {
    harness = await Harness.start();
    const { proxy } = harness;
    proxy.counters = { signed: 5n, db: 900n, max: 1000n };
    await harness.ready();
    proxy.counters = { signed: 5n, db: 800n, max: 850n };
    proxy.errorCode = 1;
    proxy.connection?.close();
    await harness.ready(2);
    expect(proxy.compared).toMatchObject({
      tokensCommittedToBlockchain: 5n,
      tokensCommittedToDb: 900n,
      maxTokens: 1000n,
    });
    expect(proxy.extendedCompared).toBe(1);
    expect(harness.logs.find(({ lost }) => lost !== undefined)).toMatchObject({ lost: '150', level: 50 });
    proxy.errorCode = 0;
    proxy.connection?.close();
    await harness.ready(3);
    expect(proxy.compared).toMatchObject({ tokensCommittedToDb: 800n, maxTokens: 850n });
  });

  it('never believes less than what was signed, whatever the proxy says it lost', async () => {
    harness = await Harness.start();
    const { proxy } = harness;
    proxy.counters = { signed: 5n, db: 9n, max: 9n };
    await harness.ready();
    proxy.counters = { signed: 4n, db: 4n, max: 4n };
    proxy.errorCode = 1;
    proxy.connection?.close();
    await harness.until(() => problems().length > 0);
    expect(problems()[0]).toContain('signed counter fell from 5 to 4');
  });

  it('does not take a voucher that another key has signed', async () => {
    const wrong = privateKeyFromSeed(Buffer.alloc(32, 8));
    harness = await Harness.start(
      {},
      {
        tamper: (answer) => {
          if (answer._ !== 'worker.compareBalanceWithProxyResult') return answer;
          return { ...answer, signedPayment: harness.proxy.voucher(harness.proxy.workerAddress(OWNER), 5n, wrong) };
        },
      },
    );
    await harness.until(() => problems().length > 0);
    expect(problems()[0]).toMatch(/voucher that cannot be cashed in.*signature/);
    expect(rawPublicKey(wrong).equals(rawPublicKey(harness.proxy.key))).toBe(false);
  });

  it('takes part in the new contract of a proxy that has moved to new terms', async () => {
    harness = await Harness.start();
    await harness.ready();
    const before = harness.proxy.address;
    const params = { ...harness.proxy.params, paramsVersion: 2 };
    harness.chain.setRoot({ version: 2, params, proxies: [`127.0.0.1:${harness.proxy.listener?.port}`] });
    harness.proxy.options.params = params;
    harness.deployWorker();
    harness.proxy.connection?.close();
    await harness.ready(2);
    expect(harness.proxy.address.equals(before)).toBe(false);
  });

  it('leaves a proxy that is no longer registered', async () => {
    harness = await Harness.start();
    await harness.ready();
    const closed = new Promise((resolve) => harness.proxy.once('closed', resolve));
    harness.chain.setRoot({ version: 2, proxies: [] });
    await closed;
    await harness.until(() => harness.proxy.listener?.connections.size === 0);
    expect((await harness.http('/readyz')).body).toMatchObject({
      reasons: [expect.stringContaining('no proxy is registered')],
    });
  });

  it('survives any answer in place of the right one (fuzz)', async () => {
    const counter = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    const address = fc.oneof(fc.string(), fc.constant(stranger), fc.constant(ROOT.toString()));
    const signedPayment = fc.oneof(
      bytes.map((data) => ({ _: 'proxy.signedPayment' as const, data })),
      fc.constant({ _: 'proxy.signedPaymentEmpty' as const }),
    );
    const params = fc.record({
      _: fc.constant('proxy.params' as const),
      proxyPublicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array)),
      proxyOwnerAddress: address,
      proxyScAddress: address,
      isTest: fc.boolean(),
      protoVersion: fc.integer({ min: -5, max: 5 }),
    });
    const answers: fc.Arbitrary<TlObject | undefined> = fc.oneof(
      fc.constant(undefined),
      fc.record({ _: fc.constant('worker.connectedToProxy' as const), params, workerScAddress: address }),
      fc.record({
        _: fc.constant('worker.compareBalanceWithProxyResult' as const),
        signedPayment,
        tokensCommittedToDb: counter,
        maxTokens: counter,
        errorCode: fc.integer({ min: -2, max: 3 }),
      }),
      fc.record({
        _: fc.constant('worker.extendedCompareBalanceWithProxyResult' as const),
        errorCode: fc.integer({ min: -1, max: 1 }),
      }),
      fc.constant({ _: 'worker.proxyHandshakeCompleted' as const }),
      fc.constant({ _: 'client.refund' as const, data: Buffer.alloc(3) }),
    );
    const samples = fc.sample(fc.array(answers, { minLength: 1, maxLength: 3 }), { numRuns: 12, seed: 5 });
    const script: (TlObject | undefined)[] = samples.flat();
    let wrongSoFar = 0;
    harness = await Harness.start(
      {},
      {
        tamper: (answer) => {
          // Each connection gets a few right answers first, so that every step meets wrong ones.
          const step = [
            'worker.connectedToProxy',
            'worker.compareBalanceWithProxyResult',
            'worker.proxyHandshakeCompleted',
          ].indexOf(answer._);
          if (step < wrongSoFar % 3 || script.length === 0) return answer;
          wrongSoFar++;
          return script.shift();
        },
      },
    );
    // The back-off of the dialer is real time here: wrong answers are enough when each step has met some.
    await harness.until(() => wrongSoFar >= 4 || script.length === 0);
    script.length = 0;
    await harness.ready();
    expect((await harness.http('/readyz')).status).toBe(200);
    expect(Address.isAddress(harness.proxy.address)).toBe(true);
  });
});

function storedVouchers(): string[] {
  const directory = join(harness.stateDir, 'vouchers');
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.map((name) => readFileSync(join(directory, name), 'utf8'));
}
