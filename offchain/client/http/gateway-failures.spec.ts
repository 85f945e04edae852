import { connect } from 'node:net';
import { ManualClock } from '../../transport/testing/manual-clock';
import { connectionLost, fromPeerError } from '../errors';
import { ask, expectOpenAiError, send } from '../testing/gateway-calls';
import { startGateway } from '../testing/start-gateway';

describe('a request that does not go well', () => {
  test('the time limit is kept by a timer of the gateway, before and during an answer', async () => {
    const clock = new ManualClock();
    const gateway = await startGateway({ clock });
    const body = JSON.stringify({ model: 'm', messages: [], timeout: 5, stream: true });
    try {
      gateway.upstream.script = () => undefined;
      const arrived = gateway.upstream.nextRun();
      const waiting = send(gateway, { body });
      const first = await arrived;
      clock.advance(4999);
      expect(first.cancelled).toBe(false);
      clock.advance(1);
      expect(first.cancelled).toBe(true);
      const late = await waiting;
      expect(late.status).toBe(504);
      expect(expectOpenAiError(late).code).toBe('timeout');

      const again = gateway.upstream.nextRun();
      const streaming = send(gateway, { body });
      const second = await again;
      second.startStream();
      second.chunk('one');
      clock.advance(5000);
      const cut = await streaming;
      expect(cut.status).toBe(200);
      expect(cut.text).toContain('"one"');
      expect(cut.text).not.toContain('[DONE]');
      const last = cut.text.trim().split('\n\n').at(-1) as string;
      expect(expectOpenAiError({ text: last.replace(/^data: /, '') }).code).toBe('timeout');
    } finally {
      const closing = gateway.close();
      clock.advance(2000);
      await closing;
    }
  });

  test('an upstream that dies ends the request at every stage, once', async () => {
    const gateway = await startGateway();
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    try {
      for (let stage = 0; stage < 4; stage++) {
        gateway.upstream.script = (run) => {
          if (stage > 0) run.startStream();
          for (let i = 1; i < stage; i++) run.chunk(`chunk ${i}`);
          run.sink.failed(connectionLost());
          run.chunk('after the end');
          run.endStream();
        };
        const reply = await send(gateway, { body });
        expect(reply.status).toBe(stage === 0 ? 502 : 200);
        expect(reply.text).toContain('connection_lost');
        expect(reply.text).not.toContain('after the end');
        expect(reply.text).not.toContain('[DONE]');
      }
      expect(gateway.metrics.active).toBe(0);
      expect(gateway.metrics.stats().failed?.[0]).toBe(4);
    } finally {
      await gateway.close();
    }
  });

  test('answers in the wrong order are a failure of that request only', async () => {
    const gateway = await startGateway();
    try {
      gateway.upstream.script = (run) => run.chunk('no beginning');
      expect(await send(gateway, { body: ask })).toMatchObject({ status: 502 });
      gateway.upstream.script = (run) => {
        run.sink.head({ status: 200, reason: '', headers: [], payload: Buffer.from('{') }, undefined);
        run.startStream();
      };
      expect(await send(gateway, { body: ask })).toMatchObject({ status: 502 });
      expect(gateway.upstream.runs.every((run) => run.cancelled)).toBe(true);
    } finally {
      await gateway.close();
    }
  });

  test('a caller who does not read is let go when its backlog is full; the memory stays bounded', async () => {
    const gateway = await startGateway({ config: { max_backlog_bytes: 1 << 20 } });
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    try {
      const arrived = gateway.upstream.nextRun();
      const cancelled = gateway.upstream.nextCancel();
      gateway.upstream.script = (run) => run.startStream();
      socket.pause();
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const run = await arrived;
      const megabyte = 'x'.repeat(256 << 10);
      let sent = 0;
      while (!run.cancelled && sent < 1000) {
        run.chunk(megabyte);
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await cancelled;
      // Kernel buffers take a few MiB, the gateway one.
      expect(sent * 256).toBeLessThan(32 << 10);
      expect(gateway.metrics.active).toBe(0);
    } finally {
      socket.destroy();
      await gateway.close();
    }
  });

  test('a slow reader still gets the whole answer', async () => {
    const gateway = await startGateway({ config: { max_backlog_bytes: 32 << 20 } });
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    try {
      const words = Array.from({ length: 40 }, (_, i) => `${i}:${'y'.repeat(100_000)}`);
      gateway.upstream.script = (run) => {
        run.startStream();
        for (const word of words) run.chunk(word);
        run.endStream();
      };
      const reply = await send(gateway, { body });
      const chunks = reply.text.trim().split('\n\n');
      expect(chunks).toHaveLength(words.length + 1);
      expect(chunks.at(-1)).toBe('data: [DONE]');
    } finally {
      await gateway.close();
    }
  });

  test('spend limits: what could cost too much is not sent, and what was reserved comes back', async () => {
    // 100 output tokens at x8, coefficient 1: 800 adjusted tokens, plus the body's bytes, at 20 nanoTON.
    const gateway = await startGateway({ limits: { perRequest: 20_000n, perDay: 40_000n } });
    const body = (maxTokens: number) =>
      JSON.stringify({ model: 'm', messages: [], max_tokens: maxTokens, max_coefficient: 1000 });
    try {
      const dear = await send(gateway, { body: body(1000) });
      expect(dear.status).toBe(402);
      expect(expectOpenAiError(dear)).toMatchObject({
        code: 'spend_limit_reached',
        param: 'max_spend_per_request_nano',
      });
      expect(gateway.upstream.runs).toHaveLength(0);

      gateway.upstream.script = (run) => run.answerJson({}, { tokens: 10n });
      for (let i = 1; i <= 5; i++) {
        expect((await send(gateway, { body: body(100) })).status).toBe(200);
        expect(gateway.spend.spentToday).toBe(BigInt(i) * 200n);
      }
      gateway.upstream.script = (run) => run.sink.failed(connectionLost());
      await send(gateway, { body: body(100) });
      expect(gateway.spend.spentToday).toBeGreaterThan(17_000n); // it may have been charged: stays reserved
      await send(gateway, { body: body(100) });
      expect(gateway.spend.spentToday).toBeGreaterThan(34_000n);
      const over = await send(gateway, { body: body(100) });
      expect(expectOpenAiError(over).param).toBe('max_spend_per_day_nano');
    } finally {
      await gateway.close();
    }
  });

  test('a failure that used tokens counts them; one that used none gives everything back', async () => {
    const gateway = await startGateway({ limits: { perDay: 10_000_000n } });
    const refusal = fromPeerError(602, 'something broke', 'm');
    try {
      gateway.upstream.script = (run) => run.sink.failed(refusal, 0n);
      await send(gateway, { body: ask });
      expect(gateway.spend.spentToday).toBe(0n);
      gateway.upstream.script = (run) => run.sink.failed(refusal, 7n);
      await send(gateway, { body: ask });
      expect(gateway.spend.spentToday).toBe(140n);
    } finally {
      await gateway.close();
    }
  });

  test('closing ends running requests with an error, then the listener', async () => {
    const gateway = await startGateway();
    gateway.upstream.script = () => undefined;
    const arrived = gateway.upstream.nextRun();
    const waiting = send(gateway, { body: ask });
    await arrived;
    await gateway.close();
    const reply = await waiting;
    expect(reply.status).toBe(503);
    expect(expectOpenAiError(reply).code).toBe('shutting_down');
    expect(gateway.upstream.runs[0]?.cancelled).toBe(true);
  });
});
