import fc from 'fast-check';
import { parseGlobalConfig } from './global-config';

const key = Buffer.alloc(32, 5);
const server = { ip: 1097649206, port: 29296, id: { '@type': 'pub.ed25519', key: key.toString('base64') } };
const zeroState = { workchain: -1, shard: '-9223372036854775808', seqno: 0, file_hash: key.toString('base64') };
const parse = (value: unknown) => parseGlobalConfig(JSON.stringify(value));

describe('the network configuration', () => {
  it('gives its lite servers and what tells the network apart', () => {
    const whole = { '@type': 'config.global', dht: {}, liteservers: [server], validator: { zero_state: zeroState } };
    expect(parse(whole)).toEqual({
      servers: [{ host: '65.108.204.54', port: 29296, key }],
      zeroState: key,
    });
  });

  it('may have addresses as negative numbers or as text, and no zero state', () => {
    const liteservers = [
      { ...server, ip: -1185526007 },
      { ...server, ip: '10.0.0.1' },
    ];
    const { servers, zeroState: none } = parse({ liteservers });
    expect(servers.map(({ host }) => host)).toEqual(['185.86.79.9', '10.0.0.1']);
    expect(none).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['without lite servers', { liteservers: [] }, /^liteservers: lists no lite server/],
    ['with a name for an address', { liteservers: [{ ...server, ip: 'localhost' }] }, /^liteservers\.0\.ip: /],
    ['with port 0', { liteservers: [{ ...server, port: 0 }] }, /^liteservers\.0\.port: /],
    ['with a short key', { liteservers: [{ ...server, id: { key: 'AAAA' } }] }, /id\.key: must be 32 bytes in base64/],
    ['that is a list', [], /^it: /],
  ])('%s is refused by the place that is wrong', (_what, value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it('that is any JSON, or none, is read or refused with one line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseGlobalConfig(text);
        } catch (error) {
          expect((error as Error).constructor).toBe(Error);
        }
      }),
    );
  });
});
