import { decode, decodeAs, encode, type TlObject, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { body, failure, head, nothingLeft, part, started } from './testing/frames';
import { finalInfo, httpResponse, runQuery, type TestClient, type TestWorker, World } from './testing/world';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

type Ended = { client: TestClient; worker: TestWorker; id: Buffer };

/** Everything that can end a request that a worker has, other than its answer. */
const ENDS: [string, number, (running: Ended) => void][] = [
  ['the worker reports an error', 502, ({ worker, id }) => void world.relay.workerMessage(worker, failure(id, 602))],
  [
    'the worker reports its time limit',
    504,
    ({ worker, id }) => void world.relay.workerMessage(worker, failure(id, 652, finalInfo(1n, 8n))),
  ],
  [
    'the worker reports an error in the oldest form',
    502,
    ({ worker, id }) =>
      void world.relay.workerMessage(worker, {
        _: 'proxy.queryAnswerError',
        errorCode: 602,
        error: 'no',
        requestId: id,
        tokensUsed: finalInfo(0n, 0n).tokensUsed,
      }),
  ],
  ['the worker disconnects', 502, ({ worker }) => world.relay.workerGone(worker)],
  ['the proxy shuts down', 503, () => world.relay.stop()],
];

/** What a client of the live network gets, as bytes and back: it must be something that its TL parser takes. */
async function last<T extends TlObject['_']>(client: TestClient, name: T): Promise<TlType<T>> {
  const message = await client.next(name as TlObject['_']);
  expect(decode(encode(message))).toEqual(message);
  return message as TlType<T>;
}

const answersLeft = ({ inbox }: TestClient) => inbox.filter(({ _ }) => _.startsWith('client.'));

describe.each([1, 2])('a client of the live network, protocol version %i', (proto) => {
  const times = { proxyStartTime: expect.any(Number), proxyEndTime: expect.any(Number) };

  function isError(answer: TlType<'client.queryAnswerEx'>, status: number): void {
    const response = decodeAs('http.response', answer.answer);
    expect(response).toMatchObject({ httpVersion: 'HTTP/1.1', statusCode: status });
    expect(body(answer.answer).error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    // A client that finds no final_info waits on, or ends with its process.
    expect(answer.finalInfo).toBeDefined();
    if (proto === 2) expect(answer.finalInfo).toMatchObject(times);
    else expect(answer.finalInfo?.proxyStartTime).toBeUndefined();
  }

  it.each([
    ['an unknown model', { modelName: 'ghost' }, 404],
    ['a price too high for it', { maxCoefficient: 10 }, 402],
    ['a balance too low', { maxTokens: 2_000_000_000 }, 402],
    ['a query that is no request', { query: Buffer.from('nonsense') }, 400],
  ])('gets %s as one whole HTTP answer, and no message more (B1, B2)', async (_what, more, status) => {
    world.worker();
    const client = world.client(proto);
    world.relay.run(client, runQuery(more));
    isError(await last(client, 'client.queryAnswerEx'), status);
    expect(client.inbox).toEqual([]);
    nothingLeft(world, client);
  });

  it('gets "no worker" and "all are busy" in the same form (B1, B2)', async () => {
    await world.close();
    world = new World({ queueTimeoutMs: 20 });
    const client = world.client(proto);
    const worker = world.worker({ enabled: false });
    world.relay.run(client, runQuery());
    isError(await last(client, 'client.queryAnswerEx'), 503);
    worker.enabled = true;
    for (let place = 0; place < worker.limit; place++) await started(world, worker, world.client(3, world.account(11)));
    world.relay.run(client, runQuery());
    isError(await last(client, 'client.queryAnswerEx'), 503);
    expect(client.inbox).toEqual([]);
  });

  it.each(ENDS)(
    'when %s before the answer, gets one HTTP answer with status %i (B1, B2)',
    async (_what, status, end) => {
      const worker = world.worker({ proto: 2 });
      const { client, id } = await started(world, worker, world.client(proto));
      end({ client, worker, id });
      isError(await last(client, 'client.queryAnswerEx'), status);
      expect(answersLeft(client)).toEqual([]);
      nothingLeft(world, client);
    },
  );

  it.each(ENDS)('when %s within the answer, its last part ends the stream (B1, B2)', async (_what, _status, end) => {
    const worker = world.worker({ proto: 2 });
    const { client, id } = await started(world, worker, world.client(proto));
    world.relay.workerMessage(worker, head(id));
    world.relay.workerMessage(worker, part(id, 'data: 1\n\n'));
    await client.next('client.queryAnswerEx');
    await client.next('client.queryAnswerPartEx');
    end({ client, worker, id });
    const ending = await last(client, 'client.queryAnswerPartEx');
    expect(ending.finalInfo).toBeDefined();
    expect(ending.answer.toString()).toMatch(/^data: \{"error":.*\}\n\n$/);
    expect(answersLeft(client)).toEqual([]);
    nothingLeft(world, client);
  });

  it.each([false, true])('when its time is up (answer begun: %s), hears it once, at once (B1)', async (begun) => {
    const worker = world.worker({ proto: 2 });
    const { client, id } = await started(world, worker, world.client(proto), { timeout: 0.03 });
    if (begun) {
      world.relay.workerMessage(worker, head(id));
      await client.next('client.queryAnswerEx');
      expect((await last(client, 'client.queryAnswerPartEx')).finalInfo).toBeDefined();
    } else isError(await last(client, 'client.queryAnswerEx'), 504);
    // The worker cannot be stopped, and what it still sends is not for the client any more.
    if (!begun) world.relay.workerMessage(worker, head(id));
    world.relay.workerMessage(worker, part(id, 'late', finalInfo(1n, 8n)));
    await client.next('proxy.clientRequestPayment');
    expect(client.inbox).toEqual([]);
    nothingLeft(world, client);
  });
});

describe('a client of the oldest protocol', () => {
  it('gets an error before the answer in the messages that it knows (B1)', async () => {
    world.worker();
    const client = world.client(0);
    world.relay.run(client, runQuery({ modelName: 'ghost' }));
    const answer = await last(client, 'client.queryAnswer');
    expect(answer.isCompleted).toBe(true);
    expect(body(answer.answer)).toMatchObject({ status: 404, error: { code: 'model_not_found' } });
    expect(client.inbox).toEqual([]);
  });

  it('gets an error within the answer in the messages that it knows (B1)', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker, world.client(0));
    world.relay.workerMessage(worker, head(id));
    await client.next('client.queryAnswer');
    world.relay.workerMessage(worker, failure(id, 602));
    expect(await last(client, 'client.queryAnswerPart')).toMatchObject({ isCompleted: true });
    expect(client.inbox).toEqual([]);
    nothingLeft(world, client);
  });
});

