import { beginCell, type Cell, Dictionary, type Slice } from '@ton/core';
import { parsing } from '../../wrappers';
import type { daoGas } from '../generated/dao-gas';
import { TimeRangeError } from './errors';

/** What the operations of the DAO cost, from the prices of a config and measured gas. All results in nanoTON. */

/** Prices of the basechain: config parameters 18, 21 and 25. */
export interface ChainPrices {
  /** nanoTON per gas unit times 2^16 */
  gasPrice: bigint;
  /** gas that flatGasPrice buys; less is charged as much */
  flatGasLimit: bigint;
  /** nanoTON */
  flatGasPrice: bigint;
  /** nanoTON per message */
  lumpPrice: bigint;
  /** nanoTON per bit times 2^16 */
  bitPrice: bigint;
  /** nanoTON per cell times 2^16 */
  cellPrice: bigint;
  /** nanoTON per cell and second times 2^16 */
  cellPricePerSecond: bigint;
  /** nanoTON per bit and second times 2^16 */
  bitPricePerSecond: bigint;
}

/** Reads the prices out of a config: the dictionary of all parameters. @throws CellFormatError */
export function chainPrices(config: Cell): ChainPrices {
  return parsing('config', () => {
    const params = config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
    const param = (id: number): Slice => {
      const cell = params.get(id);
      if (cell === undefined) throw new Error(`parameter ${id} is missing`);
      return cell.beginParse();
    };
    const gas = param(21).skip(TAG_BITS);
    const [flatGasLimit, flatGasPrice] = [gas.loadUintBig(64), gas.loadUintBig(64)];
    const gasPrice = gas.skip(TAG_BITS).loadUintBig(64);
    const forward = param(25).skip(TAG_BITS);
    const [lumpPrice, bitPrice, cellPrice] = [
      forward.loadUintBig(64),
      forward.loadUintBig(64),
      forward.loadUintBig(64),
    ];
    const rents = param(18).loadDictDirect(
      Dictionary.Keys.Uint(32),
      Dictionary.Values.BitString(TAG_BITS + 32 + 4 * 64),
    );
    const newest = rents.get(Math.max(...rents.keys()));
    if (newest === undefined) throw new Error('parameter 18 has no prices');
    const rent = beginCell()
      .storeBits(newest)
      .endCell()
      .beginParse()
      .skip(TAG_BITS + 32);
    const [bitPricePerSecond, cellPricePerSecond] = [rent.loadUintBig(64), rent.loadUintBig(64)];
    const prices = { gasPrice, flatGasLimit, flatGasPrice, lumpPrice, bitPrice, cellPrice };
    return { ...prices, bitPricePerSecond, cellPricePerSecond };
  });
}

/** Each structure of prices starts with a tag. */
const TAG_BITS = 8;

/** Size of a message beside its root cell, or of what is stored. */
export interface Size {
  cells: number;
  bits: number;
}

/** As bench/gas/dao.json names what it measured. */
export type DaoOperation = keyof typeof daoGas;

/** What an operation takes in all contracts that it runs through, by measurement. */
export interface OperationCost {
  /** gas units, in all */
  gas: number;
  /** without the member's own message, which the wallet pays for */
  messages: readonly Size[];
}

const SHIFT = 16n;

function rounded(amount: bigint): bigint {
  return (amount + (1n << SHIFT) - 1n) >> SHIFT;
}

export function gasFee(prices: ChainPrices, gas: number): bigint {
  const units = BigInt(gas);
  if (units <= prices.flatGasLimit) return prices.flatGasPrice;
  return prices.flatGasPrice + rounded(prices.gasPrice * (units - prices.flatGasLimit));
}

export function forwardFee(prices: ChainPrices, { cells, bits }: Size): bigint {
  return prices.lumpPrice + rounded(prices.bitPrice * BigInt(bits) + prices.cellPrice * BigInt(cells));
}

export function storageFee(prices: ChainPrices, { cells, bits }: Size, seconds: number): bigint {
  if (!(seconds >= 0)) throw new TimeRangeError(`${seconds} is no span of seconds`);
  const perSecond = prices.cellPricePerSecond * BigInt(cells) + prices.bitPricePerSecond * BigInt(bits);
  return rounded(perSecond * BigInt(Math.ceil(seconds)));
}

export interface FeeEstimate {
  gas: bigint;
  forward: bigint;
  total: bigint;
}

/** Dictionaries that are fuller than in the measurement take a little more gas. */
const MARGIN = { of: 11n, per: 10n };

/** What an operation costs in gas and messages; coins that move and rent are apart. */
export function estimateFee(prices: ChainPrices, cost: OperationCost): FeeEstimate {
  const gas = gasFee(prices, Number((BigInt(cost.gas) * MARGIN.of) / MARGIN.per));
  const forward = cost.messages.reduce((sum, size) => sum + forwardFee(prices, size), 0n);
  return { gas, forward, total: gas + forward };
}

/** Rent of a proposal, which its maker pays beside the bond. @param payload size of the whole payload */
export function proposalRent(prices: ChainPrices, own: Size, payload: Size, seconds: number): bigint {
  return storageFee(prices, { cells: own.cells + payload.cells, bits: own.bits + payload.bits }, seconds);
}
