import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { ConfigError } from '../node/config';
import { parseConfig } from './config';
import { WALLET } from './testing/fake-network';
import { silentLogger } from './testing/start-gateway';

const minimal = {
  owner_address: WALLET.toString(),
  root_contract_address: WALLET.toRawString(),
  node_wallet_key: Buffer.alloc(32, 1).toString('base64'),
  ton_endpoint: 'http://127.0.0.1:1/api/v2/jsonRPC',
};

describe('the configuration', () => {
  test('the least that is needed, and safe defaults', () => {
    expect(parseConfig(minimal, silentLogger)).toMatchObject({
      http_host: '127.0.0.1',
      http_port: 10_000,
      is_test: false,
      proxy_connections: 1,
      max_tokens: 1000,
      max_coefficient: 4000,
      http_access_hash: '',
      cors_origins: [],
      apiKeys: [],
    });
  });

  test.each([
    ['owner_address', undefined, 'required'],
    ['owner_address', 'nonsense', 'TON address'],
    ['root_contract_address', 5, ''],
    ['node_wallet_key', 'c2hvcnQ=', '32-byte'],
    ['ton_endpoint', 'ftp://x', 'http(s) URL'],
    ['ton_endpoint', undefined, 'required'],
    ['http_port', 70_000, ''],
    ['http_port', '10,000', ''],
    ['proxy_connections', 0, ''],
    ['max_spend_per_day_nano', -5, ''],
    ['max_spend_per_request_nano', '1.5', 'whole number'],
    ['request_timeout_s', 100_000, ''],
    ['ton_api_key_file', '/does/not/exist', 'does not exist'],
    ['api_keys_file', '/does/not/exist', 'does not exist'],
    ['connect_to_proxy_via', 'router', 'an IP address and a port'],
    ['transport', 'clear', ''],
    ['policy', 'sgx', ''],
  ])('%s = %p is an error that names the key', (key, value, text) => {
    const run = () => parseConfig({ ...minimal, [key]: value }, silentLogger);
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(`"${key}"`);
    expect(run).toThrow(text);
  });

  test('a key nobody knows is a warning', () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    parseConfig({ ...minimal, 'http-port': 1, ton_config_filename: 'x', rpc_port: 10_001 }, logger);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('http-port');
  });

  test('keys come from the configuration and from a file, comments left out', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cocoon-config-')), 'keys');
    writeFileSync(file, '# for the app\nkey-one\n\n  key-two  \n');
    expect(parseConfig({ ...minimal, api_key: 'key-zero', api_keys_file: file }, silentLogger).apiKeys).toEqual([
      'key-zero',
      'key-one',
      'key-two',
    ]);
    writeFileSync(file, '# none\n');
    expect(() => parseConfig({ ...minimal, api_keys_file: file }, silentLogger)).toThrow('api_keys_file');
  });

  test('amounts may be numbers or texts', () => {
    const config = parseConfig(
      {
        ...minimal,
        max_spend_per_day_nano: '123456789012345678901',
        max_spend_per_request_nano: 5,
        min_backed_stake_nano: 0,
      },
      silentLogger,
    );
    expect(config.min_backed_stake_nano).toBe(0n);
    expect(config.max_spend_per_day_nano).toBe(123456789012345678901n);
    expect(config.max_spend_per_request_nano).toBe(5n);
  });

  test.each([null, [], 'text', 5])('%p is no configuration', (input) => {
    expect(() => parseConfig(input, silentLogger)).toThrow(ConfigError);
  });
});
