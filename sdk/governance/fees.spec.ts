import { beginCell } from '@ton/core';
import { configAt, gasFee as gasFeeAt } from '../../tests/support/price-sets';
import { CellFormatError } from '../../wrappers';
import { chainPrices, type DaoGas, estimateFee, forwardFee, gasFee, proposalRent, storageFee } from './fees';

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

test('an operation costs its gas and its messages', () => {
  const costs: DaoGas = {
    vote: {
      gas: 31_000,
      messages: [
        { cells: 2, bits: 900 },
        { cells: 0, bits: 450 },
      ],
    },
  };
  const fee = estimateFee(prices, costs, 'vote')!;
  expect(fee.gas).toBe(gasFee(prices, 31_000));
  expect(fee.forward).toBe(forwardFee(prices, { cells: 2, bits: 900 }) + forwardFee(prices, { cells: 0, bits: 450 }));
  expect(fee.total).toBe(fee.gas + fee.forward);
});

test('what has not been measured is not guessed', () => {
  expect(estimateFee(prices, {}, 'execute')).toBeUndefined();
});

test('rent grows with the payload and the time, and time does not run backwards', () => {
  const own = { cells: 130, bits: 90_000 };
  const small = proposalRent(prices, own, { cells: 10, bits: 0 }, 86_400);
  expect(proposalRent(prices, own, { cells: 1_000, bits: 0 }, 86_400)).toBeGreaterThan(small);
  expect(proposalRent(prices, own, { cells: 10, bits: 0 }, 2 * 86_400)).toBeGreaterThan(small);
  expect(() => proposalRent(prices, own, own, -1)).toThrow('no span');
});