describe('what a worker says is vouched for before a client reads it', () => {
  const badHead = (change: Partial<TlType<'http.response'>>) =>
    encode({ ...decodeAs('http.response', httpResponse()), ...change });

  it.each([
    ['an HTTP version that is none', { httpVersion: 'HTTP/9.9' }],
    ['a status that is none', { statusCode: 42 }],
    ['a status before the final one', { statusCode: 100 }],
    ['a reason that begins another line', { reason: 'OK\r\nSet-Cookie: a' }],
  ])('%s fails the request and ends the worker, and no live client sees it (B2)', async (_what, change) => {
    const worker = world.worker();
    const { client, id } = await started(world, worker, world.client(2));
    world.relay.workerMessage(worker, {
      _: 'proxy.queryAnswerEx',
      requestId: id,
      answer: badHead(change),
      finalInfo: finalInfo(1n, 8n),
    });
    expect(body((await last(client, 'client.queryAnswerEx')).answer)).toMatchObject({
      status: 502,
      error: { code: 'worker_failed' },
    });
    expect(worker.dropped).toBeDefined();
    nothingLeft(world, client);
  });

  it('headers that would begin another line are left out, the others stay', async () => {
    const worker = world.worker();
    const { client, id } = await started(world, worker, world.client(2));
    const headers = [
      { _: 'http.header' as const, name: 'X-One', value: 'a\r\nX-Two: b' },
      { _: 'http.header' as const, name: 'X Three', value: 'c' },
      { _: 'http.header' as const, name: 'X-Four', value: 'd' },
    ];
    world.relay.workerMessage(worker, {
      _: 'proxy.queryAnswerEx',
      requestId: id,
      answer: badHead({ headers }),
      finalInfo: finalInfo(1n, 8n),
    });
    const { answer } = await last(client, 'client.queryAnswerEx');
    expect(decodeAs('http.response', answer).headers.map(({ name }) => name)).toEqual([
      'X-Four',
      'X-Cocoon-Proxy-Start',
      'X-Cocoon-Proxy-End',
    ]);
  });

  it.each([
    ['an object', '{"type":"worker_stats","start_time":1}', '{"type":"worker_stats","start_time":1}'],
    ['an object with a number beyond all numbers', '{"a":1e999}', '{"a":null}'],
    ['an object with half a character', '{"a":"\\ud800"}', '{}'],
    ['a list', '[1]', '{}'],
    ['a number', '5', '{}'],
    ['nothing', '', '{}'],
    ['half an object', '{"a":', '{}'],
    ['nested without end', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, '{}'],
  ])(
    'debug information that is %s goes on as an object that every parser takes (B2)',
    async (_what, workerDebug, passedOn) => {
      const worker = world.worker();
      const { client, id } = await started(world, worker, world.client(2), { enableDebug: true });
      world.relay.workerMessage(worker, head(id, { ...finalInfo(1n, 8n), workerDebug }));
      const { finalInfo: told } = await last(client, 'client.queryAnswerEx');
      expect(told?.workerDebug).toBe(passedOn);
      expect(JSON.parse(told?.proxyDebug ?? '')).toMatchObject({ type: 'proxy_stats' });
    },
  );
});
