import fc from 'fast-check';
import { GatewayError } from './errors';
import { editMembers, scanMembers } from './json-edit';
import { type InferencePath, prepareRequest, type RequestDefaults } from './request-body';

const defaults: RequestDefaults = { maxTokens: 1000, maxCoefficient: 4000, timeoutS: 120, maxTimeoutS: 3600 };
const CHAT: InferencePath = '/v1/chat/completions';
const TEXT: InferencePath = '/v1/completions';

function chat(extra: string): ReturnType<typeof prepareRequest> {
  return prepareRequest(Buffer.from(`{"model":"m","messages":[]${extra}}`), CHAT, defaults);
}
const forwarded = (prepared: { payload: Buffer }) => prepared.payload.toString();

describe('the forwarded body', () => {
  test('keeps key order, number texts, big integers and nested spacing (B16)', () => {
    const body =
      '{"z":1.0,"model":"m","seed":12345678901234567890,"messages":[ {"b" : 1e3, "a":[]} ],"max_tokens":5,"timeout":3}';
    const prepared = prepareRequest(Buffer.from(body), CHAT, defaults);
    expect(forwarded(prepared)).toBe(
      '{"z":1.0,"model":"m","seed":12345678901234567890,"messages":[ {"b" : 1e3, "a":[]} ],"max_tokens":5}',
    );
    expect(prepared.timeoutS).toBe(3);
  });

  test('is the very same bytes when there is nothing to change', () => {
    const body = Buffer.from('{ "model" : "m", "messages":[], "max_tokens": 7 }');
    expect(prepareRequest(body, CHAT, defaults).payload).toBe(body);
  });

  test('gets the default limit that is reserved, so that the model cannot use more', () => {
    const prepared = chat('');
    expect(prepared.maxTokens).toBe(1000);
    expect(JSON.parse(forwarded(prepared))).toEqual({ model: 'm', messages: [], max_tokens: 1000 });
  });

  test.each([
    [',"max_tokens":null', { max_tokens: 1000 }, 1000],
    [',"max_completion_tokens":null', { max_tokens: 1000 }, 1000],
    [',"max_tokens":9,"max_completion_tokens":4', { max_completion_tokens: 4 }, 4],
    [',"max_tokens":9', { max_tokens: 9 }, 9],
    [',"max_tokens":0', { max_tokens: 0 }, 0],
    [',"max_tokens":10,"n":3', { max_tokens: 10, n: 3 }, 30],
  ])('limits %s', (extra, fields, reserved) => {
    const prepared = chat(extra);
    expect(JSON.parse(forwarded(prepared))).toEqual({ model: 'm', messages: [], ...fields });
    expect(prepared.maxTokens).toBe(reserved);
  });

  test('completions: every prompt and choice may use the limit', () => {
    const reserved = (json: string) => prepareRequest(Buffer.from(json), TEXT, defaults).maxTokens;
    expect(reserved('{"model":"m","prompt":"a","max_tokens":10}')).toBe(10);
    expect(reserved('{"model":"m","prompt":["a","b"],"max_tokens":10,"n":2,"best_of":5}')).toBe(100);
    expect(reserved('{"model":"m","prompt":[1,2,3],"max_tokens":10}')).toBe(10);
    expect(reserved('{"model":"m","prompt":[[1,2],[3]],"max_tokens":10}')).toBe(20);
  });

  test('fields for the gateway are taken out', () => {
    const prepared = chat(
      ',"max_coefficient":1500,"timeout":2.5,"enable_debug":true,"request_guid":"g","stream":true,"max_tokens":1',
    );
    expect(JSON.parse(forwarded(prepared))).toEqual({ model: 'm', messages: [], stream: true, max_tokens: 1 });
    expect(prepared).toMatchObject({
      model: 'm',
      maxCoefficient: 1500,
      timeoutS: 2.5,
      enableDebug: true,
      requestGuid: 'g',
      stream: true,
    });
  });
});

