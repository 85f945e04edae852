import { MAINNET_TERMS } from '@cocoon/sdk/networks';
import { tokensUsed } from '@cocoon/sdk/protocol/metering';
import fc from 'fast-check';
import { Meter, type MeterOptions } from './index';
import { MAX_VALUE_BYTES } from './splitter';

function meter(options: Partial<MeterOptions> = {}): Meter {
  return new Meter({
    contentType: 'text/event-stream; charset=utf-8',
    adjust: (usage) => tokensUsed(usage, 1000, MAINNET_TERMS),
    pricePerToken: MAINNET_TERMS.pricePerToken,
    hideChunkUsage: false,
    ...options,
  });
}

function run(
  body: Buffer,
  cuts: readonly number[],
  options: Partial<MeterOptions> = {},
): { out: string; meter: Meter } {
  const one = meter(options);
  const pieces: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    pieces.push(one.push(body.subarray(at, cut)));
    at = cut;
  }
  pieces.push(one.push(body.subarray(at)), one.end());
  return { out: Buffer.concat(pieces).toString('latin1'), meter: one };
}

const chunk = (text: string) =>
  `data: {"id":"c1", "object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}],"usage":null}\n\n`;
const usage =
  '"usage":{"prompt_tokens":40,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":1}}';
/** prompt 24, cached 16 × 0.1 = 1, completion 2 × 8, reasoning 1 × 8 */
const COSTS = { prompt_total_cost: 25 * 20, completion_total_cost: 24 * 20, total_cost: 49 * 20 };
const COST_TEXT = '"prompt_total_cost":500,"completion_total_cost":480,"total_cost":980';
const SSE = `: hello\n\n${chunk('Grüße, ')}${chunk('мир 🌍 "{[\\')}event: message\nid: 7\n${chunk('!')}data: {"choices":[],${usage},"b":1e2, "a":1.50}\n\ndata: [DONE]\n\n`;
const SSE_METERED = SSE.replace('"reasoning_tokens":1}}', `"reasoning_tokens":1},${COST_TEXT}}`);

