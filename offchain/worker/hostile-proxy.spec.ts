import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { DAMAGE, type Damage, DamagingTransport } from '../transport/testing/damaging';
import { question } from './testing/connected';
import { Harness } from './testing/harness';

/** What ends the process of a live worker (reference-faults.md), sent to ours: it ends at most the connection that it came over. */

let harness: Harness;
let wire: DamagingTransport;
beforeEach(() => {
  wire = new DamagingTransport('received');
});
afterEach(() => harness.close());

const damages = Object.keys(DAMAGE) as Damage[];
const signedPayment = { _: 'proxy.signedPaymentEmpty' as const };
const run = {
  query: Buffer.from('query'),
  signedPayment,
  coefficient: 1000n,
  timeout: 5,
  requestId: Buffer.alloc(32, 1),
};

/** Back at the proxy, and at work: the process lives. */
async function serves(handshakes: number): Promise<void> {
  await harness.ready(handshakes);
  expect((await harness.proxy.run({ body: question }).answer).response?.statusCode).toBe(200);
}

describe('a proxy that sends', () => {
  const oneWay: TlObject[] = [
    { _: 'proxy.runQuery', ...run },
    { _: 'proxy.runQueryEx', ...run, enableDebug: true },
    { _: 'proxy.cancelQuery', requestId: run.requestId },
    {
      _: 'proxy.workerRequestPayment',
      requestId: run.requestId,
      signedPayment,
      dbTokens: 0n,
      maxTokens: 0n,
      requestTokens: 0n,
      requestClientOwner: 'somebody',
    },
  ];
  it.each(oneWay.flatMap((message) => damages.map((damage) => [message._, damage, message] as const)))(
    '%s %s loses its connection and what runs there, and gets the worker back when it behaves',
    async (name, damage, message) => {
      harness = await Harness.start({}, { security: wire });
      await harness.ready();
      const { proxy, engine } = harness;
      engine.script = () => undefined;
      proxy.run({ body: question });
      await harness.until(() => engine.requests.length === 1);
      wire.damageNext(name, damage);
      proxy.send(message);
      await engine.requests[0]?.aborted;
      engine.script = (res) => void res.end('{}');
      await serves(2);
    },
  );

  const answers: TlObject['_'][] = [
    'worker.connectedToProxy',
    'worker.compareBalanceWithProxyResult',
    'worker.proxyHandshakeCompleted',
  ];
  const broken = answers.flatMap((name) => damages.map((damage) => [name, damage] as const));
  // Of the last one there is nothing behind its name as it is.
  it.each(broken.slice(0, -1))('%s %s ends that handshake only', async (name, damage) => {
    wire.damageNext(name, damage);
    harness = await Harness.start({}, { security: wire });
    await serves(1);
    expect(harness.proxy.closeReasons.length).toBeGreaterThan(0);
  });

  it('a comparison that agrees, with counters below those that the worker knows, is not served, and the process lives', async () => {
    harness = await Harness.start();
    const { proxy } = harness;
    proxy.counters = { signed: 5n, db: 900n, max: 1000n };
    await harness.ready();
    proxy.counters = { signed: 5n, db: 900n, max: 999n };
    proxy.connection?.close();
    await harness.until(() => harness.logs.some(({ msg }) => String(msg).startsWith('leaving the proxy')));
    proxy.counters = { signed: 5n, db: 900n, max: 1000n };
    await serves(2);
  });

  it.each(['worker.connectedToProxy', 'worker.compareBalanceWithProxyResult', 'worker.proxyHandshakeCompleted'])(
    'nothing more, because it is gone where %s should come, is looked for again',
    async (name) => {
      let gone = false;
      harness = new Harness({
        tamper: (answer) => {
          if (gone || answer._ !== name) return answer;
          gone = true;
          harness.proxy.connection?.close();
          return undefined;
        },
      });
      const endpoint = await harness.proxy.start();
      await harness.engine.start();
      harness.chain.setRoot({ version: 1, proxies: [endpoint] });
      harness.deployWorker();
      await harness.startWorker();
      await serves(1);
      expect(gone).toBe(true);
    },
  );
});

it('a worker contract that cannot be deployed is tried again, and the process lives', async () => {
  // This chain takes no message.
  harness = new Harness();
  const endpoint = await harness.proxy.start();
  await harness.engine.start();
  harness.chain.setRoot({ version: 1, proxies: [endpoint] });
  await harness.startWorker();
  await harness.until(() => harness.logs.some(({ msg }) => String(msg).startsWith('leaving the proxy')));
  expect((await harness.http('/healthz')).status).toBe(200);
  harness.deployWorker();
  await serves(1);
});

describe('an engine that answers', () => {
  it.each(['5', 'null', '"text"', 'true', '[1]', ''])(
    'the bare JSON %j costs nothing and reaches the client as it is; the process lives',
    async (body) => {
      harness = await Harness.start();
      await harness.ready();
      harness.engine.script = (res) => void res.setHeader('content-type', 'application/json').end(body);
      for (const stream of [false, true]) {
        const answer = await harness.proxy.run({ body: { ...question, stream } }).answer;
        expect(answer.body.toString()).toBe(body);
        expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
      }
    },
  );
});
