import { Address, type Builder, beginCell, Cell } from '@ton/core';
import fc from 'fast-check';
import { CellFormatError, packRootData, parseRootData } from '../../wrappers';
import * as any from '../support/arbitraries';
import { mainnetAccount } from '../support/mainnet';

/** Roots of every layout that the live network has had, written here bit by bit and not by our own packers. */

const owner = Address.parseRaw(`0:${'5a'.repeat(32)}`);
const code = beginCell().storeUint(0xc0de, 16).endCell();

function paramsCell(structVersion: number, more: (builder: Builder) => Builder = (builder) => builder): Cell {
  const builder = beginCell().storeUint(structVersion, 8).storeUint(17, 32).storeUint(239, 32).storeBit(true);
  builder.storeCoins(20).storeCoins(19);
  if (structVersion >= 3) builder.storeUint(10_001, 32);
  if (structVersion >= 2) builder.storeUint(1000, 32);
  if (structVersion >= 3) builder.storeUint(80_001, 32);
  if (structVersion >= 2) builder.storeUint(80_002, 32);
  builder.storeUint(86_400, 32).storeUint(43_200, 32);
  if (structVersion >= 1) builder.storeCoins(15_000_000_001n).storeCoins(15_000_000_002n);
  builder.storeBit(true).storeRef(code).storeBit(false).storeBit(true).storeRef(code);
  return more(builder).endCell();
}

function rootCell(params: Cell, ...more: Cell[]): Cell {
  const registry = beginCell().storeBit(false).storeBit(false).storeUint(7, 32).storeBit(false).storeBit(false);
  const builder = beginCell().storeAddress(owner).storeUint(87, 32).storeRef(registry.endCell()).storeRef(params);
  for (const cell of more) builder.storeRef(cell);
  return builder.endCell();
}

/** What readers of the live network assume where a layout is older than the field. */
const expected = (structVersion: number) => ({
  structVersion,
  paramsVersion: 17,
  uniqueId: 239,
  isTest: true,
  pricePerToken: 20n,
  workerFeePerToken: 19n,
  promptMultiplier: structVersion >= 3 ? 10_001 : 10_000,
  cachedMultiplier: structVersion >= 2 ? 1000 : 10_000,
  completionMultiplier: structVersion >= 3 ? 80_001 : 10_000,
  reasoningMultiplier: structVersion >= 2 ? 80_002 : 10_000,
  proxyDelayBeforeClose: 86_400,
  clientDelayBeforeClose: 43_200,
  minProxyStake: structVersion >= 1 ? 15_000_000_001n : 1_000_000_000n,
  minClientStake: structVersion >= 1 ? 15_000_000_002n : 1_000_000_000n,
  workerCode: null,
});

describe('a root written by hand', () => {
  test.each([0, 1, 2, 3, 4])('of struct version %i is read, with defaults for what it does not have', (version) => {
    const cell = rootCell(paramsCell(version));
    const { params, ...rest } = parseRootData(cell);
    expect(params).toMatchObject(expected(version));
    expect([params.proxyCode?.equals(code), params.clientCode?.equals(code)]).toEqual([true, true]);
    expect(rest).toMatchObject({ version: 87, lastProxySeqno: 7, keyManager: null });
    expect(packRootData(parseRootData(cell)).equals(cell)).toBe(true);
  });

  test('with a third reference keeps it as it is, whatever it holds and whichever the struct version', () => {
    fc.assert(
      fc.property(any.cell, fc.constantFrom(3, 4), (third, version) => {
        const cell = rootCell(paramsCell(version), third);
        const parsed = parseRootData(cell);
        expect(parsed.keyManager?.equals(third)).toBe(true);
        expect(packRootData(parsed).equals(cell)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each([5, 6, 255])('of struct version %i is refused by that number', (version) => {
    const run = () => parseRootData(rootCell(paramsCell(version)));
    expect(run).toThrow(CellFormatError);
    expect(run).toThrow(`struct version ${version} is unknown (0 to 4 are known); this release is too old`);
  });

  test('with parameters that go on behind the known ones is refused: a layout nobody knows is not guessed', () => {
    for (const version of [0, 1, 2, 3, 4])
      expect(() => parseRootData(rootCell(paramsCell(version, (builder) => builder.storeBit(false))))).toThrow(
        'network parameters: 1 bits and 0 references left over',
      );
  });

  test('with a fourth reference, or cut short anywhere, is refused', () => {
    expect(() => parseRootData(rootCell(paramsCell(4), code, code))).toThrow('0 bits and 1 references left over');
    const { bits, refs } = paramsCell(4);
    for (let length = 0; length < bits.length; length++) {
      const cut = new Cell({ bits: bits.substring(0, length), refs });
      expect(() => parseRootData(rootCell(cut))).toThrow(CellFormatError);
    }
  });
});

describe('any root', () => {
  test.each([0, 1, 2, 3, 4])('of struct version %i survives packing and parsing', (structVersion) => {
    fc.assert(
      fc.property(any.rootData, (random) => {
        const cell = packRootData({ ...random, params: { ...random.params, structVersion } });
        const parsed = parseRootData(cell);
        expect(packRootData(parsed).equals(cell)).toBe(true);
        expect(parsed).toMatchObject({ version: random.version, lastProxySeqno: random.lastProxySeqno });
        expect([...parsed.registeredProxies].sort()).toEqual([...random.registeredProxies].sort());
        expect(parsed.modelHashes).toEqual(random.modelHashes);
        expect(parsed.params.minClientStake).toBe(structVersion >= 1 ? random.params.minClientStake : 1_000_000_000n);
      }),
      { numRuns: 25 },
    );
  });
});

test('the live root, with its parameters’ version changed to 4 and the third reference of today, reads as before', () => {
  const { data } = mainnetAccount('root');
  const before = parseRootData(data);
  const [registry, params] = data.refs;
  const four = beginCell()
    .storeUint(4, 8)
    .storeBits(params!.bits.substring(8, params!.bits.length - 8));
  for (const ref of params!.refs) four.storeRef(ref);
  // On chain since 2026: 521 bits, all zero.
  const keys = beginCell().storeUint(0, 256).storeUint(0, 256).storeUint(0, 9).endCell();
  const today = beginCell().storeBits(data.bits).storeRef(registry!).storeRef(four).storeRef(keys).endCell();
  const after = parseRootData(today);
  expect(after.params.structVersion).toBe(4);
  expect(after.keyManager?.equals(keys)).toBe(true);
  const asBefore = { ...after, params: { ...after.params, structVersion: 3 }, keyManager: null };
  expect(packRootData(asBefore).equals(data)).toBe(true);
  expect(before.params.completionMultiplier).toBe(80_000);
});
