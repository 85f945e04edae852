import type { TlObject } from '@cocoon/sdk/protocol/tl';
import type { ProxySession } from './session';
import { finalInfo, httpResponse, usage } from './testing/fake-proxy';
import { recorder, request } from './testing/recorder';
import { type World, world } from './testing/session-world';

describe('requests over a session', () => {
  let w: World;
  let session: ProxySession;
  beforeEach(async () => {
    w = await world();
    session = await w.connect();
  });
  afterEach(() => w.close());

  test('a streamed answer: beginning, parts, end with the tokens', async () => {
    const sink = recorder();
    w.proxy.onRun = (query, connection) => {
      const { requestId } = query;
      connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('one') });
      connection.send({
        _: 'client.queryAnswerPartEx',
        requestId,
        answer: Buffer.from('two'),
        finalInfo: finalInfo(9n),
      });
      connection.send({ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('late') });
    };
    const arrived = w.proxy.next('client.runQueryEx');
    session.run(request(), sink);
    const sent = await arrived;
    await sink.over;
    expect(sink.log).toEqual(['head 200 ', 'part one', 'part two final 9']);
    expect(sent).toMatchObject({
      modelName: 'm',
      maxCoefficient: 4000,
      maxTokens: 100,
      timeout: 19,
      minConfigVersion: 1,
      enableDebug: false,
    });
    expect(session.activeRequests).toBe(0);
  });

  test('the old messages are understood too', async () => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) => {
      const answer = httpResponse('{', 'application/json');
      connection.send({ _: 'client.queryAnswer', requestId, answer, isCompleted: false, requestTokensUsed: usage(0n) });
      connection.send({
        _: 'client.queryAnswerPart',
        requestId,
        answer: Buffer.from('}'),
        isCompleted: true,
        requestTokensUsed: usage(3n),
      });
    };
    session.run(request(), sink);
    await sink.over;
    expect(sink.log).toEqual(['head 200 {', 'part } final 3']);
  });

  test.each([
    ['client.queryAnswerErrorEx', { errorCode: 602, error: 'client balance is too low: x' }, 'insufficient_balance'],
    [
      'client.queryAnswerError',
      { errorCode: 621, error: 'unknown model m', requestTokensUsed: usage(0n) },
      'model_not_found',
    ],
    [
      'client.queryAnswerPartError',
      { errorCode: 652, error: 'timeout in proxy', requestTokensUsed: usage(0n) },
      'timeout',
    ],
  ] as const)('%s ends the request, before and after its beginning (B1)', async (name, fields, code) => {
    for (const begun of [false, true]) {
      const sink = recorder();
      w.proxy.onRun = ({ requestId }, connection) => {
        if (begun)
          connection.send({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'text/event-stream') });
        connection.send({ _: name, requestId, ...fields } as TlObject);
      };
      session.run(request(), sink);
      await sink.over;
      expect(sink.log.at(-1)).toBe(`failed ${code}`);
    }
  });

  test.each([
    [
      'a part before the beginning',
      (requestId: Buffer): TlObject[] => [{ _: 'client.queryAnswerPartEx', requestId, answer: Buffer.from('x') }],
    ],
    [
      'two beginnings',
      (requestId: Buffer): TlObject[] =>
        Array(2).fill({ _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'a/b') }),
    ],
    [
      'a beginning that is no response',
      (requestId: Buffer): TlObject[] => [{ _: 'client.queryAnswerEx', requestId, answer: Buffer.from('junk') }],
    ],
    [
      'status 99',
      (requestId: Buffer): TlObject[] => [
        { _: 'client.queryAnswerEx', requestId, answer: httpResponse('', 'a/b', 99) },
      ],
    ],
  ])('%s fails that request, cancels it, and keeps the connection', async (_what, messages) => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) => {
      for (const message of messages(requestId)) connection.send(message);
    };
    const cancelled = w.proxy.next('client.cancelQuery');
    session.run(request(), sink);
    await sink.over;
    expect(sink.log.at(-1)).toBe('failed bad_upstream_answer');
    expect((await cancelled).requestId).toEqual(request().requestId);
    expect(session.ready).toBe(true);
  });

  test('negative token counts lower nothing', async () => {
    const sink = recorder();
    w.proxy.onRun = ({ requestId }, connection) =>
      void connection.send({
        _: 'client.queryAnswerEx',
        requestId,
        answer: httpResponse('{}', 'a/b'),
        finalInfo: finalInfo(-5n),
      });
    session.run(request(), sink);
    await sink.over;
    expect(sink.log).toEqual(['head 200 {} final 0']);
  });

  test('cancelling tells the proxy, and its late answer is dropped', async () => {
    const sink = recorder();
    const arrived = w.proxy.next('client.runQueryEx');
    const running = session.run(request(), sink);
    const { requestId } = await arrived;
    const told = w.proxy.next('client.cancelQuery');
    running.cancel();
    await told;
    w.proxy.connections[0]?.send({
      _: 'client.queryAnswerEx',
      requestId,
      answer: httpResponse('{}', 'a/b'),
      finalInfo: finalInfo(1n),
    });
    await session.models(); // answered after the late message has been read
    expect(sink.log).toEqual([]);
    expect(session.ready).toBe(true);
  });

  test('a connection that ends fails its requests at once (B28)', async () => {
    const sink = recorder();
    const arrived = w.proxy.next('client.runQueryEx');
    session.run(request(), sink);
    await arrived;
    w.proxy.connections[0]?.close();
    await sink.over;
    expect(sink.log).toEqual(['failed connection_lost']);
    expect(session.ready).toBe(false);
  });

  test('a request too large for a frame is told so, and the connection stays (B14)', async () => {
    const sink = recorder();
    session.run({ ...request(), payload: Buffer.alloc((16 << 20) + 1, 0x20) }, sink);
    await sink.over;
    expect(sink.log).toEqual(['failed body_too_large']);
    expect(session.ready).toBe(true);
  });

  test('payments raise the counters; lower or repeated ones change nothing', async () => {
    const channel = session.channel;
    const pay = (tokens: bigint, max: bigint) =>
      w.proxy.connections[0]?.send({
        _: 'proxy.clientRequestPayment',
        requestId: Buffer.alloc(32),
        signedPayment: w.proxy.voucher(tokens),
        dbTokens: max,
        maxTokens: max,
        requestTokens: 1n,
      });
    pay(10n, 20n);
    pay(5n, 15n);
    await session.models();
    expect([channel?.tokensSigned, channel?.tokensMax]).toEqual([10n, 20n]);
  });

  test('a voucher with a wrong signature ends the connection', async () => {
    const ended = w.proxy.nextClose();
    const voucher = w.proxy.voucher(10n);
    const data = Buffer.from(voucher.data);
    const i = data.length - 60;
    data[i] = (data[i] as number) ^ 1;
    w.proxy.connections[0]?.send({ _: 'proxy.signedPayment', data });
    await ended;
    expect(session.ready).toBe(false);
    expect(session.channel?.tokensSigned).toBe(0n);
  });

  test('a message that has no place here ends the connection, not the process', async () => {
    const sink = recorder();
    session.run(request(), sink);
    w.proxy.connections[0]?.send({ _: 'worker.newCoefficient', newCoefficient: 5 });
    await sink.over;
    expect(sink.log).toEqual(['failed connection_lost']);
  });
});
