import { createHash } from 'node:crypto';
import { Address } from '@ton/core';
import {
  checkHeader,
  checkHeaders,
  checkStatusLine,
  endToEndHeaders,
  findHeader,
  HttpMessageError,
  httpHeader,
  sendableHeaders,
  withoutHeaders,
} from './http';
import {
  formatProxyText,
  modelBaseName,
  modelHash,
  ProxyTextError,
  parseProxyText,
  registeredProxies,
} from './root-config';
import { AddressTextError, isTlAddressOf, parseTlAddress, tlAddress } from './tl-address';
import { MAX_PROTO, negotiate } from './versions';

const address = Address.parse('EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k');

describe('addresses in TL', () => {
  test('are 48 characters, not bounceable, with the testnet flag as configured', () => {
    expect(tlAddress(address, false)).toBe('UQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU-Ah');
    expect(tlAddress(address, true)).toMatch(/^0Q[\w-]{46}$/);
  });

  test('any form of the same address is the same contract', () => {
    for (const text of [
      tlAddress(address, false),
      tlAddress(address, true),
      address.toString(),
      address.toRawString(),
    ]) {
      expect(isTlAddressOf(text, address)).toBe(true);
      expect(parseTlAddress('owner', text).equals(address)).toBe(true);
    }
  });

  test('another hash or workchain, or no address, is not', () => {
    expect(isTlAddressOf(new Address(-1, address.hash).toString(), address)).toBe(false);
    expect(isTlAddressOf('hello', address)).toBe(false);
    expect(isTlAddressOf(`${tlAddress(address, false).slice(0, 47)}x`, address)).toBe(false);
    expect(() => parseTlAddress('client_owner_address', 'x'.repeat(500))).toThrow(AddressTextError);
    expect(() => parseTlAddress('client_owner_address', 'hello')).toThrow(
      /^client_owner_address: "hello" is not a TON address/,
    );
  });
});

describe('registered proxies', () => {
  test('one address serves both roles, two are workers then clients', () => {
    const workers = { host: '10.0.0.1', port: 11001 };
    const clients = { host: '10.0.0.2', port: 11002 };
    expect(parseProxyText('10.0.0.1:11001')).toEqual({ workers, clients: workers });
    expect(parseProxyText('[10.0.0.1]:11001 10.0.0.2:11002')).toEqual({ workers, clients });
    expect(parseProxyText(formatProxyText(workers, clients))).toEqual({ workers, clients });
    expect(formatProxyText(workers)).toBe('10.0.0.1:11001');
  });

  test.each([
    '',
    '10.0.0.1',
    '10.0.0:1',
    '10.0.0.256:1',
    '10.0.0.01:1',
    'host:1',
    '::1:80',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:1 b',
    '1.1.1.1:1 2.2.2.2:2 3.3.3.3:3',
    '10.0.0.1:+1',
    '[10.0.0.1:1',
  ])('refuses "%s"', (text) => {
    expect(() => parseProxyText(text)).toThrow(ProxyTextError);
  });

  test('a bad entry is skipped with its reason, the others stay, in order', () => {
    const { proxies, skipped } = registeredProxies(
      new Map([
        [3, '1.1.1.1:3'],
        [1, 'nonsense'],
        [2, '1.1.1.1:2'],
      ]),
    );
    expect(proxies.map(({ seqno }) => seqno)).toEqual([2, 3]);
    expect(skipped).toEqual([{ seqno: 1, reason: expect.any(ProxyTextError) }]);
    expect(skipped[0]!.reason.message).toContain('nonsense');
  });

  test('a model is known by the hash of its whole name and asked for by its base', () => {
    const model = 'org/base@commit:verity';
    expect(modelHash(model)).toEqual(createHash('sha256').update(model).digest());
    expect(modelBaseName(model)).toBe('org/base');
    expect(modelBaseName('plain')).toBe('plain');
  });
});

describe('versions', () => {
  test.each<[string, number | undefined, number | undefined, number | undefined, number | undefined]>([
    ['the live range', 1, 2, undefined, 2],
    ['our own range', 1, MAX_PROTO, undefined, MAX_PROTO],
    ['a later peer that still knows ours', 2, 9, undefined, MAX_PROTO],
    ['a later peer that does not', MAX_PROTO + 1, 9, undefined, undefined],
    ['no range where 0 will not do', undefined, undefined, undefined, undefined],
    ['no range where 0 will do', undefined, undefined, 0, 0],
    ['an empty range', 2, 1, 0, undefined],
    ['a negative range', -5, -1, 0, undefined],
    ['no number', Number.NaN, 2, 0, undefined],
  ])('%s', (_, min, max, minimum, version) => {
    expect(negotiate(min, max, minimum)).toBe(version);
  });
});

describe('HTTP messages (B15)', () => {
  const headers = [
    httpHeader('CONTENT-length', '3'),
    httpHeader('Transfer-Encoding', 'chunked'),
    httpHeader('Connection', 'close, X-Hop'),
    httpHeader('x-hop', '1'),
    httpHeader('KEEP-ALIVE', 'timeout=5'),
    httpHeader('Content-Type', 'text/event-stream'),
    httpHeader('Set-Cookie', 'a'),
    httpHeader('Set-Cookie', 'b'),
  ];

  test('names are compared without case', () => {
    expect(findHeader(headers, 'content-LENGTH')).toBe('3');
    expect(findHeader(headers, 'absent')).toBeUndefined();
    expect(withoutHeaders(headers, ['SET-cookie'])).toHaveLength(6);
  });

  test('only end-to-end headers travel on, repeated ones all of them', () => {
    expect(endToEndHeaders(headers).map(({ name }) => name)).toEqual(['Content-Type', 'Set-Cookie', 'Set-Cookie']);
  });

  test.each([
    ['a line feed', 'x', 'a\nb'],
    ['a carriage return', 'x', 'a\rb'],
    ['a null', 'x', 'a\0b'],
    ['a name with a space', 'x y', 'a'],
    ['a name with a line break', 'x\r\ny', 'a'],
    ['no name', '', 'a'],
  ])('refuses %s in a header', (_, name, value) => {
    expect(() => checkHeader(name, value)).toThrow(HttpMessageError);
    expect(() => checkHeaders([httpHeader(name, value)])).toThrow(HttpMessageError);
    expect(sendableHeaders([...headers, httpHeader(name, value)])).toEqual(headers);
  });

  test('values may have tabs and other languages', () => {
    expect(() => checkHeader('x', 'a\tb é')).not.toThrow();
  });

  test.each([
    ['HTTP/2', 200],
    ['HTTP/1.1', 101],
    ['HTTP/1.1', 99],
    ['HTTP/1.1', 600],
    ['HTTP/1.1\r\nx: y', 200],
  ])('refuses the status line %j %d', (version, status) => {
    expect(() => checkStatusLine(version, status)).toThrow(HttpMessageError);
  });

  test('an ordinary status line passes', () => {
    expect(() => checkStatusLine('HTTP/1.1', 404)).not.toThrow();
  });
});
