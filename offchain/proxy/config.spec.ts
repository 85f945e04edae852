import pino from 'pino';
import { ConfigError } from '../node/config';
import { parseProxyConfig } from './config';

const key = Buffer.alloc(32, 1).toString('base64');
const address = `0:${'11'.repeat(32)}`;
const good = {
  is_test: true,
  http_port: 0,
  workers_rpc_port: 0,
  client_rpc_port: 0,
  owner_address: address,
  root_contract_address: address,
  node_wallet_key: key,
  machine_specific_private_key: key,
  db_path: '/tmp/x.sqlite',
  ton_endpoint: 'http://127.0.0.1:1/api/v2/jsonRPC',
};
const logged = () => {
  const lines: string[] = [];
  return { lines, logger: pino({}, { write: (line: string) => void lines.push(line) }) };
};

describe('proxy configuration', () => {
  it('takes the live network keys and fills in the rest', () => {
    const { lines, logger } = logged();
    const config = parseProxyConfig(
      { ...good, is_testnet: true, payout_threshold_nano: '20000000000000000000' },
      logger,
    );
    expect(lines).toEqual([]);
    expect(config).toMatchObject({
      http_host: '127.0.0.1',
      charge_threshold_nano: 1_000_000_000n,
      payout_threshold_nano: 20_000_000_000_000_000_000n,
    });
    expect(config.owner_address.toRawString()).toBe(address);
    expect(config.node_wallet_key).toHaveLength(32);
  });

  it('warns about keys it does not know', () => {
    const { lines, logger } = logged();
    parseProxyConfig({ ...good, htpp_port: 1, '@type': 'proxyRunner.config' }, logger);
    expect(lines).toEqual([expect.stringContaining('unknown configuration key \\"htpp_port\\" is ignored')]);
  });

  it.each([
    ['http_port', { http_port: 70_000 }],
    ['owner_address', { owner_address: 'EQnot' }],
    ['node_wallet_key', { node_wallet_key: 'c2hvcnQ=' }],
    ['db_path', { db_path: '' }],
    ['ton_endpoint', { ton_endpoint: 'nowhere' }],
    ['is_test', { is_test: 'yes' }],
    ['is_testnet', { is_test: false, is_testnet: true }],
    ['commit_max_ms', { commit_min_ms: 10, commit_max_ms: 5 }],
    ['rpc_host', { rpc_host: '0.0.0.0' }],
    ['transport', { is_test: false, transport: 'plain' }],
    ['transport', { check_worker_hashes: true, transport: 'plain' }],
    ['pow_difficulty', { pow_difficulty: -1 }],
  ])('names %s when it is wrong, in one line and without its value when that is a secret', (name, more) => {
    const parse = () => parseProxyConfig({ ...good, ...more }, logged().logger);
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(`"${name}"`);
    expect(parse).not.toThrow(/\n|c2hvcnQ=/);
  });
});
