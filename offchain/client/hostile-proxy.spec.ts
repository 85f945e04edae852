import { setImmediate } from 'node:timers/promises';
import { decodeAs, encode, type TlObject } from '@cocoon/sdk/protocol/tl';
import { DAMAGE, type Damage, DamagingTransport } from '../transport/testing/damaging';
import type { ProxySession } from './session';
import { finalInfo, httpResponse, usage } from './testing/fake-proxy';
import { recorder, request } from './testing/recorder';
import { type World, world } from './testing/session-world';

/** What ends the process of a live client (reference-faults.md), sent to ours: it ends at most the connection that it came over. */

let w: World;
let wire: DamagingTransport;
beforeEach(async () => {
  wire = new DamagingTransport('received');
  w = await world(undefined, wire);
});
afterEach(() => w.close());

const damages = Object.keys(DAMAGE) as Damage[];
const each = <T>(rows: [TlObject['_'], T][]) =>
  rows.flatMap(([name, value]) => damages.map((damage) => [name, damage, value] as const));

/** An answer over this session: it stands, and the process lives. */
async function answers(session: ProxySession): Promise<void> {
  const sink = recorder();
  w.proxy.onRun = ({ requestId }, connection) => {
    const answer = httpResponse('fine', 'text/plain');
    connection.send({ _: 'client.queryAnswerEx', requestId, answer, finalInfo: finalInfo(1n) });
  };
  session.run(request(), sink);
  await sink.over;
  expect(sink.log).toEqual(['head 200 fine final 1']);
}

const { requestId } = request();
const begun = { requestId, answer: httpResponse('', 'text/event-stream') };
const used = { requestTokensUsed: usage(1n) };
const failed = { requestId, errorCode: 602, error: 'no' };
const payment = { dbTokens: 0n, maxTokens: 0n, requestTokens: 0n };

describe('a proxy that sends', () => {
  const oneWay: [TlObject['_'], object][] = [
    ['client.queryAnswer', { ...begun, ...used, isCompleted: false }],
    ['client.queryAnswerPart', { ...begun, ...used, isCompleted: true }],
    ['client.queryAnswerError', { ...failed, ...used }],
    ['client.queryAnswerPartError', { ...failed, ...used }],
    ['client.queryAnswerEx', { ...begun, finalInfo: finalInfo(1n) }],
    ['client.queryAnswerPartEx', begun],
    ['client.queryAnswerErrorEx', { ...failed, finalInfo: finalInfo(0n) }],
    ['proxy.clientRequestPayment', { requestId, signedPayment: { _: 'proxy.signedPaymentEmpty' }, ...payment }],
    ['proxy.signedPayment', { data: Buffer.from('voucher') }],
  ];
  test.each(each(oneWay))('%s %s loses its connection; what runs there ends once', async (name, damage, fields) => {
    const session = await w.connect();
    const sink = recorder();
    const arrived = w.proxy.next('client.runQueryEx');
    session.run(request(), sink);
    await arrived;
    wire.damageNext(name, damage);
    w.proxy.connections[0]?.send({ _: name, ...fields } as TlObject);
    await sink.over;
    expect(sink.log).toEqual(['failed connection_lost']);
    expect(session.ready).toBe(false);
    await answers(await w.connect());
  });

  test.each(damages)('a list of models %s fails that question only', async (damage) => {
    const session = await w.connect();
    wire.damageNext('client.workerTypesV2', damage);
    await expect(session.models()).rejects.toMatchObject({ status: 502 });
    await answers(await w.connect());
  });

  const shaking = ['client.connectedToProxy', 'client.authorizationWithProxySuccess'] as const;
  test.each(shaking.flatMap((name) => damages.map((damage) => [name, damage] as const)))(
    '%s %s ends the handshake only',
    async (name, damage) => {
      wire.damageNext(name, damage);
      await expect(w.connect()).rejects.toThrow();
      await answers(await w.connect());
    },
  );

  test.each([
    ['an HTTP version that is none', { httpVersion: 'HTTP/9' }],
    ['a status that is none', { statusCode: 0 }],
    ['a status before the final one', { statusCode: 101 }],
  ])('%s fails that request and keeps the connection', async (_what, change) => {
    const session = await w.connect();
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) => {
      const answer = encode({ ...decodeAs('http.response', httpResponse('', 'a/b')), ...change });
      connection.send({ _: 'client.queryAnswerEx', requestId, answer, finalInfo: finalInfo(1n) });
    };
    session.run(request(), sink);
    await sink.over;
    expect(sink.log).toEqual(['failed bad_upstream_answer']);
    await answers(session);
  });

  test.each(['client.queryAnswerErrorEx', 'client.queryAnswerError', 'client.queryAnswerPartError'] as const)(
    '%s, before an answer or within it, ends that request with what is known, and nothing else (B2)',
    async (name) => {
      const session = await w.connect();
      for (const within of [false, true]) {
        const sink = recorder();
        w.proxy.onRun = ({ requestId }, connection) => {
          if (within) connection.send({ _: 'client.queryAnswerEx', ...begun, requestId });
          const error = { requestId, errorCode: 0, error: '' };
          connection.send({ _: name, ...error, ...(name === 'client.queryAnswerErrorEx' ? {} : used) } as TlObject);
        };
        session.run(request(), sink);
        await sink.over;
        expect(sink.log.at(-1)).toBe('failed upstream_error');
        expect(session.activeRequests).toBe(0);
      }
      await answers(session);
    },
  );

  test.each([
    ['proxy.signedPayment', { data: Buffer.from('x') }],
    ['proxy.signedPaymentEmpty', {}],
    [
      'proxy.clientRequestPayment',
      { requestId, signedPayment: { _: 'proxy.signedPaymentEmpty' as const }, ...payment },
    ],
    ['client.queryAnswerEx', begun],
  ] as const)('%s before the handshake ends the connection, not the process', async (name, fields) => {
    w.proxy.answer = (query) => {
      if (query._ !== 'client.connectToProxy') return undefined;
      w.proxy.connections.at(-1)?.send({ _: name, ...fields } as TlObject);
      return new Promise<TlObject>(() => undefined);
    };
    await expect(w.connect()).rejects.toThrow(`unexpected message ${name}`);
    w.proxy.answer = () => undefined;
    await answers(await w.connect());
  });

  test('an answer for a request that nobody made changes nothing', async () => {
    const session = await w.connect();
    for (const [name, fields] of oneWay.slice(0, 7)) {
      w.proxy.connections[0]?.send({ _: name, ...fields, requestId: Buffer.alloc(32, 9) } as TlObject);
    }
    await setImmediate();
    await answers(session);
  });
});