describe('meter of server-sent events', () => {
  it('counts usage, adds its cost in nanoTON and leaves every other byte as it came (B3, B16)', () => {
    const { out, meter: used } = run(Buffer.from(SSE), []);
    expect(out).toBe(Buffer.from(SSE_METERED).toString('latin1'));
    expect(used.used()).toEqual({ prompt: 24n, cached: 1n, completion: 16n, reasoning: 8n, total: 49n });
    expect(used.reported).toBe(true);
    const event = out.split('\n').find((line) => line.includes('total_cost'));
    expect(JSON.parse((event ?? '').slice(6)).usage).toMatchObject(COSTS);
  });

  it('gives the same bytes and counts when the body is cut at any byte, line ends of all kinds', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const body = Buffer.from(SSE.replaceAll('\n', end));
      const whole = run(body, []);
      for (let cut = 0; cut <= body.length; cut++) {
        const cutOnce = run(body, [cut]);
        expect(cutOnce.out).toBe(whole.out);
        expect(cutOnce.meter.used()).toEqual(whole.meter.used());
      }
    }
  });

  it('gives the same bytes and counts when the body arrives in any number of pieces', () => {
    const body = Buffer.from(SSE);
    const expected = run(body, []);
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 40 }), (cuts) => {
        const cut = run(body, cuts);
        expect(cut.out).toBe(expected.out);
        expect(cut.meter.used()).toEqual(expected.meter.used());
      }),
    );
    expect(run(body, [...body.keys()]).out).toBe(expected.out);
  });

  it('passes each event on as soon as its line has ended, without waiting for the next', () => {
    const one = meter();
    const event = Buffer.from(chunk('a'));
    expect(one.push(event.subarray(0, 20))).toHaveLength(0);
    expect(one.push(event.subarray(20)).equals(event)).toBe(true);
  });

  it('does not copy a chunk in which nothing changes', () => {
    const event = Buffer.from(chunk('a') + chunk('b'));
    const out = meter().push(event);
    expect(out.buffer).toBe(event.buffer);
    expect(out.byteOffset).toBe(event.byteOffset);
  });

  it('reads JSON that is spread over several data lines, and keeps it so unless it must be changed', () => {
    const plain = 'data: {"choices":\ndata: [{"delta":{"content":"a"}}]\nid: 3\ndata: }\n\n';
    expect(run(Buffer.from(plain), []).out).toBe(plain);
    const reported = 'data: {"usage":{\r\nid: 3\r\ndata: "completion_tokens":2}\r\ndata: }\r\n\r\n';
    const { out, meter: used } = run(Buffer.from(reported), []);
    expect(used.used().completion).toBe(16n);
    const [first, second] = out.split('\r\n');
    expect(JSON.parse((first ?? '').slice(6)).usage.total_cost).toBe(320);
    expect(second).toBe('id: 3');
    expect(out.endsWith('\r\n\r\n')).toBe(true);
  });

  it('counts usage in a stream whose last line has no end', () => {
    const { out, meter: used } = run(Buffer.from('data: {"usage":{"completion_tokens":2}}'), []);
    expect(used.used().total).toBe(16n);
    expect(out).toContain('"total_cost":320');
  });

  it('finds the usage behind a broken event, also when events are not separated by blank lines', () => {
    const body = `data: {broken\ndata: {"usage":{"completion_tokens":5}}\n\n`;
    const { out, meter: used } = run(Buffer.from(body), []);
    expect(out).toBe(body);
    expect(used.used().completion).toBe(40n);
  });

  it('hides usage that this worker, not the app, asked to see with every chunk', () => {
    const withUsage = (n: number) =>
      `data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":4,"completion_tokens":${n}}}\n\n`;
    const body = `${withUsage(1)}${withUsage(2)}data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}\n\n`;
    const { out, meter: used } = run(Buffer.from(body), [], { hideChunkUsage: true });
    const hidden = 'data: {"choices":[{"delta":{"content":"x"}}],"usage":null}\n\n';
    expect(out.startsWith(hidden + hidden)).toBe(true);
    expect(out).toContain('"completion_tokens":2,"prompt_total_cost":80,"completion_total_cost":320,"total_cost":400}');
    expect(used.used().total).toBe(20n);
  });

  it('knows after each chunk what an abort at this moment costs', () => {
    const one = meter({ hideChunkUsage: true });
    for (let n = 1; n <= 3; n++) {
      one.push(
        Buffer.from(
          `data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":10,"completion_tokens":${n}}}\n\n`,
        ),
      );
      expect(one.used().total).toBe(10n + 8n * BigInt(n));
    }
  });

  it('counts content chunks of an engine that reports no usage, so that its answers are not free', () => {
    const role = 'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n';
    const tool = 'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}},{"delta":{"reasoning_content":"hm"}}]}\n\n';
    const text = 'data: {"choices":[{"text":"a"}]}\n\n';
    const { out, meter: used } = run(Buffer.from(role + tool + text), []);
    expect(out).toBe(role + tool + text);
    expect(used.reported).toBe(false);
    expect(used.rawUsage()).toEqual({ promptTokens: 0, cachedTokens: 0, completionTokens: 3, reasoningTokens: 0 });
  });

  it('never loses, adds or reorders a byte of a body that reports no usage, whatever it is (fuzz)', () => {
    const line = fc.oneof(
      fc.string(),
      fc.json().map((json) => `data: ${json}`),
      fc.json(),
      fc.constantFrom('data:', 'data: {', 'data: }', '{', '}', ']', '"', '\\', ': c', '\ufeff', 'data: [DONE]'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r', ''))),
        fc.array(fc.nat(300), { maxLength: 10 }),
        fc.constantFrom(undefined, 'text/event-stream', 'application/json', 'text/html'),
        (lines, cuts, contentType) => {
          const body = Buffer.from(lines.map((parts) => parts.join('')).join(''));
          fc.pre(!body.includes('"usage"'));
          expect(
            run(
              body,
              cuts.map((cut) => cut % (body.length + 1)),
              { contentType },
            ).out,
          ).toBe(body.toString('latin1'));
        },
      ),
    );
  });

  it('takes any bytes without failing (fuzz)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, cuts) => {
        const body = Buffer.from(bytes);
        expect(
          run(
            body,
            cuts.map((cut) => cut % (body.length + 1)),
          ).out,
        ).toBe(body.toString('latin1'));
      }),
    );
  });

  it('ends with an error when a line outgrows what the protocol could carry', () => {
    const one = meter();
    const part = Buffer.alloc(1 << 20, 'a');
    expect(() => {
      for (let size = 0; size <= MAX_VALUE_BYTES; size += part.length) one.push(part);
    }).toThrow('more than');
  });
});