describe('values out of bounds are refused, the field named (B7)', () => {
  test.each([
    ['max_tokens', '-1'],
    ['max_tokens', '2147483648'],
    ['max_tokens', '1.5'],
    ['max_tokens', '"5"'],
    ['max_tokens', '1e400'],
    ['max_completion_tokens', '-7'],
    ['max_coefficient', '-1'],
    ['max_coefficient', '1000000000'],
    ['n', '0'],
    ['n', '-3'],
    ['best_of', '0.5'],
    ['timeout', '0'],
    ['timeout', '-5'],
    ['timeout', '3601'],
    ['timeout', '"1"'],
    ['stream', '"true"'],
    ['enable_debug', '1'],
    ['request_guid', '5'],
  ])('%s = %s', (field, value) => {
    const error = refusal(() => chat(`,"${field}":${value}`));
    expect(error).toMatchObject({ status: 400, param: field });
  });

  test('a limit times choices that does not fit the protocol', () => {
    expect(refusal(() => chat(',"max_tokens":2147483647,"n":2'))).toMatchObject({ code: 'max_tokens_too_large' });
  });

  test.each([
    ['', 'empty_body'],
    ['{', 'invalid_json'],
    ['[]', 'invalid_json'],
    ['"text"', 'invalid_json'],
    ['null', 'invalid_json'],
    ['{"messages":[]}', 'invalid_model'],
    ['{"model":"","messages":[]}', 'invalid_model'],
    ['{"model":5,"messages":[]}', 'invalid_model'],
    ['{"model":"m"}', 'invalid_messages'],
    ['{"model":"m","messages":"hi"}', 'invalid_messages'],
    ['{"model":"m","messages":[],"max_tokens":1,"max_tokens":100000}', 'duplicate_field'],
    ['{"model":"m","messages":[],"max_tokens":1,"max_\\u0074okens":100000}', 'duplicate_field'],
  ])('body %s', (body, code) => {
    expect(refusal(() => prepareRequest(Buffer.from(body), CHAT, defaults))).toMatchObject({ status: 400, code });
  });

  test('bytes that are no UTF-8', () => {
    const body = Buffer.concat([
      Buffer.from('{"model":"m","messages":["'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"]}'),
    ]);
    expect(refusal(() => prepareRequest(body, CHAT, defaults))).toMatchObject({ code: 'invalid_encoding' });
  });
});

describe('the JSON editor', () => {
  const odd = fc.constantFrom('"', '\\', '\\"', '{', '}', 'a,b', '__proto__', 'ünï');
  const object = fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), odd), fc.jsonValue({ maxDepth: 3 }), {
    maxKeys: 8,
  });

  test('removing and adding members gives the text of the object without and with them', () => {
    fc.assert(
      fc.property(object, fc.array(fc.nat(10)), (value, removed) => {
        const text = JSON.stringify(value);
        const members = scanMembers(text);
        // Compared as texts: Node 24.21's JSON.parse is no oracle for keys with escapes.
        expect(members.map((member) => member.key)).toEqual(Object.keys(value));
        const remove = new Set(removed.map((i) => members[i]?.key).filter((name) => name !== undefined));
        const edited = editMembers(text, members, remove, new Map([['new "key"', '[1]']]));
        const kept = Object.entries(value).filter(([name]) => !remove.has(name));
        const pieces = [...kept, ['new "key"', [1]]].map(
          ([name, item]) => `${JSON.stringify(name)}:${JSON.stringify(item)}`,
        );
        expect(edited).toBe(`{${pieces.join(',')}}`);
      }),
      { numRuns: 300 },
    );
  });

  test('spacing of any kind does not confuse it', () => {
    const plain = fc.dictionary(fc.stringMatching(/^[a-z{}":,]*$/), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 });
    fc.assert(
      fc.property(plain, fc.constantFrom(1, 3, '\t'), (value, indent) => {
        const text = `\n ${JSON.stringify(value, null, indent)}\t`;
        const edited = editMembers(text, scanMembers(text), new Set(), new Map([['n', '[1]']]));
        const expected = { ...value, n: [1] };
        expect(Object.entries(JSON.parse(edited as string) as object)).toHaveLength(Object.keys(expected).length);
        expect(
          scanMembers(edited as string)
            .map(({ key }) => key)
            .sort(),
        ).toEqual(Object.keys(expected).sort());
      }),
      { numRuns: 300 },
    );
  });

  test('keys written with escapes are the keys they stand for', () => {
    const prepared = chat(',"\\u006e":3,"max_t\\u006fkens":5');
    expect(prepared.maxTokens).toBe(15);
    expect(refusal(() => chat(',"max_t\\u006fkens":-5'))).toMatchObject({ param: 'max_tokens' });
  });

  test('a long run of backslashes takes linear time', () => {
    const text = JSON.stringify({ a: '\\"'.repeat(200_000), model: 'm' });
    const started = performance.now();
    expect(scanMembers(text).map((member) => member.key)).toEqual(['a', 'model']);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
