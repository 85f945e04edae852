import { TonCode } from '@cocoon/sdk/errors';
import { encode } from '@cocoon/sdk/protocol/tl';
import { closeHarnesses, connected, json, question, started, usage } from './testing/connected';
import { contentChunk } from './testing/script-engine';

afterEach(closeHarnesses);

describe('worker with an engine in trouble', () => {
  it('answers 502 at once when the engine cannot be reached, and tells the proxy', async () => {
    const harness = await connected({ engine_probe_interval_ms: 60_000 });
    const { engine, proxy } = harness;
    await engine.stop();
    const answer = await proxy.run({ body: question }).answer;
    expect(answer.response?.statusCode).toBe(502);
    expect(json(answer).error).toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('connection refused'),
    });
    expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
    // Without waiting for the next round of the probe.
    await harness.until(() => proxy.disabled === true);
  });

  it('answers 502 when the engine dies between its headers and its body', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
      setImmediate(() => res.destroy());
    };
    const answer = await proxy.run({ body: { ...question, stream: true } }).answer;
    expect(answer.response?.statusCode).toBe(502);
  });

  it('ends a stream with an error at once when the engine dies in the middle of it', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(contentChunk('a', usage(3, 1)), () => res.destroy());
    };
    const answer = await proxy.run({ body: { ...question, stream: true } }).answer;
    expect(answer.response?.statusCode).toBe(200);
    expect(answer.error).toMatchObject({
      code: TonCode.failure,
      text: expect.stringContaining('before it was complete'),
    });
  });

  it('answers 502 when a whole answer breaks off', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      res.write('{"choices":', () => res.destroy());
    };
    const answer = await proxy.run({ body: question }).answer;
    expect(answer.response?.statusCode).toBe(502);
    expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
  });

  it('sends a request once more when the engine closed a kept connection under it', async () => {
    const { engine, proxy } = await connected();
    let first = true;
    engine.script = (res) => {
      if (first) res.destroy();
      else res.end('{"ok":1}');
      first = false;
    };
    expect((await proxy.run({ body: question }).answer).body.toString()).toBe('{"ok":1}');
    expect(engine.requests).toHaveLength(2);
  });

  it('passes garbage on as it is', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => void res.end('data: {"usage": {]\n\n<html>{{{');
    const answer = await proxy.run({ body: { ...question, stream: true } }).answer;
    expect(answer.body.toString()).toBe('data: {"usage": {]\n\n<html>{{{');
    expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
  });

  it('refuses an answer it cannot meter', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    };
    const answer = await proxy.run({ body: question }).answer;
    expect(answer.response?.statusCode).toBe(502);
    expect(engine.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('stops the engine and reports what was used when the time is up', async () => {
    const { engine, proxy } = await connected();
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(contentChunk('a', usage(3, 1)));
    };
    const answer = await proxy.run({ body: { ...question, stream: true }, timeout: 0.2 }).answer;
    expect(answer.error).toEqual({ code: TonCode.timeout, text: 'worker: timeout' });
    expect(answer.final?.tokensUsed.totalTokensUsed).toBe(11n);
    await engine.requests[0]?.aborted;
  });

  it('goes down and up with the engine', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    engine.modelsStatus = 500;
    await harness.until(() => proxy.disabled === true);
    expect((await proxy.run({ body: question }).answer).error).toMatchObject({ code: TonCode.notReady });
    const ready = await harness.http('/readyz');
    expect(ready).toMatchObject({
      status: 503,
      body: { ready: false, reasons: [expect.stringContaining('was answered 500')] },
    });
    engine.modelsStatus = 200;
    await harness.until(() => proxy.disabled === false);
    expect((await harness.http('/readyz')).status).toBe(200);
  });
});

