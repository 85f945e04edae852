import { MAINNET_TERMS } from '@cocoon/sdk/networks';
import { tokensUsed } from '@cocoon/sdk/protocol/metering';
import { encode } from '@cocoon/sdk/protocol/tl';
import pino from 'pino';
import { ManualClock } from '../transport/testing/manual-clock';
import type { AnswerWriter, Final } from './answer-writer';
import type { AnswerHandler, EngineCall, EngineClient } from './forward';
import { type QueryResult, RunningQuery } from './running-query';
import { testParams } from './testing/fake-chain';

/** Everything around one request, moved by hand. */
function setUp(stream: boolean, contentType = stream ? 'text/event-stream' : 'application/json') {
  const log: string[] = [];
  const sent: { bytes: Buffer; final: Final | undefined }[] = [];
  const results: QueryResult[] = [];
  let handler: AnswerHandler | undefined;
  let drain: { resolve(): void; reject(error: Error): void } | undefined;
  const state = { writable: true };
  const call: EngineCall = {
    abort: () => log.push('abort'),
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
  };
  const writer: AnswerWriter = {
    head: ({ payload }, final) => sent.push({ bytes: payload, final }),
    part: (bytes, final) => sent.push({ bytes, final }),
    error: (code, _text, final) => {
      log.push(`error ${code}`);
      sent.push({ bytes: Buffer.alloc(0), final });
    },
  };
  const clock = new ManualClock();
  const query = new RunningQuery({
    engine: {
      target: { origin: 'http://engine' },
      post: (_path: string, _headers: Record<string, string>, _body: Buffer, given: AnswerHandler) => {
        handler = given;
        return call;
      },
    } as unknown as EngineClient,
    engineKind: 'vllm',
    model: 'm',
    apiKey: undefined,
    clock,
    logger: pino({ level: 'silent' }),
    pricePerToken: MAINNET_TERMS.pricePerToken,
    adjust: (usage) => tokensUsed(usage, 1000, testParams()),
    writer,
    writable: () => state.writable,
    drained: () => new Promise((resolve, reject) => (drain = { resolve, reject })),
    onEnd: (result) => results.push(result),
    onUnreportedUsage: () => log.push('unreported'),
  });
  const payload = Buffer.from(JSON.stringify({ model: 'm', stream }));
  const request = { method: 'POST', url: '/v1/completions', httpVersion: 'HTTP/1.1', headers: [], payload };
  query.start({ query: encode({ _: 'http.request', ...request }), timeoutS: 10 });
  if (handler === undefined) throw new Error('the engine was not asked');
  handler.head(200, 'OK', { 'content-type': contentType });
  return { query, engine: handler, log, sent, results, state, clock, drain: () => drain };
}

const event = Buffer.from('data: {"choices":[{"text":"a"}]}\n\n');

describe('running query', () => {
  it('reads no more from the engine while the proxy does not read, and goes on when it does', async () => {
    const { engine, log, state, drain } = setUp(true);
    engine.data(event);
    await Promise.resolve();
    expect(log).toEqual([]);
    state.writable = false;
    engine.data(event);
    engine.data(event);
    await Promise.resolve();
    expect(log).toEqual(['pause']);
    state.writable = true;
    drain()?.resolve();
    await Promise.resolve();
    expect(log).toEqual(['pause', 'resume']);
  });

  it('does not pass off a web page as an answer', () => {
    const { engine, log, sent, results } = setUp(true, 'text/html; charset=utf-8');
    engine.data(Buffer.from('<html>Please log in</html>'));
    engine.end();
    expect(log).toEqual(['abort']);
    expect(JSON.parse(sent[0]?.bytes.toString() ?? '')).toMatchObject({
      error: { code: 'engine_unavailable', message: expect.stringContaining('http://engine answered with text/html') },
    });
    expect(results).toMatchObject([{ outcome: 'engine_failed', used: { total: 0n } }]);
    expect(sent).toHaveLength(1);
  });

  it('passes on in one message what came in one turn, and alone what came alone', async () => {
    const { engine, sent } = setUp(true);
    engine.data(event);
    engine.data(event);
    expect(sent).toHaveLength(0);
    await Promise.resolve();
    engine.data(event);
    await Promise.resolve();
    engine.data(event);
    engine.end();
    expect(sent.map(({ bytes, final }) => [bytes.length / event.length, final !== undefined])).toEqual([
      [2, false],
      [1, false],
      [1, true],
    ]);
  });

  it('ends once, whatever comes after its end', () => {
    const { query, engine, log, sent, results, clock } = setUp(true);
    engine.data(event);
    engine.end();
    const before = sent.length;
    query.cancel();
    query.connectionLost();
    engine.data(event);
    engine.end();
    clock.advance(60_000);
    expect(sent).toHaveLength(before);
    expect(results).toMatchObject([{ outcome: 'completed', used: { total: 8n } }]);
    expect(log).toEqual(['unreported']);
    expect(sent.filter(({ final }) => final !== undefined)).toHaveLength(1);
  });

  it('is over after 95 % of the time it was given, with what was used', () => {
    const { engine, log, results, clock } = setUp(true);
    engine.data(event);
    clock.advance(9499);
    expect(results).toHaveLength(0);
    clock.advance(1);
    expect(log).toEqual(['abort', 'error 652']);
    expect(results).toMatchObject([{ outcome: 'timeout', durationMs: 9500, used: { total: 8n } }]);
  });

  it('tells nobody when the connection is lost, and stops the engine', async () => {
    const { query, engine, log, sent, results } = setUp(true);
    engine.data(event);
    await Promise.resolve();
    query.connectionLost();
    expect(log).toEqual(['abort']);
    expect(sent).toHaveLength(1);
    expect(results).toMatchObject([{ outcome: 'connection_lost' }]);
  });

  it('ends with an error when a line of the engine outgrows the protocol', () => {
    const { engine, log, results, sent } = setUp(true);
    engine.data(event);
    for (let size = 0; size <= 17; size++) engine.data(Buffer.alloc(1 << 20, 'x'));
    expect(log).toEqual(['abort', 'error 601']);
    expect(results).toMatchObject([{ outcome: 'engine_failed' }]);
    expect(sent).toHaveLength(2);
  });
});
