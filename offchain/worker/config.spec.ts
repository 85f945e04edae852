import pino from 'pino';
import { ConfigError } from '../node/config';
import { ManualClock } from '../transport/testing/manual-clock';
import { parseConfig } from './config';
import { parseTarget } from './forward';
import { Price } from './price';

const owner = `0:${'11'.repeat(32)}`;
const least = {
  owner_address: owner,
  model_name: 'm@c:v',
  root_contract_address: owner,
  node_wallet_key: Buffer.alloc(32).toString('base64'),
  forward_requests_to: '127.0.0.1:8000',
  ton_endpoint: 'http://127.0.0.1:1/api/v2/jsonRPC',
};
const silent = pino({ level: 'silent' });

describe('configuration of a worker', () => {
  it('fills in what the live worker assumes', () => {
    expect(parseConfig(least, silent)).toMatchObject({
      http_port: 12_000,
      http_host: '127.0.0.1',
      coefficient: 1000,
      proxy_connections: 1,
      max_active_requests: 200,
      baseModel: 'm',
      target: { origin: 'http://127.0.0.1:8000', prefix: '' },
      payout_threshold_nano: 10_000_000_000n,
      idle_payout_threshold_nano: 200_000_000n,
    });
  });

  it('warns about a key that nobody knows, and goes on', () => {
    const lines: string[] = [];
    parseConfig(
      { ...least, coeficient: 1, '@type': 'workerRunner.config' },
      pino({}, { write: (line: string) => lines.push(line) }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('unknown configuration key \\"coeficient\\"');
  });

  it.each([
    ['owner_address', undefined, 'is required and missing'],
    ['owner_address', 'x', 'must be a TON address'],
    ['node_wallet_key', 'c2hvcnQ=', '32-byte Ed25519 seed'],
    ['model_name', '@c', 'nothing before the "@"'],
    ['model_name', 'a b', 'printable characters'],
    ['coefficient', -1, ''],
    ['coefficient', 1_000_000_000, ''],
    ['http_port', 70_000, ''],
    ['forward_requests_to', 'ftp://x', 'host:port'],
    ['forward_requests_to', 'http://u:p@h', 'host:port'],
    ['ton_endpoint', 'nonsense', 'toncenter'],
    ['connect_to_proxy_via', '127.0.0.1:99999', 'an IP address and a port'],
    ['max_pow_difficulty', 65, ''],
    ['engine_api_key_file', '/no/such/file', 'does not exist'],
    ['payout_threshold_nano', '1.5', 'nanoTON'],
  ])('refuses %s = %j and names the key', (key, value, text) => {
    const input = Object.fromEntries(
      Object.entries({ ...least, [key]: value }).filter(([, item]) => item !== undefined),
    );
    const attempt = () => parseConfig(input, silent);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(new RegExp(`"${key}".*${text}`));
  });

  it('refuses what is no object', () => {
    for (const input of [null, [], 'x', 1]) expect(() => parseConfig(input, silent)).toThrow('must be a JSON object');
  });

  it.each([
    ['localhost', 'http://localhost', ''],
    ['10.0.0.1:8000', 'http://10.0.0.1:8000', ''],
    ['http://h:1/', 'http://h:1', ''],
    ['http://h:1/v1', 'http://h:1', ''],
    ['https://h/llm/v1/', 'https://h', '/llm'],
    ['https://h/a/b', 'https://h', '/a/b'],
  ])('reads forward_requests_to %s', (text, origin, prefix) => {
    expect(parseTarget(text)).toEqual({ origin, prefix });
  });
});

describe('price of a worker', () => {
  it('may be used for a minute after it was replaced, and not longer', () => {
    const clock = new ManualClock();
    const price = new Price(1000, clock);
    price.change(2000);
    clock.advance(59_000);
    price.change(3000);
    expect([1000, 2000, 3000, 4000].map((one) => price.isAnnounced(one))).toEqual([true, true, true, false]);
    clock.advance(2000);
    expect([1000, 2000, 3000].map((one) => price.isAnnounced(one))).toEqual([false, true, true]);
    clock.advance(60_000);
    expect([1000, 2000, 3000].map((one) => price.isAnnounced(one))).toEqual([false, false, true]);
    expect(price.current).toBe(3000);
  });
});
