import { inspect } from 'node:util';
import { JsonError, parseSecretJson } from './json';

describe('parseSecretJson', () => {
  it('parses JSON', () => {
    expect(parseSecretJson('{"a": [1]}')).toEqual({ a: [1] });
  });

  it.each([
    '{"node_wallet_key": "s3cr3t", x}',
    's3cr3t',
    '{"key": s3cr3t}',
    '{"key": "s3cr3t',
    '{"key": "s3cr3t" "b"}',
    '',
  ])('quotes nothing of %j when it is damaged', (text) => {
    let error: unknown;
    try {
      parseSecretJson(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(JsonError);
    expect(inspect(error)).not.toContain('s3cr');
  });

  it('says where the mistake is when the parser knows', () => {
    expect(() => parseSecretJson('{\n"a" 1}')).toThrow('it is no valid JSON at position 6 (line 2 column 5)');
  });
});
