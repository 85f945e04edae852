import { toNano } from '@ton/core';
import { type Parser, parse } from '../../scripts/lib/arguments';
import { parseArguments, usageLine } from '../../scripts/lib/script';

const usage = { name: 'test', summary: 'tests', keys: ['kind=a|b', 'amount'] };

describe('arguments', () => {
  it('are key=value, with what all scripts take', () => {
    const args = parseArguments(usage, ['kind=a', 'amount=1=2', 'dryRun=true']);
    expect(args.get('amount', parse.text)).toBe('1=2');
    expect(args.flag('dryRun')).toBe(true);
    expect(args.flag('force')).toBe(false);
    expect(args.get('other', parse.text)).toBeUndefined();
  });

  it('are shown as one line', () => {
    expect(usageLine(usage)).toBe(
      'blueprint run test [kind=a|b] [amount=…] [yes=true] [dryRun=true] [force=true]: tests',
    );
  });

  it.each([
    [['nothing'], '"nothing" is not key=value. Usage: blueprint run test'],
    [['kinds=a'], 'Unknown argument kinds. Usage: blueprint run test'],
    [['kind=a', 'kind=b'], 'kind is given twice.'],
  ])('%j is refused', (args, message) => {
    expect(() => parseArguments(usage, args)).toThrow(message);
  });

  it('of a script that sends nothing have no yes, dryRun or force', () => {
    expect(() => parseArguments({ ...usage, readOnly: true }, ['yes=true'])).toThrow('Unknown argument yes.');
  });
});

describe('values', () => {
  it.each<[Parser<unknown>, string, unknown]>([
    [parse.ton, '15', toNano('15')],
    [parse.ton, '0.000000001', 1n],
    [parse.ton, '0', 0n],
    [parse.price, '20', 20n],
    [parse.whole, '4294967295', 4_294_967_295],
    [parse.hash, `0x${'AB'.repeat(32)}`, Buffer.alloc(32, 0xab)],
    [parse.hash, Buffer.alloc(32, 0xab).toString('base64'), Buffer.alloc(32, 0xab)],
    [parse.endpoint, '1.2.3.4:1  1.2.3.4:2', '1.2.3.4:1 1.2.3.4:2'],
  ])('are read: %# %s', (parser, text, value) => {
    expect(parser(text, 'key')).toEqual(value);
  });

  it.each<[Parser<unknown>, string, string]>([
    [parse.ton, '-1', 'key=-1: expected an amount in TON'],
    [parse.ton, '1.0000000001', 'expected an amount in TON'],
    [parse.ton, '1e3', 'expected an amount in TON'],
    [parse.ton, '15000000000n', 'expected an amount in TON'],
    [parse.ton, '1000001', 'amounts are in TON, not nanoTON'],
    [parse.price, '0.5', 'expected a price in whole nanoTON per token'],
    [parse.whole, '4294967296', 'expected a whole number from 0 to 4294967295'],
    [parse.whole, '', 'expected a whole number'],
    [parse.flag, 'yes', 'key=yes: expected true or false.'],
    [parse.hash, 'abcd', 'expected 32 bytes as 64 hex digits or base64'],
    [parse.text, ' ', 'key= is empty.'],
    [parse.endpoint, 'host:1', '"host" is not an IPv4 address; expected "ip:port"'],
    [parse.address, 'EQ', 'EQ is no address'],
    [parse.oneOf(['a', 'b']), 'c', 'key=c: expected a or b.'],
  ])('are refused by the name of the key: %# %s', (parser, text, message) => {
    expect(() => parser(text, 'key')).toThrow(message);
  });
});