describe('worker and cancel', () => {
  it('stops the engine and reports the tokens generated until then', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let n = 1; n <= 3; n++) res.write(contentChunk('a', usage(10, n)));
    };
    const { id, answer, progress } = proxy.run({ body: { ...question, stream: true } });
    await harness.until(() => progress.body.toString().split('data:').length === 4);
    proxy.send({ _: 'proxy.cancelQuery', requestId: id });
    const done = await answer;
    expect(done.error?.code).toBe(TonCode.cancelled);
    expect(done.final?.tokensUsed).toMatchObject({
      promptTokensUsed: 10n,
      completionTokensUsed: 24n,
      totalTokensUsed: 34n,
    });
    await engine.requests[0]?.aborted;
  });

  it('counts content chunks where the engine reports usage only at the end', async () => {
    const harness = await started();
    harness.engine.ownedBy = 'sglang';
    await harness.ready();
    const { engine, proxy } = harness;
    engine.script = (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let n = 1; n <= 3; n++) res.write(contentChunk('a'));
    };
    const { id, answer, progress } = proxy.run({ body: { ...question, stream: true } });
    await harness.until(() => progress.body.toString().split('data:').length === 4);
    proxy.send({ _: 'proxy.cancelQuery', requestId: id });
    expect((await answer).final?.tokensUsed.totalTokensUsed).toBe(24n);
  });

  it('costs nothing before anything was generated, and ignores cancels of what is over', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    engine.script = () => undefined;
    const { id, answer } = proxy.run({ body: question });
    await harness.until(() => engine.requests.length === 1);
    proxy.send({ _: 'proxy.cancelQuery', requestId: id });
    expect((await answer).final?.tokensUsed.totalTokensUsed).toBe(0n);
    proxy.send({ _: 'proxy.cancelQuery', requestId: id });
    engine.script = (res) => void res.end('{}');
    expect((await proxy.run({ body: question }).answer).response?.statusCode).toBe(200);
  });

  it('stops the engine when the proxy is gone (B28)', async () => {
    const harness = await connected();
    const { engine, proxy } = harness;
    engine.script = () => undefined;
    proxy.run({ body: question });
    await harness.until(() => engine.requests.length === 1);
    proxy.connection?.close();
    await engine.requests[0]?.aborted;
  });
});

describe('worker and a proxy that breaks the protocol', () => {
  it('ends the connection and comes back, whatever was wrong', async () => {
    const harness = await connected();
    const { proxy } = harness;
    const payment = { signedPayment: { _: 'proxy.signedPaymentEmpty' as const }, dbTokens: 0n, maxTokens: -1n };
    const wrong = [
      () => proxy.send({ _: 'client.queryAnswerEx', requestId: Buffer.alloc(32), answer: Buffer.alloc(0) }),
      () =>
        proxy.send({
          _: 'proxy.workerRequestPayment',
          requestId: Buffer.alloc(32),
          requestTokens: 1n,
          requestClientOwner: '',
          ...payment,
        }),
      () => proxy.send({ _: 'tcp.ping', id: 1n }),
    ];
    for (const [index, breakIt] of wrong.entries()) {
      const closed = new Promise((resolve) => proxy.once('closed', resolve));
      breakIt();
      await closed;
      await harness.ready(index + 2);
    }
    expect(proxy.closeReasons).toHaveLength(3);
  });

  it('answers a query that is no http.request with 400', async () => {
    const { proxy } = await connected();
    const run = proxy.run({ body: question });
    await run.answer;
    const requestId = Buffer.alloc(32, 5);
    const answered = new Promise<unknown>((resolve) => proxy.once('message', resolve));
    const rest = {
      signedPayment: { _: 'proxy.signedPaymentEmpty' as const },
      coefficient: 1000n,
      timeout: 5,
      requestId,
    };
    proxy.removeAllListeners('part');
    const failed = new Promise((resolve) => proxy.once('closed', resolve));
    proxy.send({ _: 'proxy.runQuery', query: encode({ _: 'tcp.ping', id: 1n }), ...rest });
    expect(await answered).toMatchObject({ _: 'proxy.queryAnswer', isCompleted: true, requestId });
    proxy.connection?.close();
    await failed;
  });
});
