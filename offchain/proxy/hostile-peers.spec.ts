import type { TlObject, TlType } from '@cocoon/sdk/protocol/tl/codec';
import { plain } from '../transport';
import { DAMAGE, type Damage, DamagingTransport } from '../transport/testing/damaging';
import { body } from './testing/frames';
import { compare, hello, type Peer, PeerWorld, SECRET, workerHello } from './testing/peer-world';
import { address, finalInfo, httpResponse, runQuery, tokens } from './testing/world';

/** What ends the process of a live proxy (reference-faults.md), sent to ours: it ends at most the connection that it came over. */

let net: PeerWorld;
let wire: DamagingTransport;
beforeEach(async () => {
  net = await PeerWorld.open();
  wire = new DamagingTransport('sent');
});
afterEach(() => net.close());

const damages = Object.keys(DAMAGE) as Damage[];
const other = { workerOwnerAddress: address(21).toString() };

/** A peer whose next message can be damaged. */
async function overBadWire<T>(connect: () => Promise<T>): Promise<T> {
  net.security = wire;
  const peer = await connect();
  net.security = plain;
  return peer;
}

/** A request over the proxy from end to end: the process lives, and who behaves is served. */
async function served(client: Pick<Peer, 'connection' | 'next'>, worker: Peer): Promise<void> {
  const query = runQuery();
  client.connection.send(query);
  const { requestId } = await worker.next('proxy.runQueryEx');
  const answer = httpResponse(200, 'fine', 'text/plain');
  worker.connection.send({ _: 'proxy.queryAnswerEx', requestId, answer, finalInfo: finalInfo(1n, 1n) });
  const got = await client.next('client.queryAnswerEx');
  expect(got.requestId).toEqual(query.requestId);
  expect(got.finalInfo?.tokensUsed.totalTokensUsed).toBe(2n);
}

/** A worker with a request of a client; beside them nobody. */
async function atWork() {
  const worker = await overBadWire(() => net.readyWorker());
  const client = await net.readyClient();
  client.connection.send(runQuery());
  const { requestId } = await worker.next('proxy.runQueryEx');
  return { worker, client, requestId };
}

const used = { requestId: Buffer.alloc(32), answer: httpResponse(), tokensUsed: tokens(1n, 1n) };
const failed = { requestId: Buffer.alloc(32), errorCode: 602, error: 'no', tokensUsed: tokens(0n, 0n) };
const FROM_WORKERS: TlObject[] = [
  { _: 'proxy.queryAnswer', isCompleted: false, ...used },
  { _: 'proxy.queryAnswerPart', isCompleted: true, ...used },
  { _: 'proxy.queryAnswerError', ...failed },
  { _: 'proxy.queryAnswerPartError', ...failed },
  { _: 'proxy.queryAnswerEx', ...used, finalInfo: finalInfo(1n, 1n) },
  { _: 'proxy.queryAnswerPartEx', ...used },
  { _: 'proxy.queryAnswerErrorEx', ...failed, finalInfo: finalInfo(0n, 0n) },
  { _: 'worker.enabledDisabled', disabled: 1 },
  { _: 'worker.newCoefficient', newCoefficient: 5 },
];