describe('meter of JSON bodies', () => {
  const body = `{\n  "b": 1.0, "a": "}{\\"",\n  "choices": [{"message": {"content": "Grüße 🌍"}}],\n  ${usage},\n  "z": 1e400\n}\n`;
  const metered = body.replace('"reasoning_tokens":1}}', `"reasoning_tokens":1},${COST_TEXT}}`);

  it('adds the cost to one object cut at any byte, and keeps its formatting (B16)', () => {
    const bytes = Buffer.from(body);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { out, meter: used } = run(bytes, [cut], { contentType: 'application/json' });
      expect(out).toBe(Buffer.from(metered).toString('latin1'));
      expect(used.used().total).toBe(49n);
    }
  });

  it('meters newline-delimited and directly concatenated values under any content type, the largest number counts', () => {
    const values = [
      '{"usage":{"prompt_tokens":8}}',
      '{"usage":{"completion_tokens":2,"reasoning_tokens":1}}',
      '{"usage":{"completion_tokens":1}}',
    ];
    for (const separator of ['\n', '', ' ']) {
      for (const contentType of [undefined, 'text/plain', 'text/event-stream', 'application/x-ndjson']) {
        const { out, meter: used } = run(Buffer.from(`  ${values.join(separator)}`), [3, 40], { contentType });
        expect(used.rawUsage()).toEqual({ promptTokens: 8, cachedTokens: 0, completionTokens: 2, reasoningTokens: 1 });
        expect(out.match(/total_cost/g)).toHaveLength(9);
      }
    }
  });

  it('passes each value on when it is complete', () => {
    const one = meter({ contentType: 'application/json' });
    expect(one.push(Buffer.from('{"a":')).length).toBe(0);
    expect(one.push(Buffer.from('1}\n{"b":2')).toString()).toBe('{"a":1}\n');
    expect(one.end().toString()).toBe('{"b":2');
  });

  it.each([
    ['a bare number', '42'],
    ['a bare string', '"{"'],
    ['half a value', '{"usage":{"completion_tokens":2}'],
    ['an array', '[{"usage":{"completion_tokens":2}}]'],
    ['HTML', "<html>it's {broken</html>"],
    ['nothing', ''],
    ['a number behind an object', '{} 7'],
  ])('passes %s through as it is', (_name, text) => {
    const { out, meter: used } = run(Buffer.from(text), [], { contentType: 'application/json' });
    expect(out).toBe(text);
    expect(used.used().total).toBe(0n);
  });

  it.each([
    ['negative', '{"usage":{"completion_tokens":-5}}'],
    ['fractional', '{"usage":{"completion_tokens":1.5}}'],
    ['of another type', '{"usage":{"completion_tokens":"7","prompt_tokens":null,"prompt_tokens_details":[]}}'],
    ['too large to be meant', '{"usage":{"completion_tokens":1e18}}'],
    ['empty', '{"usage":{}}'],
  ])('counts usage that is %s as nothing', (_name, text) => {
    const { out, meter: used } = run(Buffer.from(text), [], { contentType: 'application/json' });
    expect(used.used().total).toBe(0n);
    expect(JSON.parse(out).usage.total_cost).toBe(0);
  });

  it('replaces cost fields an engine set itself, and reads the last of two usage members as parsers do', () => {
    const text = '{"usage":{"completion_tokens":9},"usage":{ "total_cost": 1, "completion_tokens":1 }}';
    const { out } = run(Buffer.from(text), [], { contentType: 'application/json' });
    expect(JSON.parse(out).usage).toEqual({
      completion_tokens: 1,
      prompt_total_cost: 0,
      completion_total_cost: 160,
      total_cost: 160,
    });
    expect(out.match(/"total_cost"/g)).toHaveLength(1);
  });

  it('never takes more cached than prompt or more reasoning than completion tokens', () => {
    const text =
      '{"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":10},"completion_tokens":1,"reasoning_tokens":50}}';
    const { meter: used } = run(Buffer.from(text), [], { contentType: 'application/json' });
    expect(used.used()).toEqual({ prompt: 0n, cached: 0n, completion: 0n, reasoning: 8n, total: 8n });
  });

  it('looks at every byte once: a value that arrives byte by byte costs no more than one that arrives whole', () => {
    const text = `{"choices":[{"message":{"content":"${'x'.repeat(200_000)}"}}]}`;
    const { out } = run(Buffer.from(text), [...Buffer.from(text).keys()], { contentType: 'application/json' });
    expect(out).toBe(text);
  });
});
