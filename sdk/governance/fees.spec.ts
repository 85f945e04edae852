import { beginCell } from '@ton/core';
import measured from '../../bench/gas/dao.json';
import { configAt, gasFee as gasFeeAt } from '../../tests/support/price-sets';
import { CellFormatError } from '../../wrappers';
import { chainPrices, type DaoOperation, estimateFee, forwardFee, gasFee, proposalRent, storageFee } from './fees';
import { operationCost } from './operation-costs';

const prices = chainPrices(configAt('current'));

test('prices are read out of a config', () => {
  for (const gas of [1, 100, 101, 12_345]) expect(gasFee(prices, gas)).toBe(gasFeeAt(configAt('current'), BigInt(gas)));
  // governance.md, fact 9: 66 667 nanoTON per message, 66.67 per bit, 6 666.67 per cell; 0.000065 TON per cell and year.
  expect(forwardFee(prices, { cells: 0, bits: 0 })).toBe(66_667n);
  expect(forwardFee(prices, { cells: 3, bits: 300 })).toBeGreaterThan(66_667n + 20_000n + 19_999n);
  const year = storageFee(prices, { cells: 1_000, bits: 0 }, 365 * 86_400);
  expect(year).toBeGreaterThan(64_000_000n);
  expect(year).toBeLessThan(66_000_000n);
  expect(() => chainPrices(beginCell().endCell())).toThrow(CellFormatError);
});

test('an operation costs its gas, with a tenth more for fuller dictionaries, and its messages', () => {
  const sizes = [
    { cells: 2, bits: 900 },
    { cells: 0, bits: 450 },
  ];
  const fee = estimateFee(prices, { gas: 31_000, messages: sizes });
  expect(fee.gas).toBe(gasFee(prices, 34_100));
  expect(fee.forward).toBe(forwardFee(prices, sizes[0]!) + forwardFee(prices, sizes[1]!));
  expect(fee.total).toBe(fee.gas + fee.forward);
});

test.each(Object.entries(measured.operations))(
  '%s: gas and messages are what was paid',
  (name, { totalGas, feesNano }) => {
    const { messages } = operationCost(name as DaoOperation);
    const paid = gasFee(prices, totalGas) + messages.reduce((sum, size) => sum + forwardFee(prices, size), 0n);
    expect(Number(paid) / Number(feesNano)).toBeGreaterThan(0.98);
    expect(Number(paid) / Number(feesNano)).toBeLessThan(1.05);
  },
);

test('rent grows with the payload and the time, and time does not run backwards', () => {
  const own = { cells: 130, bits: 90_000 };
  const small = proposalRent(prices, own, { cells: 10, bits: 0 }, 86_400);
  expect(proposalRent(prices, own, { cells: 1_000, bits: 0 }, 86_400)).toBeGreaterThan(small);
  expect(proposalRent(prices, own, { cells: 10, bits: 0 }, 2 * 86_400)).toBeGreaterThan(small);
  expect(() => proposalRent(prices, own, own, -1)).toThrow('no span');
});