describe('a worker that sends', () => {
  const cases = FROM_WORKERS.flatMap((message) => damages.map((damage) => [message._, damage, message] as const));
  it.each(cases)('%s %s loses its connection; its request ends with one error', async (name, damage, message) => {
    const { worker, client } = await atWork();
    wire.damageNext(name, damage);
    worker.connection.send(message);
    await worker.closed;
    const told = await client.next('client.queryAnswerEx');
    expect(body(told.answer)).toMatchObject({ status: 502, error: { code: 'worker_lost' } });
    expect(told.finalInfo).toBeDefined();
    await served(client, await net.readyWorker(other));
    expect(client.account.reserved).toBe(0n);
  });

  const wrong: [string, (requestId: Buffer) => TlObject, 'stays' | 'ends'][] = [
    [
      'an answer that is no HTTP response',
      (requestId) => ({ _: 'proxy.queryAnswerEx', requestId, answer: Buffer.from('?') }),
      'ends',
    ],
    [
      'a part of an answer that has not begun',
      (requestId) => ({ _: 'proxy.queryAnswerPartEx', requestId, answer: Buffer.from('?') }),
      'ends',
    ],
    [
      'negative tokens',
      (requestId) => ({ _: 'proxy.queryAnswerEx', requestId, answer: httpResponse(), finalInfo: finalInfo(-5n, 1n) }),
      'ends',
    ],
    [
      'an error without final_info',
      (requestId) => ({ _: 'proxy.queryAnswerErrorEx', requestId, errorCode: 602, error: 'no' }),
      'stays',
    ],
    [
      'an error with a code that nobody knows',
      (requestId) => ({ _: 'proxy.queryAnswerErrorEx', requestId, errorCode: -1, error: '' }),
      'stays',
    ],
  ];
  it.each(wrong)(
    '%s ends its request with one error, and its connection where that was a violation',
    async (_what, message, then) => {
      const { worker, client, requestId } = await atWork();
      worker.connection.send(message(requestId));
      const told = await client.next('client.queryAnswerEx');
      expect(body(told.answer).status).toBe(502);
      expect(told.finalInfo?.tokensUsed.totalTokensUsed).toBe(0n);
      if (then === 'ends') {
        await worker.closed;
        await served(client, await net.readyWorker(other));
      } else await served(client, worker);
      expect(client.account.reserved).toBe(0n);
      expect(client.inbox.filter(({ _ }) => _ === 'client.queryAnswerPartEx')).toEqual([]);
    },
  );

  it.each([
    ['signed', compare(10n, 10n, 10n)],
    ['on disk', compare(0n, 10n, 10n)],
    ['in all', compare(0n, 0n, 2n ** 63n - 1n)],
    ['below zero', compare(-1n, -1n, -1n)],
  ])('larger or impossible counters (%s) stops nobody but itself (B5)', async (_what, claimed) => {
    const client = await net.readyClient();
    const worker = await net.connect(net.ports.workerPort);
    await worker.ask(workerHello());
    await worker.ask(claimed).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
    await served(client, await net.readyWorker(other));
  });
});

const FROM_CLIENTS: TlObject[] = [
  runQuery(),
  { ...(runQuery() as TlType<'client.runQueryEx'>), _: 'client.runQuery' },
  { _: 'client.cancelQuery', requestId: Buffer.alloc(32) },
];

describe('a client that sends', () => {
  const cases = FROM_CLIENTS.flatMap((message) => damages.map((damage) => [message._, damage, message] as const));
  it.each(cases)('%s %s loses its connection, and holds no money and no place', async (name, damage, message) => {
    const worker = await net.readyWorker();
    const client = await overBadWire(() => net.readyClient());
    wire.damageNext(name, damage);
    client.connection.send(message);
    await client.closed;
    expect(client.account.reserved).toBe(0n);
    await served(await net.readyClient(), worker);
  });

  const asked: [string, Parameters<Peer['ask']>[0]][] = [
    ['client.connectToProxy', hello()],
    ['client.authorizeWithProxyShort', { _: 'client.authorizeWithProxyShort', data: SECRET }],
  ];
  it.each(asked.flatMap(([name, query]) => damages.map((damage) => [name, damage, query] as const)))(
    '%s %s loses its connection before it has any rights',
    async (_name, damage, query) => {
      const client = await overBadWire(() => net.connect(net.ports.clientPort));
      wire.damageNext(query._, damage);
      await expect(client.ask(query)).rejects.toThrow('the connection ended');
      await served(await net.readyClient(), await net.readyWorker());
    },
  );

  it.each([
    ['a negative max_tokens', { maxTokens: -(2 ** 31) }],
    ['a negative max_coefficient', { maxCoefficient: -1 }],
    ['a time that never ends', { timeout: Number.POSITIVE_INFINITY }],
    ['a query that is no request', { query: Buffer.from('?') }],
  ])('%s is answered with an error, reserves nothing, and may go on (B7)', async (_what, more) => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    client.connection.send(runQuery(more));
    const told = await client.next('client.queryAnswerEx');
    expect(body(told.answer).status).toBe(400);
    expect(told.finalInfo).toBeDefined();
    expect(client.account.reserved).toBe(0n);
    await served(client, worker);
  });
});
